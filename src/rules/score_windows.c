/* Windows of the report part, some with activation and some without, judged by a prediction. */
#include "rules/score_windows.h"
#include "base/memory.h"
#include "rules/pair_sums.h"
#include <math.h>
#include <string.h>

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
} judgement;

/* ---- detection and fuzzing --------------------------------------------------------------------
 */

static bool is_detected(const judgement *j, const rule_window *one)
{
    for (int k = 0; k < one->n; k++)
        if (j->prediction_N[one->first + (size_t)k] > 0)
            return true;
    return false;
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

/* Both questions of every window of the sample: out[0 .. n_active + n_silent - 1]. */
static void judge(rule_judged_window *out, const judgement *j, const rule_window_sample *s,
                  uint64_t seed)
{
    int n_marked = 0;
    for (int i = 0; i < s->n_active; i++) {
        const rule_window *one = &s->active[i];
        out[i] = (rule_judged_window){.window = *one,
                                      .detected = is_detected(j, one),
                                      .marks_fit = marks_agree(j, one, &n_marked)};
    }
    int each = s->n_active ? (n_marked + s->n_active - 1) / s->n_active : 0;
    rng r = rng_stream(seed, "marked tokens");
    for (int i = 0; i < s->n_silent; i++) {
        const rule_window *one = &s->silent[i];
        out[s->n_active + i] =
            (rule_judged_window){.window = *one,
                                 .detected = is_detected(j, one),
                                 .marks_fit = random_marks_agree(j, one, each, &r)};
    }
}

static rule_window_score window_score(const rule_window_sample *s, int yes_active, int yes_silent)
{
    bool both = s->n_active && s->n_silent;
    double tpr = both ? (double)yes_active / s->n_active : (double)NAN;
    double tnr = both ? 1 - (double)yes_silent / s->n_silent : (double)NAN;
    return (rule_window_score){(tpr + tnr) / 2, s->n_active, s->n_silent};
}

static void count_answers(rule_score *out, const rule_judged_window *all,
                          const rule_window_sample *s)
{
    int detected[2] = {0}, fit[2] = {0}; /* of active and of silent windows */
    for (int i = 0; i < s->n_active + s->n_silent; i++) {
        detected[i >= s->n_active] += all[i].detected;
        fit[i >= s->n_active] += all[i].marks_fit;
    }
    out->detection = window_score(s, detected[0], detected[1]);
    out->fuzzing = window_score(s, fit[0], fit[1]);
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
    rule_window_sample drawn;
    rule_judged_window judged[RULE_WINDOW_TENTHS * PER_TENTH + SILENT];
    rule_window_set_make(&w, t, target);
    out->simulation = simulate(&w, prediction_N, seed); /* drawing moves windows, so first */
    rule_window_sample_draw(&drawn, &w, PER_TENTH, SILENT, seed);
    judge(judged, &(judgement){prediction_N, w.value_N}, &drawn, seed);
    count_answers(out, judged, &drawn);
    rule_window_sample_release(&drawn);
    rule_window_set_release(&w);
}

rule_judged_window *rule_judge_windows(int *n, const rule_text *t, const rule_target *target,
                                       const float *prediction_N, uint64_t seed, arena *a)
{
    rule_window_set w;
    rule_window_sample drawn;
    rule_window_set_make(&w, t, target);
    rule_window_sample_draw(&drawn, &w, PER_TENTH, SILENT, seed);
    *n = drawn.n_active + drawn.n_silent;
    rule_judged_window *out = arena_push(a, (size_t)*n + 1, sizeof *out);
    judge(out, &(judgement){prediction_N, w.value_N}, &drawn, seed);
    for (int i = 0; i < *n; i++) {
        size_t size = (size_t)out[i].window.n * sizeof *out[i].values;
        out[i].values = memcpy(arena_push(a, 1, size), w.value_N + out[i].window.first, size);
    }
    rule_window_sample_release(&drawn);
    rule_window_set_release(&w);
    return out;
}
