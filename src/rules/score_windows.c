/* Windows of the report part, some with activation and some without, judged by a prediction. */
#include "rules/score_windows.h"
#include "base/memory.h"
#include "rules/pair_sums.h"
#include "rules/windows.h"
#include <math.h>

enum {
    PER_TENTH = 5,
    SILENT = 50,
    TOP = 5,   /* windows of the simulation: strongest, */
    RANDOM = 5 /* and of the others */
};
static const float MARKED_OVER = 0.3f; /* of the window's maximum */

/* What is judged, and by what. */
typedef struct judgement {
    const float *prediction_N, *value_N;
    rule_window_sample windows;
} judgement;

/* ---- detection and fuzzing --------------------------------------------------------------------
 */

static rule_window_score window_score(const rule_window_sample *s, int yes_active, int yes_silent)
{
    bool both = s->n_active && s->n_silent;
    double tpr = both ? (double)yes_active / s->n_active : (double)NAN;
    double tnr = both ? 1 - (double)yes_silent / s->n_silent : (double)NAN;
    return (rule_window_score){(tpr + tnr) / 2, s->n_active, s->n_silent};
}

static bool is_detected(const judgement *j, const rule_window *one)
{
    for (int k = 0; k < one->n; k++)
        if (j->prediction_N[one->first + (size_t)k] > 0)
            return true;
    return false;
}

static rule_window_score detect(const judgement *j)
{
    int yes_active = 0, yes_silent = 0;
    for (int i = 0; i < j->windows.n_active; i++)
        yes_active += is_detected(j, &j->windows.active[i]);
    for (int i = 0; i < j->windows.n_silent; i++)
        yes_silent += is_detected(j, &j->windows.silent[i]);
    return window_score(&j->windows, yes_active, yes_silent);
}

/* Whether at least half of an active window's marked tokens are predicted; adds their number. */
static bool marks_agree(const judgement *j, const rule_window *one, int *n_marked)
{
    int marked = 0, agreed = 0;
    for (int k = 0; k < one->n; k++) {
        size_t at = one->first + (size_t)k;
        if (j->value_N[at] > MARKED_OVER * one->max) {
            marked++;
            agreed += j->prediction_N[at] > 0;
        }
    }
    *n_marked += marked;
    return 2 * agreed >= marked;
}

static bool random_marks_agree(const judgement *j, const rule_window *one, int n_marked, rng *r)
{
    int order[RULE_WINDOW], agreed = 0;
    if (n_marked > one->n)
        n_marked = one->n;
    for (int k = 0; k < one->n; k++)
        order[k] = k;
    rng_shuffle(r, order, one->n);
    for (int k = 0; k < n_marked; k++)
        agreed += j->prediction_N[one->first + (size_t)order[k]] > 0;
    return 2 * agreed >= n_marked;
}

static rule_window_score fuzz(const judgement *j, uint64_t seed)
{
    int n_marked = 0, yes_active = 0, yes_silent = 0;
    for (int i = 0; i < j->windows.n_active; i++)
        yes_active += marks_agree(j, &j->windows.active[i], &n_marked);
    int each = j->windows.n_active ? (n_marked + j->windows.n_active - 1) / j->windows.n_active : 0;
    rng r = rng_stream(seed, "marked tokens");
    for (int i = 0; i < j->windows.n_silent; i++)
        yes_silent += random_marks_agree(j, &j->windows.silent[i], each, &r);
    return window_score(&j->windows, yes_active, yes_silent);
}

/* ---- simulation -------------------------------------------------------------------------------
 */

static double pooled_pearson(const float *prediction_N, const float *value_N,
                             const rule_window *all, int n)
{
    pair_sums sums = {0};
    for (int i = 0; i < n; i++)
        for (int k = 0; k < all[i].n; k++) {
            size_t at = all[i].first + (size_t)k;
            pair_sums_add(&sums, (double)prediction_N[at], (double)value_N[at], 1);
        }
    return pair_sums_pearson(&sums);
}

static double simulate(const rule_window_set *w, const float *prediction_N, uint64_t seed)
{
    int n = w->n_active + w->n_silent, top = w->n_active < TOP ? w->n_active : TOP;
    rule_window chosen[TOP + RANDOM];
    rule_window *others = mem_small((size_t)n, sizeof *others);
    int n_others = 0;
    for (int i = 0; i < top; i++)
        chosen[i] = w->active[w->n_active - 1 - i];
    for (int i = 0; i < w->n_active - top; i++)
        others[n_others++] = w->active[i];
    for (int i = 0; i < w->n_silent; i++)
        others[n_others++] = w->silent[i];
    rng r = rng_stream(seed, "simulated windows");
    int drawn = rule_window_draw(chosen + top, others, 0, n_others, RANDOM, &r);
    mem_free(others);
    return pooled_pearson(prediction_N, w->value_N, chosen, top + drawn);
}

void rule_score_windows(rule_score *out, const rule_text *t, const rule_target *target,
                        const float *prediction_N, uint64_t seed)
{
    rule_window_set w;
    rule_window_set_make(&w, t, target);
    out->simulation = simulate(&w, prediction_N, seed); /* drawing moves windows, so first */
    judgement j = {.prediction_N = prediction_N, .value_N = w.value_N};
    rule_window_sample_draw(&j.windows, &w, PER_TENTH, SILENT, seed);
    out->detection = detect(&j);
    out->fuzzing = fuzz(&j, seed);
    rule_window_sample_release(&j.windows);
    rule_window_set_release(&w);
}
