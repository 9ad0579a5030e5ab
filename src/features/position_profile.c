/* Active tokens by position. */
#include "features/position_profile.h"
#include <math.h>

/* 0 for position 1, 1 for 2, 2 for 3 and 4, 3 for 5 to 8. */
static int bin_of(int position)
{
    int bin = 0;
    while (position > 1 << bin)
        bin++;
    return bin;
}

int survey_positions(position_bin **out, const survey *s, int which, const prompt_set *p,
                     const text_index *index, arena *a)
{
    int skip = p->bos >= 0, last = index->longest - skip;
    int n = last > 0 ? bin_of(last) + 1 : 0;
    position_bin *bins = arena_push(a, (size_t)n + 1, sizeof *bins);
    for (int position = 1; position <= last; position++) {
        position_bin *b = &bins[bin_of(position)];
        b->first = b->first ? b->first : position;
        b->last = position;
        b->n += index->n_at[position - 1 + skip];
    }
    for (size_t i = 0; i < s->n_active[which]; i++) {
        position_bin *b = &bins[bin_of(s->active[which][i].position + 1 - skip)];
        b->n_active++;
        b->mean += (double)s->active[which][i].value;
    }
    for (int i = 0; i < n; i++)
        bins[i].mean = bins[i].n_active ? bins[i].mean / (double)bins[i].n_active : (double)NAN;
    *out = bins;
    return n;
}
