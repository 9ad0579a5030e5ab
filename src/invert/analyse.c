/* Analysis of finished jobs: everything is measured again from the inputs alone. */
#include "invert/analyse.h"
#include "base/memory.h"
#include <math.h>

static int best_of(const optimise_job *jobs, int restarts)
{
    int best = 0;
    for (int r = 1; r < restarts; r++)
        if (jobs[r].objective > jobs[best].objective)
            best = r;
    return best;
}

static void describe_positions(optimum *o, const probe_result *r)
{
    int n = o->n_positions;
    double total = 0, squares = 0, cubes = 0;
    for (int i = 0; i < n; i++) {
        o->positions[i].activation = r->activation_L[i];
        o->positions[i].pre_activation = r->pre_activation_L[i];
        total += (double)r->activation_L[i];
    }
    o->mean = total / n;
    for (int i = 0; i < n; i++) {
        double centred = (double)r->activation_L[i] - o->mean;
        squares += centred * centred;
        cubes += centred * centred * centred;
    }
    double deviation = n > 1 ? sqrt(squares / (n - 1)) : 0;
    o->skewness = deviation > 0 ? cubes / n / (deviation * deviation * deviation) : 0;
    o->activation = (double)r->activation;
    o->position = r->position;
    o->specificity = r->specificity;
}

static void describe_spread(optimum *o, const optimise_job *jobs, int restarts)
{
    double total = 0, squares = 0;
    o->restart_min = o->restart_max = (double)jobs[0].activation;
    for (int r = 0; r < restarts; r++) {
        double v = (double)jobs[r].activation;
        total += v;
        o->restart_min = fmin(o->restart_min, v);
        o->restart_max = fmax(o->restart_max, v);
    }
    o->restart_mean = total / restarts;
    for (int r = 0; r < restarts; r++) {
        double centred = (double)jobs[r].activation - o->restart_mean;
        squares += centred * centred;
    }
    o->restart_deviation = restarts > 1 ? sqrt(squares / (restarts - 1)) : 0;
}

static double cosine(const float *a, const float *b, int D)
{
    double dot = 0, aa = 0, bb = 0;
    for (int d = 0; d < D; d++) {
        dot += (double)a[d] * (double)b[d];
        aa += (double)a[d] * (double)a[d];
        bb += (double)b[d] * (double)b[d];
    }
    return aa > 0 && bb > 0 ? dot / (sqrt(aa) * sqrt(bb)) : 0;
}

/* nearest_RL: the nearest token of every restart's every position. */
static void compare_restarts(optimum *o, const optimise_job *jobs, const int32_t *nearest_RL,
                             int restarts, int D)
{
    int L = o->n_positions;
    double similar = 0, same = 0;
    long pairs = 0;
    for (int a = 0; a < restarts; a++)
        for (int b = a + 1; b < restarts; b++)
            for (int i = 0; i < L; i++, pairs++) {
                similar += cosine(ROW(jobs[a].x_LD, i, D), ROW(jobs[b].x_LD, i, D), D);
                same += ROW(nearest_RL, a, L)[i] == ROW(nearest_RL, b, L)[i];
            }
    o->restart_cosine = pairs ? similar / (double)pairs : (double)NAN;
    o->restart_token_overlap = pairs ? same / (double)pairs : (double)NAN;
}

static err_code read_as_tokens(optimum *o, const optimise_setting *set, const optimise_job *jobs,
                               int restarts, arena *a, err *e)
{
    int L = o->n_positions, k = o->k, D = set->table->D;
    int32_t *ids = arena_push(a, (size_t)L * (size_t)k, sizeof *ids);
    float *cosines = arena_push(a, (size_t)L * (size_t)k, sizeof *cosines);
    int32_t *nearest_RL = mem_small((size_t)restarts * (size_t)L, sizeof *nearest_RL);
    err_code rc = token_table_nearest(ids, cosines, set->table, jobs[o->best].x_LD, L, k, e);
    for (int r = 0; r < restarts && !rc; r++)
        rc = token_table_nearest(ROW(nearest_RL, r, L), NULL, set->table, jobs[r].x_LD, L, 1, e);
    for (int i = 0; i < L; i++) {
        o->positions[i].nearest_k = ROW(ids, i, k);
        o->positions[i].cosine_k = ROW(cosines, i, k);
    }
    if (!rc)
        compare_restarts(o, jobs, nearest_RL, restarts, D);
    mem_free(nearest_RL);
    return rc;
}

/* Runs all best inputs once as embeddings and once as their nearest tokens. */
static err_code measure(optimum *out, const optimise_setting *set, const optimise_job *jobs, int n,
                        int restarts, err *e)
{
    int L = jobs[0].length;
    probe_input *inputs = mem_small((size_t)n, sizeof *inputs);
    probe_result *results = mem_small((size_t)n, sizeof *results);
    int *features = mem_small((size_t)n, sizeof *features);
    float *values = mem_small(2 * (size_t)n * (size_t)L, sizeof *values);
    int32_t *tokens = mem_small((size_t)n * (size_t)L, sizeof *tokens);
    for (int f = 0; f < n; f++) {
        features[f] = out[f].feature;
        inputs[f] = (probe_input){.x_LD = jobs[f * restarts + out[f].best].x_LD, .length = L};
        results[f] = (probe_result){.activation_L = ROW(values, 2 * f, L),
                                    .pre_activation_L = ROW(values, 2 * f + 1, L)};
    }
    err_code rc = probe_inputs(results, set, inputs, features, n, true, e);
    for (int f = 0; f < n && !rc; f++) {
        describe_positions(&out[f], &results[f]);
        for (int i = 0; i < L; i++)
            ROW(tokens, f, L)[i] = out[f].positions[i].nearest_k[0];
        inputs[f] = (probe_input){.tokens_L = ROW(tokens, f, L), .length = L};
    }
    if (!rc)
        rc = probe_inputs(results, set, inputs, features, n, false, e);
    for (int f = 0; f < n && !rc; f++) {
        out[f].snapped_activation = (double)results[f].activation;
        for (int i = 0; i < L; i++)
            out[f].positions[i].snapped = results[f].activation_L[i];
    }
    mem_free(inputs);
    mem_free(results);
    mem_free(features);
    mem_free(values);
    mem_free(tokens);
    return rc;
}

err_code analyse_optima(optimum *out_n, const optimise_setting *setting, const optimise_job *jobs,
                        int n, int restarts, int k, arena *a, err *e)
{
    if (n == 0)
        return OK;
    err_code rc = OK;
    for (int f = 0; f < n && !rc; f++) {
        const optimise_job *starts = jobs + (size_t)f * (size_t)restarts;
        optimum *o = &out_n[f];
        *o = (optimum){.feature = starts[0].feature,
                       .best = best_of(starts, restarts),
                       .n_positions = starts[0].length,
                       .k = k};
        o->positions = arena_push(a, (size_t)o->n_positions, sizeof *o->positions);
        describe_spread(o, starts, restarts);
        rc = read_as_tokens(o, setting, starts, restarts, a, e);
    }
    return rc ? rc : measure(out_n, setting, jobs, n, restarts, e);
}
