/* Windows of the report part, some with activation and some without, judged by a prediction. */
#include "rules/score_windows.h"
#include "base/memory.h"
#include "base/rng.h"
#include "rules/pair_sums.h"
#include <math.h>
#include <stdlib.h>

enum {
    WINDOW = 32,
    PER_TENTH = 5,
    TENTHS = 10,
    SILENT = 50,
    TOP = 5,   /* windows of the simulation: strongest, */
    RANDOM = 5 /* and of the others */
};
static const float MARKED_OVER = 0.3f; /* of the window's maximum */

typedef struct window {
    size_t first; /* in the part */
    int n;
    float max;
} window;

typedef struct windows {
    const float *prediction_N, *value_N;
    window *active, *silent; /* active: by rising maximum */
    int n_active, n_silent;
} windows;

static int by_rising_max(const void *a, const void *b)
{
    const window *x = a, *y = b;
    if (x->max != y->max)
        return x->max > y->max ? 1 : -1;
    return (x->first > y->first) - (x->first < y->first);
}

static void cut(windows *w, const rule_text *t)
{
    size_t most = 0, start = t->first[RULE_REPORT];
    for (int d = t->first_document[RULE_REPORT]; d < t->first_document[RULE_PARTS]; d++)
        most += ((size_t)t->documents[d].n + WINDOW - 1) / WINDOW;
    w->active = mem_small(most, sizeof *w->active);
    w->silent = mem_small(most, sizeof *w->silent);
    for (int d = t->first_document[RULE_REPORT]; d < t->first_document[RULE_PARTS]; d++)
        for (int i = 0; i < t->documents[d].n; i += WINDOW) {
            int left = t->documents[d].n - i;
            window made = {.first = t->documents[d].first - start + (size_t)i,
                           .n = left < WINDOW ? left : WINDOW};
            for (int k = 0; k < made.n; k++)
                made.max = fmaxf(made.max, w->value_N[made.first + (size_t)k]);
            if (made.max > 0)
                w->active[w->n_active++] = made;
            else
                w->silent[w->n_silent++] = made;
        }
    qsort(w->active, (size_t)w->n_active, sizeof *w->active, by_rising_max);
}

/* Copies up to `most` of items[low .. high-1], drawn without repetition. Returns how many. */
static int draw(window *out, window *items, int low, int high, int most, rng *r)
{
    int n = high - low < most ? high - low : most;
    for (int k = low; k < low + n; k++) {
        int at = k + (int)rng_below(r, (uint32_t)(high - k));
        window drawn = items[at];
        items[at] = items[k];
        items[k] = drawn;
        out[k - low] = drawn;
    }
    return n;
}

/* ---- detection and fuzzing --------------------------------------------------------------------
 */

typedef struct judged_windows {
    window active[PER_TENTH * TENTHS], silent[SILENT];
    int n_active, n_silent;
} judged_windows;

static judged_windows draw_judged(windows *w, uint64_t seed)
{
    judged_windows j = {.n_active = 0};
    rng r = rng_stream(seed, "judged windows");
    for (int d = 0; d < TENTHS; d++) {
        int low = (int)((int64_t)w->n_active * d / TENTHS);
        int high = (int)((int64_t)w->n_active * (d + 1) / TENTHS);
        j.n_active += draw(j.active + j.n_active, w->active, low, high, PER_TENTH, &r);
    }
    j.n_silent = draw(j.silent, w->silent, 0, w->n_silent, SILENT, &r);
    return j;
}

static rule_window_score window_score(const judged_windows *j, int yes_active, int yes_silent)
{
    bool both = j->n_active && j->n_silent;
    double tpr = both ? (double)yes_active / j->n_active : (double)NAN;
    double tnr = both ? 1 - (double)yes_silent / j->n_silent : (double)NAN;
    return (rule_window_score){(tpr + tnr) / 2, j->n_active, j->n_silent};
}

static bool is_detected(const windows *w, const window *one)
{
    for (int k = 0; k < one->n; k++)
        if (w->prediction_N[one->first + (size_t)k] > 0)
            return true;
    return false;
}

