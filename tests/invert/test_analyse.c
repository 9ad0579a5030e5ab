/* The analysis of finished jobs: by definition, on a feature of the embedding, and by running anew.
 */
#include "test.h"

#include "base/memory.h"
#include "base/rng.h"
#include "features/common_rig.h"
#include "invert/analyse.h"
#include <math.h>
#include <string.h>

enum { D = RIG_D, RESTARTS = 3, FEATURES = 4, L = 5, K = 4 };

typedef struct bench {
    rig rig;
    token_table *table;
    optimise_setting setting;
    arena memory;
    optimise_job jobs[FEATURES * RESTARTS];
} bench;

/* Jobs as the optimiser leaves them: inputs near random tokens, with what they reach. */
static void bench_open(bench *b, const char *hook_name, int bos)
{
    err e = {0};
    *b = (bench){.rig = rig_open("cpu", 2, hook_name)};
    assert_int_equal(token_table_new(&b->table, b->rig.model, b->rig.tokenizer, NULL, &e), OK);
    b->setting = (optimise_setting){.model = b->rig.model,
                                    .sae = b->rig.sae,
                                    .hook = &b->rig.hook,
                                    .table = b->table,
                                    .bos = bos};
    for (int i = 0; i < FEATURES * RESTARTS; i++) {
        optimise_job *job = &b->jobs[i];
        probe_result r = {0};
        *job = (optimise_job){.feature = 2 * (i / RESTARTS), .scale = 1, .length = L};
        job->x_LD = arena_push(&b->memory, L * D, sizeof(float));
        optimise_random_start(job->x_LD, b->table, 3, job->feature, i % RESTARTS, L, 0.5);
        probe_input in = {.x_LD = job->x_LD, .length = L};
        assert_int_equal(probe_inputs(&r, &b->setting, &in, &job->feature, 1, false, &e), OK);
        job->objective = r.pre_activation;
        job->activation = r.activation;
    }
}

static void bench_close(bench *b)
{
    token_table_free(b->table);
    rig_close(&b->rig);
    arena_release(&b->memory);
}

static double cosine(const float *a, const float *b)
{
    double dot = 0, aa = 0, bb = 0;
    for (int d = 0; d < D; d++) {
        dot += (double)a[d] * (double)b[d];
        aa += (double)a[d] * (double)a[d];
        bb += (double)b[d] * (double)b[d];
    }
    return dot / sqrt(aa * bb);
}

static void check_close(const char *what, int i, double got, double want)
{
    if (!(fabs(got - want) < 1e-4 * (1 + fabs(want))))
        fail_msg("%s of %d: %.9g, expected %.9g", what, i, got, want);
}

static void check_restarts(const bench *b, const optimum *o, const optimise_job *jobs, int f)
{
    double mean = 0, squares = 0, similar = 0, same = 0;
    double low = (double)INFINITY, high = (double)-INFINITY;
    int32_t nearest[RESTARTS][L];
    err e = {0};
    int best = 0;
    for (int r = 0; r < RESTARTS; r++) {
        double v = (double)jobs[r].activation;
        mean += v / RESTARTS;
        low = fmin(low, v);
        high = fmax(high, v);
        if (jobs[r].objective > jobs[best].objective)
            best = r;
        assert_int_equal(token_table_nearest(nearest[r], NULL, b->table, jobs[r].x_LD, L, 1, &e),
                         OK);
    }
    for (int r = 0; r < RESTARTS; r++)
        squares += pow((double)jobs[r].activation - mean, 2);
    static const int pairs[3][2] = {{0, 1}, {0, 2}, {1, 2}};
    for (int p = 0; p < 3; p++)
        for (int i = 0; i < L; i++) {
            int x = pairs[p][0], y = pairs[p][1];
            similar += cosine(jobs[x].x_LD + i * D, jobs[y].x_LD + i * D) / (3 * L);
            same += (nearest[x][i] == nearest[y][i]) / (3.0 * L);
        }
    assert_int_equal(o->best, best);
    check_close("restart mean", f, o->restart_mean, mean);
    check_close("restart deviation", f, o->restart_deviation, sqrt(squares / (RESTARTS - 1)));
    check_close("restart minimum", f, o->restart_min, low);
    check_close("restart maximum", f, o->restart_max, high);
    check_close("restart cosine", f, o->restart_cosine, similar);
    check_close("restart overlap", f, o->restart_token_overlap, same);
}

