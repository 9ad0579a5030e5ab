/* One pass over a feature's active tokens, which lie in the order of the text. */
#include "features/peaks.h"
#include "base/memory.h"
#include <stdlib.h>

static int by_falling_max(const void *a, const void *b)
{
    const prompt_peak *x = a, *y = b;
    if (x->max != y->max)
        return x->max < y->max ? 1 : -1;
    return (x->prompt > y->prompt) - (x->prompt < y->prompt);
}

int find_peaks(prompt_peak **out, const survey *s, int which)
{
    const token_activation *t = s->active[which];
    size_t n = s->n_active[which];
    prompt_peak *found = mem_small(n + 1, sizeof *found);
    int count = 0;
    for (size_t i = 0; i < n; i++) {
        if (count == 0 || found[count - 1].prompt != t[i].prompt)
            found[count++] = (prompt_peak){.prompt = t[i].prompt, .first = i};
        prompt_peak *c = &found[count - 1];
        c->n++;
        if (t[i].value > c->max) {
            c->max = t[i].value;
            c->position = t[i].position;
        }
    }
    qsort(found, (size_t)count, sizeof *found, by_falling_max);
    *out = found;
    return count;
}
