/* The relaxed search: its gradient against finite differences in double, mixtures against tokens,
 * optima that are known, and what must not matter. */
#include "test.h"

#include "base/memory.h"
#include "base/rng.h"
#include "invert/common_penalties.h"
#include "invert/common_bed.h"
#include "invert/probe.h"
#include "invert/relaxed_pass.h"
#include <math.h>
#include <string.h>

enum { D = RIG_D, R = 3, L = 4 };

/* Five random directions instead of the rig's features. */
static void set_linear(bed *b, float w_FD[5 * D], float b_F[5])
{
    rng r = rng_stream(1, "test_relaxed linear");
    for (int i = 0; i < 5 * D; i++)
        w_FD[i] = (float)rng_normal(&r);
    for (int f = 0; f < 5; f++)
        b_F[f] = f == 4 ? -100 : (float)f; /* the last is silent everywhere */
    bed_set_directions(b, w_FD, b_F, 5);
}

static void open_group(relaxed_pass *p, bed *b, const relaxed_job *job, const relaxed_options *o)
{
    err e = {0};
    rng stream = rng_stream(job->seed, "test_relaxed");
    assert_int_equal(relaxed_pass_open(p, job, 1, &b->set, o, &e), OK);
    p->R = job->restarts;
    p->L = job->length;
    p->scale = job->scale;
    assert_int_equal(mixture_new(&p->mix, b->table, p->R * p->L, o->candidates, &stream, 0, &e),
                     OK);
}

static void close_group(relaxed_pass *p)
{
    mixture_free(p->mix);
    relaxed_pass_close(p);
}

/* ---- the gradient ------------------------------------------------------------------------------
 */

/* The loss by its formulas, for a linear feature of the embedding itself. */
static double define_loss(const relaxed_pass *p, const double *theta_NK, double tau, double entropy,
                          const float *w_D, double bias)
{
    static double x_ND[R * L * D];
    const mixture *m = p->mix;
    double loss = 0;
    memset(x_ND, 0, sizeof x_ND);
    for (int row = 0; row < R * L; row++) {
        double total = 0;
        for (int c = 0; c < m->n; c++)
            total += exp(theta_NK[row * m->K + c] / tau);
        loss += entropy;
        for (int c = 0; c < m->n; c++) {
            float e_D[D];
            double weight = exp(theta_NK[row * m->K + c] / tau) / total;
            token_table_row(e_D, p->set->table, m->ids_K[c]);
            for (int d = 0; d < D; d++)
                x_ND[row * D + d] += weight * (double)e_D[d];
            loss -= entropy * weight * weight;
        }
    }
    for (int b = 0; b < R; b++) {
        double total = 0;
        for (int i = b * L; i < (b + 1) * L; i++) {
            double z = bias;
            for (int d = 0; d < D; d++)
                z += x_ND[i * D + d] * (double)w_D[d];
            total += exp(z / p->scale / 0.15);
        }
        loss -= 0.15 * log(total);
        loss += p->o->repetition * define_repetition(x_ND + b * L * D, L, D, 5);
    }
    return loss + p->o->diversity * define_diversity(x_ND, R, L * D, R);
}

