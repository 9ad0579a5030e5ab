/* All active tokens in order: exact, where a sketch would be off in the tails. */
#include "features/quantiles.h"
#include "base/memory.h"
#include <math.h>
#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* In thousandths, because 0.07 * 100 is above 7 in binary. */
static double at(const float *ascending, size_t n, size_t thousandths)
{
    size_t rank = (n * thousandths + 999) / 1000;
    return n ? (double)ascending[rank ? rank - 1 : 0] : (double)NAN;
}

activation_quantiles survey_quantiles(const survey *s, int which)
{
    size_t n = s->n_active[which];
    const token_activation *active = s->active[which];
    float *values = mem_small(n + 1, sizeof *values);
    activation_quantiles q = {.n = (int64_t)n};
    for (size_t i = 0; i < n; i++) {
        values[i] = active[i].value;
        q.n_prompts += i == 0 || active[i].prompt != active[i - 1].prompt;
    }
    qsort(values, n, sizeof *values, by_value);
    q.least = at(values, n, 0);
    q.p10 = at(values, n, 100);
    q.median = at(values, n, 500);
    q.p90 = at(values, n, 900);
    q.p99 = at(values, n, 990);
    q.most = at(values, n, 1000);
    mem_free(values);
    return q;
}
