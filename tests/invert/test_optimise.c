/* The optimiser on a small model: closed forms, what each option does, and what must not matter. */
#include "test.h"

#include "base/memory.h"
#include "base/rng.h"
#include "invert/common_bed.h"
#include "invert/common_penalties.h"
#include "invert/probe.h"
#include <math.h>
#include <string.h>

enum { D = RIG_D, LONGEST = 8 };

static optimise_options options(void)
{
    return (optimise_options){.max_steps = 60,
                              .patience = 1000,
                              .tolerance = 1e-3,
                              .learning_rate = 0.1,
                              .norm_limit = 1,
                              .diversity_window = 3,
                              .repetition_window = 3,
                              .batch_sequences = 64,
                              .curve_points = 1000};
}

/* n jobs of features 0, 1, 2 ... with random starts. */
static optimise_job *make_jobs(bed *b, int n, int length)
{
    optimise_job *jobs = arena_push(&b->memory, (size_t)n, sizeof *jobs);
    for (int i = 0; i < n; i++) {
        jobs[i] = (optimise_job){.feature = i % 5, .scale = 3, .length = length};
        jobs[i].x_LD = arena_push(&b->memory, LONGEST * D, sizeof(float));
        optimise_random_start(jobs[i].x_LD, b->table, 7, i % 5, i, length, 0.1);
    }
    return jobs;
}

static void run(bed *b, optimise_job *jobs, int n, const optimise_options *o)
{
    err e = {0};
    if (optimise_jobs(jobs, n, &b->set, o, &b->memory, &e))
        fail_msg("%s", e.text);
}

static double row_norm(const float *x)
{
    double squares = 0;
    for (int d = 0; d < D; d++)
        squares += (double)x[d] * (double)x[d];
    return sqrt(squares);
}

/* The feature's largest pre-activation on the job's input, run anew. */
static double measured(bed *b, const optimise_job *job, float *reached)
{
    probe_input input = {.x_LD = job->x_LD, .length = job->length};
    probe_result result = {0};
    err e = {0};
    assert_int_equal(probe_inputs(&result, &b->set, &input, &job->feature, 1, false, &e), OK);
    *reached = result.activation;
    return (double)result.pre_activation;
}

/* A linear feature of the embedding itself: the best input in a ball of radius r is r w / |w|,
 * worth |w| r + b. */
static void a_linear_feature_reaches_its_closed_form(void **state)
{
    (void)state;
    static const char *const backends[] = {"ref", "cpu"};
    static const int bos[] = {0, -1};
    for (int k = 0; k < 2; k++) {
        float w_FD[3 * D], b_F[3] = {0.25f, -1, -100};
        rng r = rng_stream(1, "linear");
        for (int i = 0; i < 3 * D; i++)
            w_FD[i] = (float)(rng_normal(&r) * (i % D == 0 ? 4 : 1));
        bed *b = bed_open(backends[k], 2, "hook_embed", 0);
        bed_set_directions(b, w_FD, b_F, 3);
        b->set.bos = bos[k];
        optimise_options o = options();
        o.max_steps = 300;
        o.norm_limit = 1.3;
        optimise_job *jobs = make_jobs(b, 3, 4);
        for (int f = 0; f < 3; f++)
            jobs[f].feature = f;
        run(b, jobs, 3, &o);
        for (int f = 0; f < 3; f++) {
            double limit = 1.3 * b->table->max_norm, w = row_norm(w_FD + f * D);
            double want = w * limit + (double)b_F[f], got = (double)jobs[f].objective;
            if (!(fabs(got - want) < 0.01 * w * limit && got <= want + 1e-4))
                fail_msg("%s, feature %d: %g, closed form %g", backends[k], f, got, want);
            assert_true(fabs((double)jobs[f].activation - fmax(0, got)) < 1e-6);
        }
        assert_true(jobs[2].objective < -50); /* silent, and yet it had a gradient */
        bed_close(b);
    }
}