static void gradients_are_the_slopes(void **state)
{
    (void)state;
    static const struct {
        double repetition, diversity, entropy, tau;
        int candidates, bos;
    } cases[] = {{0, 0, 0, 2, 1000, 0},   {0, 0, 0, 0.3, 20, -1}, {5, 0, 0, 1, 1000, 0},
                 {0, 5, 0, 1, 1000, 0},   {0, 0, 5, 1, 1000, 0},  {2, 3, 4, 0.5, 30, 0},
                 {2, 3, 4, 0.5, 1000, -1}};
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        float w_FD[5 * D], b_F[5];
        bed *b = bed_open("ref", 1, "hook_embed", 0);
        set_linear(b, w_FD, b_F);
        b->set.bos = cases[c].bos;
        relaxed_options o = relaxed_defaults();
        o.repetition = cases[c].repetition;
        o.diversity = cases[c].diversity;
        o.candidates = cases[c].candidates;
        relaxed_job job = {.feature = 3, .scale = 2, .length = L, .restarts = R, .seed = c};
        relaxed_pass p;
        err e = {0};
        open_group(&p, b, &job, &o);
        mixture *m = p.mix;
        rng r = rng_stream(c, "test_relaxed direction");
        double tau = cases[c].tau;
        for (int row = 0; row < R * L; row++) /* rows of a restart alike, so that they repeat */
            for (int k = 0; k < m->n; k++)
                ROW(m->theta_NK, row, m->K)
        [k] = 0.3f * ROW(m->theta_NK, row, m->K)[k] + ROW(m->theta_NK, 0, m->K)[k];
        assert_int_equal(relaxed_pass_values(&p, tau, 0, 0, &e), OK);
        assert_int_equal(relaxed_pass_gradient(&p, tau, cases[c].entropy, &e), OK);
        size_t cells = (size_t)R * L * (size_t)m->K;
        double *up = mem_small(cells, sizeof *up), *down = mem_small(cells, sizeof *down);
        double size = 0, slope = 0;
        const double h = 1e-5;
        for (size_t i = 0; i < cells; i++) {
            double step = rng_normal(&r);
            up[i] = (double)m->theta_NK[i] + h * step;
            down[i] = (double)m->theta_NK[i] - h * step;
            slope += (int)(i % (size_t)m->K) < m->n ? step * (double)m->d_theta_NK[i] : 0;
            size += (int)(i % (size_t)m->K) < m->n ? pow((double)m->d_theta_NK[i], 2) : 0;
        }
        double want = (define_loss(&p, up, tau, cases[c].entropy, w_FD + 3 * D, (double)b_F[3]) -
                       define_loss(&p, down, tau, cases[c].entropy, w_FD + 3 * D, (double)b_F[3])) /
                      (2 * h);
        if (!(fabs(slope - want) < 1e-5 * sqrt(size)))
            fail_msg("case %zu: slope %.9g, expected %.9g (gradient %g)", c, slope, want,
                     sqrt(size));
        mem_free(up);
        mem_free(down);
        close_group(&p);
        bed_close(b);
    }
}

/* ---- mixtures and tokens -----------------------------------------------------------------------
 */

static void one_token_is_that_token(void **state)
{
    (void)state;
    static const char *const backends[] = {"ref", "cpu"};
    static const int bos[] = {0, -1};
    for (int k = 0; k < 4; k++) {
        bed *b = bed_open(backends[k % 2], 2, "blocks.1.hook_resid_post", 0);
        b->set.bos = bos[k / 2];
        relaxed_options o = relaxed_defaults();
        relaxed_job job = {.feature = 2, .scale = 3, .length = L, .restarts = R, .seed = 1};
        relaxed_pass p;
        err e = {0};
        int32_t tokens[R * L], read[R * L];
        float mixed[R * (L + 1)], measured[R * (L + 1)];
        open_group(&p, b, &job, &o);
        mixture *m = p.mix;
        rng r = rng_stream(2, "test_relaxed tokens");
        memset(m->theta_NK, 0, (size_t)(R * L * m->K) * sizeof *m->theta_NK);
        for (int row = 0; row < R * L; row++) {
            int c = (int)rng_below(&r, (uint32_t)m->n);
            tokens[row] = m->ids_K[c];
            m->theta_NK[row * m->K + c] = 100;
        }
        mixture_read(read, m);
        assert_memory_equal(read, tokens, sizeof tokens);
        assert_int_equal(relaxed_pass_values(&p, 1, 0, 0, &e), OK);
        memcpy(mixed, p.host_value_N, (size_t)(R * (L + p.skip)) * sizeof *mixed);
        assert_int_equal(relaxed_pass_tokens(&p, tokens, &e), OK);
        memcpy(measured, p.host_value_N, (size_t)(R * (L + p.skip)) * sizeof *measured);
        for (int i = 0; i < R * (L + p.skip); i++)
            assert_true(fabsf(mixed[i] - measured[i]) < 1e-5f * (1 + fabsf(measured[i])));
        /* And what is measured is what the feature does on the tokens. */
        for (int restart = 0; restart < R; restart++) {
            probe_input input = {.tokens_L = tokens + restart * L, .length = L};
            probe_result result = {0};
            assert_int_equal(probe_inputs(&result, &b->set, &input, &job.feature, 1, false, &e),
                             OK);
            assert_true(fabsf(relaxed_pass_best(&p, restart) - result.pre_activation) < 1e-4f);
        }
        close_group(&p);
        bed_close(b);
    }
}

/* ---- candidates --------------------------------------------------------------------------------
 */

static bool holds(const mixture *m, int32_t id)
{
    for (int c = 0; c < m->n; c++)
        if (m->ids_K[c] == id)
            return true;
    return false;
}