static rule_window_score detect(const windows *w, const judged_windows *j)
{
    int yes_active = 0, yes_silent = 0;
    for (int i = 0; i < j->n_active; i++)
        yes_active += is_detected(w, &j->active[i]);
    for (int i = 0; i < j->n_silent; i++)
        yes_silent += is_detected(w, &j->silent[i]);
    return window_score(j, yes_active, yes_silent);
}

/* Whether at least half of an active window's marked tokens are predicted; adds their number. */
static bool marks_agree(const windows *w, const window *one, int *n_marked)
{
    int marked = 0, agreed = 0;
    for (int k = 0; k < one->n; k++) {
        size_t at = one->first + (size_t)k;
        if (w->value_N[at] > MARKED_OVER * one->max) {
            marked++;
            agreed += w->prediction_N[at] > 0;
        }
    }
    *n_marked += marked;
    return 2 * agreed >= marked;
}

static bool random_marks_agree(const windows *w, const window *one, int n_marked, rng *r)
{
    int order[WINDOW], agreed = 0;
    if (n_marked > one->n)
        n_marked = one->n;
    for (int k = 0; k < one->n; k++)
        order[k] = k;
    rng_shuffle(r, order, one->n);
    for (int k = 0; k < n_marked; k++)
        agreed += w->prediction_N[one->first + (size_t)order[k]] > 0;
    return 2 * agreed >= n_marked;
}

static rule_window_score fuzz(const windows *w, const judged_windows *j, uint64_t seed)
{
    int n_marked = 0, yes_active = 0, yes_silent = 0;
    for (int i = 0; i < j->n_active; i++)
        yes_active += marks_agree(w, &j->active[i], &n_marked);
    int each = j->n_active ? (n_marked + j->n_active - 1) / j->n_active : 0;
    rng r = rng_stream(seed, "marked tokens");
    for (int i = 0; i < j->n_silent; i++)
        yes_silent += random_marks_agree(w, &j->silent[i], each, &r);
    return window_score(j, yes_active, yes_silent);
}

/* ---- simulation -------------------------------------------------------------------------------
 */

static double pooled_pearson(const windows *w, const window *all, int n)
{
    pair_sums sums = {0};
    for (int i = 0; i < n; i++)
        for (int k = 0; k < all[i].n; k++) {
            size_t at = all[i].first + (size_t)k;
            pair_sums_add(&sums, (double)w->prediction_N[at], (double)w->value_N[at], 1);
        }
    return pair_sums_pearson(&sums);
}

static double simulate(const windows *w, uint64_t seed)
{
    int n = w->n_active + w->n_silent, top = w->n_active < TOP ? w->n_active : TOP;
    window chosen[TOP + RANDOM];
    window *others = mem_small((size_t)n, sizeof *others);
    int n_others = 0;
    for (int i = 0; i < top; i++)
        chosen[i] = w->active[w->n_active - 1 - i];
    for (int i = 0; i < w->n_active - top; i++)
        others[n_others++] = w->active[i];
    for (int i = 0; i < w->n_silent; i++)
        others[n_others++] = w->silent[i];
    rng r = rng_stream(seed, "simulated windows");
    int drawn = draw(chosen + top, others, 0, n_others, RANDOM, &r);
    mem_free(others);
    return pooled_pearson(w, chosen, top + drawn);
}

void rule_score_windows(rule_score *out, const rule_text *t, const rule_target *target,
                        const float *prediction_N, uint64_t seed)
{
    float *value_N = mem_small(rule_part_size(t, RULE_REPORT), sizeof *value_N);
    for (size_t i = target->first[RULE_REPORT]; i < target->first[RULE_PARTS]; i++)
        value_N[target->firings[i].at - t->first[RULE_REPORT]] = target->firings[i].value;
    windows w = {.prediction_N = prediction_N, .value_N = value_N};
    cut(&w, t);
    out->simulation = simulate(&w, seed); /* before others are drawn: drawing moves windows */
    judged_windows j = draw_judged(&w, seed);
    out->detection = detect(&w, &j);
    out->fuzzing = fuzz(&w, &j, seed);
    mem_free(w.active);
    mem_free(w.silent);
    mem_free(value_N);
}
