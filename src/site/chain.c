/* The bars of the chain under the names pages and figures give them. */
#include "site/chain.h"
#include "base/memory.h"
#include "site/show.h"
#include <string.h>

static const chain_bar bars[] = {
    {"data", "data", BAR_DATA, offsetof(record_chain, data)},
    {"data_window", "data window", BAR_DATA, offsetof(record_chain, data_window)},
    {"single_token", "single token", BAR_SEARCH, offsetof(record_chain, single_token)},
    {"free", "free vectors", BAR_NO_TEXT, offsetof(record_chain, free)},
    {"projected", "nearest tokens", BAR_SEARCH, offsetof(record_chain, projected)},
    {"relaxed", "mixtures", BAR_NO_TEXT, offsetof(record_chain, relaxed)},
    {"cold", "cold", BAR_SEARCH, offsetof(record_chain, cold)},
    {"warm", "warm", BAR_SEARCH, offsetof(record_chain, warm)},
    {"fluent", "fluent", BAR_SEARCH, offsetof(record_chain, fluent)},
};

const chain_bar *chain_bars(int *n)
{
    *n = COUNT_OF(bars);
    return bars;
}

double chain_value(const record_chain *c, const chain_bar *bar)
{
    if (bar->offset == offsetof(record_chain, free) && !isfinite(c->projected))
        return (double)NAN;
    return *(const double *)(const void *)((const char *)c + bar->offset);
}

const char *chain_label(arena *a, const char *name)
{
    for (size_t i = 0; i < COUNT_OF(bars) && name; i++)
        if (!strcmp(bars[i].name, name))
            return bars[i].label;
    return show_text(a, name);
}