static void candidates_are_exchanged(void **state)
{
    (void)state;
    enum { ROWS = 2, K = 40 };
    bed *b = bed_open("ref", 1, "hook_embed", 0);
    rng stream = rng_stream(3, "test_relaxed candidates");
    mixture *m;
    err e = {0};
    float d_x[ROWS * D];
    int32_t best[ROWS * 5], before[K];
    assert_int_equal(mixture_new(&m, b->table, ROWS, K, &stream, 0, &e), OK);
    assert_int_equal(m->n, K / 2);
    /* Free places are filled, each row's favourites first. */
    rng r = rng_stream(4, "test_relaxed gradient");
    for (int i = 0; i < ROWS * D; i++)
        d_x[i] = (float)rng_normal(&r);
    assert_int_equal(mixture_refresh(m, d_x, 1, &e), OK);
    assert_int_equal(m->n, K);
    assert_int_equal(token_table_largest(best, NULL, b->table, d_x, ROWS, 5, &e), OK);
    for (int i = 0; i < ROWS * 5; i++)
        assert_true(holds(m, best[i]));
    /* A new one stands at the weight of an average one. */
    float x[ROWS * D];
    for (int c = K / 2 + 1; c < K; c++)
        for (int row = 0; row < ROWS; row++)
            assert_true(m->theta_NK[row * K + c] == m->theta_NK[row * K + K / 2]);
    assert_int_equal(mixture_mix(x, m, 1, 0, 0, &e), OK);
    double old = 0;
    for (int c = 0; c < K / 2; c++)
        old += (double)m->weight_NK[c];
    assert_true(fabs(old - 0.5) < 1e-6);
    /* All have weight: a full set stays as it is. */
    for (int i = 0; i < ROWS * D; i++)
        d_x[i] = (float)rng_normal(&r);
    memcpy(before, m->ids_K, sizeof before);
    assert_int_equal(mixture_refresh(m, d_x, 1, &e), OK);
    assert_memory_equal(before, m->ids_K, sizeof before);
    /* Two that carry all the weight stay, wanted ones come in for the rest, none twice. */
    m->theta_NK[7] = m->theta_NK[K + 9] = 100;
    m->first_NK[3] = m->second_NK[3] = 5;
    for (int i = 0; i < ROWS * D; i++)
        d_x[i] = (float)rng_normal(&r);
    assert_int_equal(mixture_refresh(m, d_x, 1, &e), OK);
    assert_true(m->ids_K[7] == before[7] && m->ids_K[9] == before[9]);
    assert_int_equal(token_table_largest(best, NULL, b->table, d_x, ROWS, 5, &e), OK);
    for (int i = 0; i < ROWS * 5; i++)
        assert_true(holds(m, best[i]));
    for (int c = 0; c < K; c++)
        for (int other = 0; other < c; other++)
            assert_int_not_equal(m->ids_K[c], m->ids_K[other]);
    if (m->ids_K[3] != before[3])
        assert_true(m->first_NK[3] == 0 && m->second_NK[3] == 0);
    for (int c = 0; c < K; c++) { /* the embeddings moved with the ids */
        float row[D];
        token_table_row(row, b->table, m->ids_K[c]);
        assert_memory_equal(row, m->e_KD + c * D, sizeof row);
    }
    mixture_free(m);
    bed_close(b);
}

/* ---- whole runs --------------------------------------------------------------------------------
 */

static void run(bed *b, relaxed_job *jobs, int n, const relaxed_options *o)
{
    err e = {0};
    int done = 0;
    if (relaxed_run(jobs, n, &done, &b->set, o, &b->memory, &e))
        fail_msg("%s", e.text);
}

/* A linear feature of the embedding: every position's best token is known. */
static void a_linear_feature_finds_its_token(void **state)
{
    (void)state;
    static const int candidates[] = {1000, 30};
    for (int k = 0; k < 2; k++) {
        float w_FD[5 * D], b_F[5];
        bed *b = bed_open("cpu", 2, "hook_embed", 0);
        set_linear(b, w_FD, b_F);
        relaxed_options o = relaxed_defaults();
        o.candidates = candidates[k];
        relaxed_job jobs[5] = {{0}};
        for (int f = 0; f < 5; f++)
            jobs[f] =
                (relaxed_job){.feature = f, .scale = 1, .length = 3, .restarts = 2, .seed = 9};
        run(b, jobs, 5, &o);
        for (int f = 0; f < 5; f++) {
            int32_t best;
            float dot;
            err e = {0};
            assert_int_equal(token_table_largest(&best, &dot, b->table, w_FD + f * D, 1, 1, &e),
                             OK);
            for (int restart = 0; restart < 2; restart++) {
                float want = dot + b_F[f], got = jobs[f].value_R[restart];
                bool found = false;
                for (int i = 0; i < 3; i++)
                    found = found || jobs[f].tokens_RL[restart * 3 + i] == best;
                if (!found || fabsf(got - want) > 1e-4f)
                    fail_msg("feature %d, restart %d: %g, best token %g", f, restart, (double)got,
                             (double)want);
                assert_true(fabsf(jobs[f].relaxed_R[restart] - want) < 0.01f * fabsf(dot));
                assert_true(jobs[f].first_gradient_R[restart] > 0); /* the silent one too */
            }
        }
        bed_close(b);
    }
}