static void climbs_and_says_what_it_reached(void **state)
{
    (void)state;
    enum { N = 6 };
    static const char *const hooks[] = {"blocks.1.hook_resid_post", "blocks.0.hook_mlp_out",
                                        "blocks.1.attn.hook_z"};
    for (size_t h = 0; h < COUNT_OF(hooks); h++) {
        bed *b = bed_open("cpu", 2, hooks[h], 0);
        optimise_options o = options();
        optimise_job *jobs = make_jobs(b, N, 5);
        run(b, jobs, N, &o);
        for (int i = 0; i < N; i++) {
            const optimise_job *job = &jobs[i];
            float reached;
            double start = (double)job->curve[0].objective, best = start;
            assert_int_equal(job->last_step, o.max_steps);
            assert_int_equal(job->n_curve, o.max_steps); /* every step is recorded */
            assert_false(job->converged);
            for (int k = 0; k < job->n_curve; k++) {
                assert_int_equal(job->curve[k].step, k);
                assert_true(fabsf(job->curve[k].loss + job->curve[k].objective) < 1e-5f);
                best = fmax(best, (double)job->curve[k].objective);
            }
            assert_true((double)job->objective == best && best > start + 1);
            /* The input handed back is the one that did it. */
            assert_true(fabs(measured(b, job, &reached) - best) < 1e-4);
            assert_true(fabsf(reached - job->activation) < 1e-4f);
            for (int i_row = 0; i_row < job->length; i_row++)
                assert_true(row_norm(job->x_LD + i_row * D) < b->table->max_norm * 1.00001);
        }
        bed_close(b);
    }
}

/* One step of Adam moves every number by rate * sign(gradient) of the whole objective: the smooth
 * maximum, the penalties and the cross-entropy, here by finite differences. */
static double whole_objective(bed *b, const optimise_options *o, const optimise_job *job,
                              const float *x)
{
    enum { L = 4, T = L + 1 };
    int32_t tokens[T] = {0, -1, -1, -1, -1}, targets[T], nearest[L];
    float full[T * D] = {0}, h[T * D], loss[T], rows[L * D];
    double exact[L * D];
    err e = {0};
    memcpy(full + D, x, L * D * sizeof *x);
    rig_run(h, &b->r, tokens, full, T);
    float f_TF[T * RIG_F], pre_TF[T * RIG_F];
    sae_encode(f_TF, b->r.sae, h, T);
    sae_preactivations(pre_TF, b->r.sae, h, T);
    double total = 0, softness = 0.15 * job->scale;
    for (int t = 1; t < T; t++)
        total += exp((double)pre_TF[t * RIG_F + job->feature] / softness);
    assert_int_equal(token_table_nearest(nearest, NULL, b->table, job->x_LD, L, 1, &e), OK);
    for (int i = 0; i < L; i++) {
        token_table_row(rows + i * D, b->table, nearest[i]);
        targets[i] = nearest[i];
    }
    targets[L] = -1;
    double coherence = 0;
    forward *f;
    assert_int_equal(forward_new(&f, b->r.model, 1, T, NULL, FORWARD_ONLY, &e), OK);
    assert_int_equal(forward_mixed(f, tokens, full, 1, T, NULL, &e), OK);
    assert_int_equal(forward_loss(loss, f, targets, &e), OK);
    forward_free(f);
    for (int t = 0; t < T; t++)
        coherence += (double)loss[t] / L;
    for (int i = 0; i < L * D; i++)
        exact[i] = (double)x[i];
    return -softness * log(total) +
           o->lambda_reg * define_distance(exact, rows, L, D, b->table->rms) +
           o->diversity_penalty * define_diversity(exact, L, D, o->diversity_window) +
           o->repetition_penalty * define_repetition(exact, L, D, o->repetition_window) +
           o->coherence_weight * coherence;
}

