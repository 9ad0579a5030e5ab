/* Cutting the report part into windows, and drawing some. */
#include "rules/windows.h"
#include "base/memory.h"
#include <math.h>
#include <stdlib.h>

static int by_rising_max(const void *a, const void *b)
{
    const rule_window *x = a, *y = b;
    if (x->max != y->max)
        return x->max > y->max ? 1 : -1;
    return (x->first > y->first) - (x->first < y->first);
}

static void cut(rule_window_set *w, const rule_text *t)
{
    size_t most = 0, start = t->first[RULE_REPORT];
    for (int d = t->first_document[RULE_REPORT]; d < t->first_document[RULE_PARTS]; d++)
        most += ((size_t)t->documents[d].n + RULE_WINDOW - 1) / RULE_WINDOW;
    w->active = mem_small(most, sizeof *w->active);
    w->silent = mem_small(most, sizeof *w->silent);
    for (int d = t->first_document[RULE_REPORT]; d < t->first_document[RULE_PARTS]; d++)
        for (int i = 0; i < t->documents[d].n; i += RULE_WINDOW) {
            int left = t->documents[d].n - i;
            rule_window made = {.first = t->documents[d].first - start + (size_t)i,
                                .n = left < RULE_WINDOW ? left : RULE_WINDOW};
            for (int k = 0; k < made.n; k++)
                made.max = fmaxf(made.max, w->value_N[made.first + (size_t)k]);
            if (made.max > 0)
                w->active[w->n_active++] = made;
            else
                w->silent[w->n_silent++] = made;
        }
    qsort(w->active, (size_t)w->n_active, sizeof *w->active, by_rising_max);
}

void rule_window_set_make(rule_window_set *out, const rule_text *t, const rule_target *target)
{
    *out = (rule_window_set){.value_N = mem_small(rule_part_size(t, RULE_REPORT), sizeof(float))};
    for (size_t i = target->first[RULE_REPORT]; i < target->first[RULE_PARTS]; i++)
        out->value_N[target->firings[i].at - t->first[RULE_REPORT]] = target->firings[i].value;
    cut(out, t);
}

void rule_window_set_release(rule_window_set *w)
{
    mem_free(w->active);
    mem_free(w->silent);
    mem_free(w->value_N);
    *w = (rule_window_set){0};
}

int rule_window_draw(rule_window *out, rule_window *items, int low, int high, int most, rng *r)
{
    int n = high - low < most ? high - low : most;
    for (int k = low; k < low + n; k++) {
        int at = k + (int)rng_below(r, (uint32_t)(high - k));
        rule_window drawn = items[at];
        items[at] = items[k];
        items[k] = drawn;
        out[k - low] = drawn;
    }
    return n;
}

void rule_window_sample_draw(rule_window_sample *out, rule_window_set *w, int per_tenth,
                             int n_silent, uint64_t seed)
{
    *out = (rule_window_sample){
        .active = mem_small(RULE_WINDOW_TENTHS * (size_t)per_tenth, sizeof *out->active),
        .silent = mem_small((size_t)n_silent, sizeof *out->silent)};
    rng r = rng_stream(seed, "judged windows");
    for (int d = 0; d < RULE_WINDOW_TENTHS; d++) {
        int low = (int)((int64_t)w->n_active * d / RULE_WINDOW_TENTHS);
        int high = (int)((int64_t)w->n_active * (d + 1) / RULE_WINDOW_TENTHS);
        int drawn =
            rule_window_draw(out->active + out->n_active, w->active, low, high, per_tenth, &r);
        for (int i = 0; i < drawn; i++)
            out->active[out->n_active++].tenth = d + 1;
    }
    out->n_silent = rule_window_draw(out->silent, w->silent, 0, w->n_silent, n_silent, &r);
}

void rule_window_sample_release(rule_window_sample *s)
{
    mem_free(s->active);
    mem_free(s->silent);
    *s = (rule_window_sample){0};
}
