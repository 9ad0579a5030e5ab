/* The bars of the chain under the names pages and figures give them. */
#ifndef SITE_CHAIN_H
#define SITE_CHAIN_H
#include "base/arena.h"
#include "results/record.h"

typedef enum { BAR_SEARCH, BAR_DATA, BAR_NO_TEXT, BAR_GROUPS } bar_group;

typedef struct chain_bar {
    const char *name;  /* the member of record_chain */
    const char *label; /* "nearest tokens" */
    bar_group group;   /* where such an input comes from */
    size_t offset;     /* in record_chain */
} chain_bar;

/* All bars in the order they are shown; *n of them. */
const chain_bar *chain_bars(int *n);
/* What the bar shows of this chain: NaN when it has none, and also for free vectors without the
 * real tokens nearest to them, because alone they would promise what no text keeps. */
double chain_value(const record_chain *c, const chain_bar *bar);
/* The label of the bar called `name`, or the name itself, made visible. */
const char *chain_label(arena *a, const char *name);

#endif