static void the_first_step_goes_down_the_whole_gradient(void **state)
{
    (void)state;
    enum { L = 4 };
    bed *b = bed_open("ref", 1, "blocks.1.hook_resid_post", 0);
    static const struct {
        double lambda, diversity, repetition, coherence;
    } cases[] = {
        {0, 0, 0, 0},  /* the feature alone */
        {30, 0, 0, 0}, /* each term large enough to turn signs */
        {0, 30, 0, 0}, {0, 0, 1000, 0}, {0, 0, 0, 30}, {3, 4, 5, 6},
    };
    float alone[L * D];
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        optimise_options o = options();
        o.max_steps = 2;
        o.norm_limit = 0;
        o.learning_rate = 1e-3;
        o.lambda_reg = cases[c].lambda;
        o.diversity_penalty = cases[c].diversity;
        o.repetition_penalty = cases[c].repetition;
        o.coherence_weight = cases[c].coherence;
        optimise_job *job = make_jobs(b, 1, L);
        job->feature = 3;
        job->frozen = 1;
        for (int d = 0; d < D; d++) /* near-copies, so that the repetition counts */
            job->x_LD[2 * D + d] = job->x_LD[1 * D + d] + 0.3f * job->x_LD[2 * D + d];
        float start[L * D];
        double slope[L * D];
        memcpy(start, job->x_LD, sizeof start);
        double largest = 0;
        for (int i = 0; i < L * D; i++) {
            float x[L * D];
            const float h = 2e-3f;
            memcpy(x, start, sizeof x);
            x[i] = start[i] + h;
            double up = whole_objective(b, &o, job, x);
            x[i] = start[i] - h;
            slope[i] = (up - whole_objective(b, &o, job, x)) / (2 * (double)h);
            largest = fmax(largest, fabs(slope[i]));
        }
        run(b, job, 1, &o);
        int checked = 0, turned = 0;
        double rate = 1e-3 * b->table->rms;
        assert_true(job->curve[1].loss < job->curve[0].loss);
        for (int i = 0; i < L * D; i++) {
            double moved = (double)job->x_LD[i] - (double)start[i];
            if (i < D) {
                assert_true(moved == 0); /* frozen */
            } else if (fabs(slope[i]) > 0.03 * largest) {
                if (fabs(moved + copysign(rate, slope[i])) > 0.02 * rate)
                    fail_msg("case %zu, number %d: slope %g, moved %g of %g", c, i, slope[i], moved,
                             rate);
                checked++;
            }
            if (c == 0)
                alone[i] = (float)slope[i];
            turned += (slope[i] > 0) != (alone[i] > 0);
        }
        assert_true(checked >= D);
        if (c > 0 && turned < 3) /* the added term was felt */
            fail_msg("case %zu: %d slopes turned", c, turned);
    }
    bed_close(b);
}

static void frozen_positions_stay(void **state)
{
    (void)state;
    bed *b = bed_open("cpu", 1, "blocks.1.hook_resid_post", 0);
    optimise_options o = options();
    o.lambda_reg = o.diversity_penalty = o.coherence_weight = 0.1;
    o.norm_limit = 0.01; /* the ball is for what is optimised */
    for (int frozen = 0; frozen <= 4; frozen += 2) {
        float start[4 * D];
        optimise_job *job = make_jobs(b, 1, 4);
        job->frozen = frozen;
        memcpy(start, job->x_LD, sizeof start);
        run(b, job, 1, &o);
        assert_memory_equal(job->x_LD, start, (size_t)frozen * D * sizeof *start);
        for (int i = frozen; i < 4; i++) {
            assert_true(memcmp(job->x_LD + i * D, start + i * D, D * sizeof *start) != 0);
            assert_true(row_norm(job->x_LD + i * D) < 0.01001 * b->table->max_norm);
        }
    }
    bed_close(b);
}

/* Neighbours in the batch, padding behind short jobs and the order of refilling change nothing but
 * rounding. */