static void check_positions(bench *b, const optimum *o, const optimise_job *job, int f)
{
    float activation_L[L], pre_L[L], snapped_L[L], cosine_LK[L * K];
    int32_t nearest_LK[L * K], tokens[L];
    err e = {0};
    probe_input in = {.x_LD = job->x_LD, .length = L};
    probe_result r = {.activation_L = activation_L, .pre_activation_L = pre_L};
    probe_result snapped = {.activation_L = snapped_L};
    assert_int_equal(probe_inputs(&r, &b->setting, &in, &job->feature, 1, true, &e), OK);
    assert_int_equal(token_table_nearest(nearest_LK, cosine_LK, b->table, job->x_LD, L, K, &e), OK);
    for (int i = 0; i < L; i++)
        tokens[i] = nearest_LK[i * K];
    in = (probe_input){.tokens_L = tokens, .length = L};
    assert_int_equal(probe_inputs(&snapped, &b->setting, &in, &job->feature, 1, false, &e), OK);

    double mean = 0, squares = 0, cubes = 0, snapped_max = 0;
    assert_int_equal(o->n_positions, L);
    for (int i = 0; i < L; i++) {
        const optimum_position *p = &o->positions[i];
        check_close("activation", f, (double)p->activation, (double)activation_L[i]);
        check_close("pre-activation", f, (double)p->pre_activation, (double)pre_L[i]);
        check_close("snapped", f, (double)p->snapped, (double)snapped_L[i]);
        assert_memory_equal(p->nearest_k, nearest_LK + i * K, K * sizeof *nearest_LK);
        assert_memory_equal(p->cosine_k, cosine_LK + i * K, K * sizeof *cosine_LK);
        mean += (double)activation_L[i] / L;
        snapped_max = fmax(snapped_max, (double)snapped_L[i]);
    }
    for (int i = 0; i < L; i++) {
        squares += pow((double)activation_L[i] - mean, 2);
        cubes += pow((double)activation_L[i] - mean, 3);
    }
    double deviation = sqrt(squares / (L - 1));
    check_close("mean", f, o->mean, mean);
    check_close("skewness", f, o->skewness, deviation > 0 ? cubes / L / pow(deviation, 3) : 0);
    check_close("maximum", f, o->activation, (double)r.activation);
    check_close("snapped maximum", f, o->snapped_activation, snapped_max);
    assert_int_equal(o->position, r.position);
    if (isnan(r.specificity))
        assert_true(isnan(o->specificity));
    else
        check_close("specificity", f, o->specificity, r.specificity);
}

static void equal_to_measuring_one_by_one(void **state)
{
    (void)state;
    static const int bos[] = {0, -1};
    for (int c = 0; c < 2; c++) {
        bench b;
        optimum out[FEATURES];
        err e = {0};
        bench_open(&b, "blocks.1.hook_resid_post", bos[c]);
        /* Two restarts that end alike: overlap and cosine are then not all small. */
        memcpy(b.jobs[1].x_LD, b.jobs[0].x_LD, L * D * sizeof(float));
        b.jobs[1].objective = b.jobs[0].objective;
        b.jobs[1].activation = b.jobs[0].activation;
        if (analyse_optima(out, &b.setting, b.jobs, FEATURES, RESTARTS, K, &b.memory, &e))
            fail_msg("%s", e.text);
        int active = 0;
        for (int f = 0; f < FEATURES; f++) {
            const optimise_job *jobs = &b.jobs[f * RESTARTS];
            assert_int_equal(out[f].feature, jobs[0].feature);
            assert_int_equal(out[f].k, K);
            check_restarts(&b, &out[f], jobs, f);
            check_positions(&b, &out[f], &jobs[out[f].best], f);
            active += out[f].skewness != 0 && out[f].activation > 0;
        }
        assert_true(active > 1);
        bench_close(&b);
    }
}

static void by_hand(void **state)
{
    (void)state;
    bench b;
    optimum out;
    err e = {0};
    float w_FD[2 * D] = {1}, b_F[2] = {0, -1}; /* the first number, and a silent feature */
    bench_open(&b, "hook_embed", 0);
    rig_set_directions(&b.rig, w_FD, b_F, 2);
    b.setting.sae = b.rig.sae;
    optimise_job *job = &b.jobs[0];
    static const float first[L] = {0, 0, 4, 0, 1};
    memset(job->x_LD, 0, L * D * sizeof(float));
    for (int i = 0; i < L; i++)
        job->x_LD[i * D] = first[i];
    job->activation = job->objective = 4;
    assert_int_equal(analyse_optima(&out, &b.setting, job, 1, 1, 1, &b.memory, &e), OK);
    /* Mean 1, deviations -1 -1 3 -1 0: squares 12, cubes 24; n - 1 = 4. */
    check_close("mean", 0, out.mean, 1);
    check_close("skewness", 0, out.skewness, 24.0 / 5 / pow(3, 1.5));
    check_close("maximum", 0, out.activation, 4);
    assert_int_equal(out.position, 2);
    check_close("specificity", 0, out.specificity, 4 / 2.0); /* maxima 4 and 0 */
    float snapped_D[D];
    token_table_row(snapped_D, b.table, out.positions[2].nearest_k[0]);
    check_close("snapped", 0, (double)out.positions[2].snapped, (double)snapped_D[0]);
    assert_true(out.restart_deviation == 0 && out.restart_mean == 4);
    assert_true(isnan(out.restart_cosine) && isnan(out.restart_token_overlap)); /* no pair */

    job->length = 1; /* one position has no deviation */
    assert_int_equal(analyse_optima(&out, &b.setting, job, 1, 1, 1, &b.memory, &e), OK);
    assert_true(out.skewness == 0 && out.n_positions == 1);
    assert_int_equal(analyse_optima(&out, &b.setting, job, 0, 1, 1, &b.memory, &e), OK);
    assert_int_equal(analyse_optima(&out, &b.setting, job, 1, 1, b.table->n + 1, &b.memory, &e),
                     E_SHAPE);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_to_measuring_one_by_one),
        cmocka_unit_test(by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