/* Through the whole model: better than where it began, and at the end mixture and tokens agree. */
static void the_relaxation_gap_closes(void **state)
{
    (void)state;
    enum { N = 6 };
    bed *b = bed_open("cpu", 2, "blocks.1.hook_resid_post", 0);
    relaxed_options o = relaxed_defaults();
    relaxed_job jobs[N], first[N];
    for (int i = 0; i < N; i++)
        jobs[i] = first[i] =
            (relaxed_job){.feature = i, .scale = 3, .length = 5, .restarts = 4, .seed = 9};
    relaxed_options one = o;
    one.steps = one.decode_every = 1;
    run(b, first, N, &one);
    o.decode_every = o.steps; /* only the last reading, which is the one the mixture became */
    run(b, jobs, N, &o);
    int better = 0;
    for (int i = 0; i < N; i++)
        for (int r = 0; r < 4; r++) {
            double value = (double)jobs[i].value_R[r], relaxed = (double)jobs[i].relaxed_R[r];
            if (!(fabs(relaxed - value) < 0.01 * fmax(fabs(value), jobs[i].scale)))
                fail_msg("feature %d, restart %d: mixture %g, tokens %g", i, r, relaxed, value);
            assert_true(jobs[i].first_gradient_R[r] > 0);
            better += value > (double)first[i].value_R[r] + 0.3;
            probe_input input = {.tokens_L = jobs[i].tokens_RL + r * 5, .length = 5};
            probe_result result = {0};
            err e = {0};
            assert_int_equal(probe_inputs(&result, &b->set, &input, &jobs[i].feature, 1, false, &e),
                             OK);
            assert_true(fabs((double)result.pre_activation - value) < 1e-4);
        }
    assert_true(better > 4 * N * 3 / 4);
    bed_close(b);
}

static void more_readings_are_never_worse(void **state)
{
    (void)state;
    bed *b = bed_open("ref", 1, "blocks.0.hook_mlp_out", 0);
    relaxed_options often = relaxed_defaults(), once;
    often.steps = 40;
    often.decode_every = 5;
    once = often;
    once.decode_every = often.steps;
    relaxed_job job = {.feature = 1, .scale = 3, .length = 4, .restarts = 3, .seed = 2};
    relaxed_job again = job;
    run(b, &job, 1, &often);
    run(b, &again, 1, &once);
    for (int r = 0; r < 3; r++) {
        assert_true(job.value_R[r] >= again.value_R[r]);
        assert_true(job.relaxed_R[r] == again.relaxed_R[r]); /* reading changes nothing */
    }
    bed_close(b);
}

static void assert_same(const relaxed_job *a, const relaxed_job *b)
{
    size_t n = (size_t)a->restarts;
    assert_memory_equal(a->tokens_RL, b->tokens_RL, n * (size_t)a->length * sizeof(int32_t));
    assert_memory_equal(a->value_R, b->value_R, n * sizeof(float));
    assert_memory_equal(a->relaxed_R, b->relaxed_R, n * sizeof(float));
    assert_memory_equal(a->first_gradient_R, b->first_gradient_R, n * sizeof(float));
}

/* Neither the jobs beside it, nor its place among them, nor threads. */
static void company_and_threads_do_not_matter(void **state)
{
    (void)state;
    enum { N = 5 };
    relaxed_options o = relaxed_defaults();
    o.steps = 30;
    o.candidates = 30;
    o.refresh_every = 7;
    o.repetition = o.diversity = 0.2;
    o.batch_sequences = 3;
    bed *b[2];
    relaxed_job alone[N], together[N], backwards[N];
    for (int i = 0; i < N; i++)
        alone[i] = together[i] = backwards[N - 1 - i] = (relaxed_job){
            .feature = i, .scale = 2 + i, .length = 2 + i * 3 % 5, .restarts = 1 + i, .seed = 5};
    b[0] = bed_open("cpu", 1, "blocks.1.hook_resid_post", 0);
    b[1] = bed_open("cpu", 2, "blocks.1.hook_resid_post", 0);
    for (int i = 0; i < N; i++)
        run(b[0], &alone[i], 1, &o);
    run(b[0], together, N, &o);
    run(b[1], backwards, N, &o);
    for (int i = 0; i < N; i++) {
        assert_same(&alone[i], &together[i]);
        assert_same(&alone[i], &backwards[N - 1 - i]);
    }
    /* The seed does matter. */
    relaxed_job other = together[4];
    other.seed = 6;
    run(b[0], &other, 1, &o);
    assert_true(memcmp(other.relaxed_R, alone[4].relaxed_R, 5 * sizeof(float)) != 0);
    bed_close(b[0]);
    bed_close(b[1]);
}