static void a_job_does_not_depend_on_its_batch(void **state)
{
    (void)state;
    enum { N = 7 };
    static const int lengths[N] = {3, 8, 1, 5, 8, 2, 4}, batches[] = {N, 3, 1};
    bed *b = bed_open("ref", 1, "blocks.1.hook_resid_post", 0);
    optimise_options o = options();
    o.max_steps = 12;
    o.lambda_reg = 0.2;
    o.diversity_penalty = 0.3;
    o.coherence_weight = 0.5;
    optimise_job *alone = make_jobs(b, N, LONGEST);
    for (int i = 0; i < N; i++) {
        alone[i].length = lengths[i];
        run(b, &alone[i], 1, &o);
    }
    for (size_t k = 0; k < COUNT_OF(batches); k++) {
        o.batch_sequences = batches[k];
        optimise_job *jobs = make_jobs(b, N, LONGEST);
        for (int i = 0; i < N; i++)
            jobs[i].length = lengths[i];
        run(b, jobs, N, &o);
        for (int i = 0; i < N; i++) {
            assert_int_equal(jobs[i].last_step, o.max_steps);
            assert_int_equal(jobs[i].n_curve, alone[i].n_curve);
            for (int c = 0; c < jobs[i].n_curve; c++)
                if (fabsf(jobs[i].curve[c].loss - alone[i].curve[c].loss) > 1e-3f)
                    fail_msg("batch of %d, job %d, step %d: loss %g, alone %g", batches[k], i, c,
                             (double)jobs[i].curve[c].loss, (double)alone[i].curve[c].loss);
        }
    }
    bed_close(b);
}

/* Many jobs that end at different steps, through few slots. */
static void converged_jobs_make_room(void **state)
{
    (void)state;
    enum { N = 23 };
    bed *b = bed_open("cpu", 2, "blocks.1.hook_resid_post", 0);
    optimise_options o = options();
    o.batch_sequences = 4;
    o.max_steps = 90;
    o.patience = 6;
    o.tolerance = 0.02;
    o.curve_points = 5;
    optimise_job *jobs = make_jobs(b, N, 3);
    run(b, jobs, N, &o);
    int converged = 0, kinds = 0;
    for (int i = 0; i < N; i++) {
        assert_true(jobs[i].last_step > 0 && jobs[i].last_step <= o.max_steps);
        assert_true(jobs[i].converged == (jobs[i].last_step < o.max_steps) || jobs[i].converged);
        assert_true(jobs[i].n_curve >= 1 && jobs[i].n_curve <= o.curve_points + 1);
        assert_int_equal(jobs[i].curve[jobs[i].n_curve - 1].step, jobs[i].last_step - 1);
        for (int k = 1; k < jobs[i].n_curve; k++)
            assert_true(jobs[i].curve[k].step > jobs[i].curve[k - 1].step);
        float reached;
        assert_true(fabs(measured(b, &jobs[i], &reached) - (double)jobs[i].objective) < 1e-4);
        converged += jobs[i].converged;
        kinds += jobs[i].last_step != jobs[0].last_step;
    }
    assert_true(converged > N / 2 && kinds > 3);
    bed_close(b);
}

