/* Which targets stand in a single file in whole. */
#include "site/single_choice.h"
#include "base/memory.h"
#include "site/pages.h"
#include <ctype.h>
#include <string.h>

int single_elements(const str *html)
{
    int n = 0;
    for (const char *at = str_text(html); (at = strchr(at, '<')); at++)
        n += isalpha((unsigned char)at[1]) != 0;
    return n;
}

int single_choose(bool *inside, const int *order, int n, const int *elements, int others, int most)
{
    int chosen = 0, sum = others + n * SINGLE_LINE_ELEMENTS;
    memset(inside, 0, (size_t)n * sizeof *inside);
    while (chosen < n) {
        int more = elements[order[chosen]] - SINGLE_LINE_ELEMENTS;
        if (sum + more > most && chosen >= SINGLE_FEWEST_TARGETS)
            break;
        sum += more;
        inside[order[chosen++]] = true;
    }
    return chosen;
}

void single_order(int *order, const record *r)
{
    bool *taken = mem_small((size_t)r->n_targets + 1, sizeof *taken);
    int n = highlighted_targets(order, r);
    for (int i = 0; i < n; i++)
        taken[order[i]] = true;
    for (int i = 0; i < r->n_targets; i++)
        if (!taken[i])
            order[n++] = i;
    mem_free(taken);
}