/* Each penalty lowers what it is about. */
static void penalties_buy_what_they_are_for(void **state)
{
    (void)state;
    enum { LONG = 6, MANY = 4 };
    int copies[3] = {0}, alike[3] = {0};
    for (int k = 0; k < 3; k++) {
        float w_FD[5 * D], b_F[5];
        bed *b = bed_open("cpu", 2, "hook_embed", 0);
        set_linear(b, w_FD, b_F);
        relaxed_options o = relaxed_defaults();
        o.steps = 120;
        o.entropy = 0.5; /* below what the objective is worth, so that every position takes part */
        o.repetition = k == 1 ? 20 : 0;
        o.diversity = k == 2 ? 20 : 0;
        o.decode_every = o.steps;
        relaxed_job job = {.feature = 1, .scale = 4, .length = LONG, .restarts = MANY, .seed = 3};
        run(b, &job, 1, &o);
        for (int r = 0; r < MANY; r++)
            for (int i = 0; i < LONG; i++) {
                for (int j = 0; j < i; j++)
                    copies[k] += job.tokens_RL[r * LONG + i] == job.tokens_RL[r * LONG + j];
                for (int other = 0; other < r; other++)
                    alike[k] += job.tokens_RL[r * LONG + i] == job.tokens_RL[other * LONG + i];
            }
        bed_close(b);
    }
    assert_true(copies[0] > 5 && copies[1] < copies[0] / 2);
    assert_true(alike[0] > 2 && alike[2] < alike[0] / 2);
}

static void limits(void **state)
{
    (void)state;
    err e = {0};
    bed *b = bed_open("ref", 1, "hook_embed", 0);
    relaxed_options o = relaxed_defaults();
    o.steps = 1;
    relaxed_job job = {.feature = 0, .scale = 1, .length = RIG_CONTEXT, .restarts = 1};
    int done = 0;
    assert_int_equal(relaxed_run(&job, 1, &done, &b->set, &o, &b->memory, &e), E_CONFIG);
    assert_non_null(strstr(e.text, "optimise.sequence_length"));
    job.length = RIG_CONTEXT - 1; /* with the BOS just enough */
    run(b, &job, 1, &o);
    job.length = 1; /* the shortest */
    o.candidates = 1;
    run(b, &job, 1, &o);
    assert_true(isfinite(job.value_R[0]));
    job.feature = RIG_F;
    assert_int_equal(relaxed_run(&job, 1, &done, &b->set, &o, &b->memory, &e), E_DATA);
    job.feature = 0;
    float *E = model_embedding(b->r.model)->value;
    for (int i = 0; i < 1000; i++)
        E[i] = (float)NAN;
    o.candidates = 1000;
    assert_int_equal(relaxed_run(&job, 1, &done, &b->set, &o, &b->memory, &e), E_NUMERIC);
    bed_close(b);
}

static void cost_grows_with_what_is_done(void **state)
{
    (void)state;
    bed *b = bed_open("ref", 1, "blocks.1.hook_resid_post", 0);
    relaxed_options o = relaxed_defaults(), twice = o;
    twice.steps *= 2;
    double once = relaxed_flops(&b->set, &o, 10);
    assert_true(once > 0);
    assert_true(fabs(relaxed_flops(&b->set, &twice, 10) / once - 2) < 1e-9);
    assert_true(relaxed_flops(&b->set, &o, 20) > 1.9 * once);
    bed_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_the_slopes),
        cmocka_unit_test(one_token_is_that_token),
        cmocka_unit_test(candidates_are_exchanged),
        cmocka_unit_test(a_linear_feature_finds_its_token),
        cmocka_unit_test(the_relaxation_gap_closes),
        cmocka_unit_test(more_readings_are_never_worse),
        cmocka_unit_test(company_and_threads_do_not_matter),
        cmocka_unit_test(penalties_buy_what_they_are_for),
        cmocka_unit_test(limits),
        cmocka_unit_test(cost_grows_with_what_is_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