/* No gain of `tolerance` in `patience` steps ends a job, not sooner and not later. */
static void patience(void **state)
{
    (void)state;
    bed *b = bed_open("ref", 1, "blocks.1.hook_resid_post", 0);
    optimise_options o = options();
    o.learning_rate = 1e-9; /* nothing is gained */
    o.patience = 9;
    optimise_job *job = make_jobs(b, 1, 3);
    run(b, job, 1, &o);
    assert_true(job->converged);
    assert_int_equal(job->last_step, 10);
    o.patience = o.max_steps; /* the limit comes first */
    job = make_jobs(b, 1, 3);
    run(b, job, 1, &o);
    assert_false(job->converged);
    assert_int_equal(job->last_step, o.max_steps);
    bed_close(b);
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    enum { N = 9 };
    optimise_options o = options();
    o.lambda_reg = o.coherence_weight = o.repetition_penalty = 0.2;
    o.batch_sequences = 5;
    o.patience = 15;
    bed *b[2];
    optimise_job *jobs[2];
    for (int t = 0; t < 2; t++) {
        b[t] = bed_open("cpu", t + 1, "blocks.1.hook_resid_post", 0);
        jobs[t] = make_jobs(b[t], N, 6);
        run(b[t], jobs[t], N, &o);
    }
    for (int i = 0; i < N; i++) {
        assert_int_equal(jobs[0][i].last_step, jobs[1][i].last_step);
        assert_int_equal(jobs[0][i].n_curve, jobs[1][i].n_curve);
        assert_memory_equal(jobs[0][i].x_LD, jobs[1][i].x_LD, 6 * D * sizeof(float));
        assert_memory_equal(jobs[0][i].curve, jobs[1][i].curve,
                            (size_t)jobs[0][i].n_curve * sizeof *jobs[0][i].curve);
    }
    bed_close(b[0]);
    bed_close(b[1]);
}

typedef struct means {
    double distance, diversity, repetition, activation, cross_entropy;
} means;

/* Means over jobs at the end of optimisation with these options. */
static means outcome(const optimise_options *o)
{
    enum { N = 8, L = 6 };
    means m = {0};
    err e = {0};
    bed *b = bed_open("cpu", 2, "blocks.1.hook_resid_post", 0);
    optimise_job *jobs = make_jobs(b, N, L);
    run(b, jobs, N, o);
    for (int i = 0; i < N; i++) {
        float rows[L * D];
        double exact[L * D];
        int32_t nearest[L], tokens[L + 1] = {0, -1, -1, -1, -1, -1, -1}, targets[L + 1];
        float full[(L + 1) * D] = {0}, loss[L + 1];
        assert_int_equal(token_table_nearest(nearest, NULL, b->table, jobs[i].x_LD, L, 1, &e), OK);
        for (int k = 0; k < L; k++) {
            token_table_row(rows + k * D, b->table, nearest[k]);
            targets[k] = nearest[k];
        }
        targets[L] = -1;
        memcpy(full + D, jobs[i].x_LD, L * D * sizeof *full);
        forward *f;
        assert_int_equal(forward_new(&f, b->r.model, 1, L + 1, NULL, FORWARD_ONLY, &e), OK);
        assert_int_equal(forward_mixed(f, tokens, full, 1, L + 1, NULL, &e), OK);
        assert_int_equal(forward_loss(loss, f, targets, &e), OK);
        forward_free(f);
        for (int t = 0; t < L; t++)
            m.cross_entropy += (double)loss[t] / L / N;
        for (int k = 0; k < L * D; k++)
            exact[k] = (double)jobs[i].x_LD[k];
        m.distance += define_distance(exact, rows, L, D, b->table->rms) / N;
        m.diversity += define_diversity(exact, L, D, 3) / N;
        m.repetition += define_repetition(exact, L, D, 3) / N;
        m.activation += (double)jobs[i].activation / N;
    }
    bed_close(b);
    return m;
}

static void each_penalty_buys_what_it_is_for(void **state)
{
    (void)state;
    optimise_options o = options();
    o.max_steps = 80;
    means plain = outcome(&o);
    assert_true(plain.activation > 1);

    optimise_options with = o;
    with.lambda_reg = 10;
    means m = outcome(&with);
    assert_true(m.distance < 0.5 * plain.distance && m.activation < plain.activation);
    with = o;
    with.diversity_penalty = 20;
    m = outcome(&with);
    assert_true(m.diversity < plain.diversity - 0.2);
    with = o;
    with.repetition_penalty = 20;
    m = outcome(&with);
    assert_true(plain.repetition > 0.005 && m.repetition < 0.2 * plain.repetition);
    with = o;
    with.coherence_weight = 10;
    m = outcome(&with);
    assert_true(m.cross_entropy < plain.cross_entropy - 0.2);
}

static void starts(void **state)
{
    (void)state;
    enum { L = 40 };
    bed *b = bed_open("ref", 1, "hook_embed", 0);
    static float x[L * D], y[L * D];
    optimise_random_start(x, b->table, 1, 2, 3, L, 0);
    int different = 0;
    int32_t first = -1;
    for (int i = 0; i < L; i++) {
        int found = -1;
        for (int c = 0; c < b->table->n && found < 0; c++)
            if (!memcmp(x + i * D, model_embedding(b->r.model)->value + b->table->ids[c] * D,
                        D * sizeof *x))
                found = b->table->ids[c];
        assert_true(found > 0); /* without noise, candidates themselves */
        first = first < 0 ? found : first;
        different += found != first;
    }
    assert_true(different > L / 2);
    optimise_random_start(y, b->table, 1, 2, 3, L, 0);
    assert_memory_equal(x, y, sizeof x);
    static const struct {
        uint64_t seed;
        int feature, restart;
    } others[] = {{2, 2, 3}, {1, 3, 3}, {1, 2, 4}, {1, 3, 2}};
    for (size_t k = 0; k < COUNT_OF(others); k++) {
        optimise_random_start(y, b->table, others[k].seed, others[k].feature, others[k].restart, L,
                              0);
        assert_memory_not_equal(x, y, sizeof x);
    }
    /* Noise of a known size on the same or other tokens. */
    double squares = 0;
    optimise_random_start(y, b->table, 1, 2, 3, L, 1e-3);
    int32_t nearest[L];
    err e = {0};
    assert_int_equal(token_table_nearest(nearest, NULL, b->table, y, L, 1, &e), OK);
    for (int i = 0; i < L; i++)
        for (int d = 0; d < D; d++)
            squares += pow((double)y[i * D + d] -
                               (double)model_embedding(b->r.model)->value[nearest[i] * D + d],
                           2);
    double noise = sqrt(squares / (L * D)) / b->table->rms;
    assert_true(noise > 0.9e-3 && noise < 1.1e-3);
    bed_close(b);
}

static void what_does_not_fit(void **state)
{
    (void)state;
    err e = {0};
    bed *b = bed_open("ref", 1, "hook_embed", 0);
    optimise_options o = options();
    float *x = arena_push(&b->memory, (RIG_CONTEXT + 1) * D, sizeof *x);
    optimise_job job = {.feature = 0, .scale = 1, .length = RIG_CONTEXT, .x_LD = x};
    assert_int_equal(optimise_jobs(&job, 1, &b->set, &o, &b->memory, &e), E_CONFIG);
    assert_non_null(strstr(e.text, "optimise.sequence_length"));
    job.length = RIG_CONTEXT - 1; /* with the BOS just enough */
    o.max_steps = 1;
    assert_int_equal(optimise_jobs(&job, 1, &b->set, &o, &b->memory, &e), OK);
    job.feature = RIG_F;
    assert_int_equal(optimise_jobs(&job, 1, &b->set, &o, &b->memory, &e), E_DATA);
    job.feature = 0;
    for (int i = 0; i < job.length * D; i++)
        x[i] = (float)NAN;
    assert_int_equal(optimise_jobs(&job, 1, &b->set, &o, &b->memory, &e), E_NUMERIC);
    bed_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_linear_feature_reaches_its_closed_form),
        cmocka_unit_test(climbs_and_says_what_it_reached),
        cmocka_unit_test(the_first_step_goes_down_the_whole_gradient),
        cmocka_unit_test(frozen_positions_stay),
        cmocka_unit_test(a_job_does_not_depend_on_its_batch),
        cmocka_unit_test(converged_jobs_make_room),
        cmocka_unit_test(patience),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(each_penalty_buys_what_it_is_for),
        cmocka_unit_test(starts),
        cmocka_unit_test(what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
