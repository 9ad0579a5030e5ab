/* The two other ways of moving free embeddings: in whitened coordinates, and as the original
 * program did it. */
#include "test.h"

#include "base/memory.h"
#include "base/rng.h"
#include "invert/common_bed.h"
#include <math.h>
#include <string.h>

enum { D = RIG_D, L = 4 };

/* Three random directions; the last feature is silent everywhere. */
static void set_linear(bed *b, float w_FD[3 * D], float b_F[3])
{
    rng r = rng_stream(1, "test_free_modes");
    for (int i = 0; i < 3 * D; i++)
        w_FD[i] = (float)(rng_normal(&r) * (i % D == 0 ? 4 : 1));
    b_F[0] = 0.25f;
    b_F[1] = -1;
    b_F[2] = -100;
    bed_set_directions(b, w_FD, b_F, 3);
}

static optimise_options whitened(void)
{
    return (optimise_options){.mode = FREE_WHITENED,
                              .max_steps = 200,
                              .patience = 1000,
                              .tolerance = 1e-3,
                              .learning_rate = 0.1,
                              .diversity_window = 3,
                              .repetition_window = 3,
                              .batch_sequences = 64,
                              .curve_points = 1000};
}

static optimise_job *make_jobs(bed *b, int n, int features)
{
    optimise_job *jobs = arena_push(&b->memory, (size_t)n, sizeof *jobs);
    for (int i = 0; i < n; i++) {
        jobs[i] = (optimise_job){.feature = i % features, .scale = 3, .length = L};
        jobs[i].x_LD = arena_push(&b->memory, (size_t)L * D, sizeof(float));
        optimise_random_start(jobs[i].x_LD, b->table, 7, i % features, i, L, 0.1);
    }
    return jobs;
}

static bed *open_whitened(const char *backend_name, int threads, const char *hook_name)
{
    bed *b = bed_open(backend_name, threads, hook_name, 0);
    bed_whiten(b);
    return b;
}

static void run(bed *b, optimise_job *jobs, int n, const optimise_options *o)
{
    err e = {0};
    if (optimise_jobs(jobs, n, &b->set, o, &b->memory, &e))
        fail_msg("%s", e.text);
}

/* The most a linear feature can have in the ellipsoid: w . mu + rho sqrt(w' Sigma w) + b. */
static void the_ellipsoid_has_a_closed_form(void **state)
{
    (void)state;
    float w_FD[3 * D], b_F[3];
    bed *b = open_whitened("cpu", 2, "hook_embed");
    set_linear(b, w_FD, b_F);
    optimise_options o = whitened();
    optimise_job *jobs = make_jobs(b, 3, 3);
    run(b, jobs, 3, &o);
    for (int f = 0; f < 3; f++) {
        const float *w = w_FD + f * D;
        double centre = (double)b_F[f], squares = 0;
        for (int k = 0; k < D; k++) {
            double along = 0;
            for (int d = 0; d < D; d++)
                along += b->white->c_DD[d * D + k] * (double)w[d];
            centre += (double)w[k] * b->white->mean_D[k];
            squares += along * along;
        }
        double reach = b->white->radius * sqrt(squares), got = (double)jobs[f].objective;
        if (!(fabs(got - centre - reach) < 0.01 * reach && got <= centre + reach + 1e-4))
            fail_msg("feature %d: %g, closed form %g", f, got, centre + reach);
    }
    bed_close(b);
}

/* LayerNorm, then linear: sqrt(D) |w - mean(w)| + b at any length of input. */
static void a_normalised_input_has_a_closed_form(void **state)
{
    (void)state;
    static const free_mode modes[] = {FREE_BALL, FREE_WHITENED};
    for (int k = 0; k < 2; k++) {
        float w_FD[3 * D], b_F[3];
        bed *b = open_whitened("cpu", 2, "blocks.0.ln2.hook_normalized");
        float *E = model_embedding(b->r.model)->value;
        for (int i = 0; i < b->r.n_tokens * D; i++)
            E[i] *= 100; /* large beside LayerNorm's eps */
        bed_renew_table(b);
        set_linear(b, w_FD, b_F);
        optimise_options o = whitened();
        o.mode = modes[k];
        o.norm_limit = 1;
        optimise_job *jobs = make_jobs(b, 3, 3);
        run(b, jobs, 3, &o);
        for (int f = 0; f < 3; f++) {
            double mean = 0, squares = 0;
            for (int d = 0; d < D; d++)
                mean += (double)w_FD[f * D + d] / D;
            for (int d = 0; d < D; d++)
                squares += pow((double)w_FD[f * D + d] - mean, 2);
            double reach = sqrt(D * squares), got = (double)jobs[f].objective - (double)b_F[f];
            if (!(got > 0.99 * reach && got < reach * 1.0001))
                fail_msg("mode %d, feature %d: %g, closed form %g", (int)modes[k], f, got, reach);
        }
        bed_close(b);
    }
}

static double distance_to(const bed *b, const float *x_LD)
{
    double squares = 0;
    for (int i = 0; i < L; i++) {
        int32_t id;
        float row[D];
        err e = {0};
        assert_int_equal(token_table_closest(&id, b->table, x_LD + i * D, 1, 1, &e), OK);
        token_table_row(row, b->table, id);
        for (int d = 0; d < D; d++)
            squares += pow((double)x_LD[i * D + d] - (double)row[d], 2);
    }
    return sqrt(squares / (L * D)) / b->table->rms;
}

/* The pull ends among tokens; frozen positions never move; it stays inside all the while. */
static void the_pull_leads_to_tokens(void **state)
{
    (void)state;
    double distance[2];
    for (int k = 0; k < 2; k++) {
        float start[D];
        bed *b = open_whitened("cpu", 1, "blocks.1.hook_resid_post");
        optimise_options o = whitened();
        o.pull = k ? 0.9 : 0;
        optimise_job *job = make_jobs(b, 1, 1);
        job->frozen = 1;
        memcpy(start, job->x_LD, sizeof start);
        run(b, job, 1, &o);
        assert_memory_equal(job->x_LD, start, sizeof start);
        for (int i = 1; i < L; i++) {
            float y[D];
            double squares = 0;
            whitening_inverse(y, b->white, job->x_LD + i * D);
            for (int d = 0; d < D; d++)
                squares += (double)y[d] * (double)y[d];
            assert_true(sqrt(squares) < b->white->radius * 1.001);
        }
        /* The best input is an early, free one; what the pull does is seen on the way. */
        o.max_steps = 200;
        o.lambda_reg = 1e6; /* the best is then the closest */
        job = make_jobs(b, 1, 1);
        run(b, job, 1, &o);
        distance[k] = distance_to(b, job->x_LD);
        bed_close(b);
    }
    assert_true(distance[1] < 0.2 && distance[1] < 0.5 * distance[0]);
}

static void whitened_bytes_do_not_depend_on_threads(void **state)
{
    (void)state;
    enum { N = 7 };
    optimise_options o = whitened();
    o.max_steps = 30;
    o.pull = 0.3;
    o.lambda_reg = 0.2;
    o.batch_sequences = 3;
    bed *b[2];
    optimise_job *jobs[2];
    for (int t = 0; t < 2; t++) {
        b[t] = open_whitened("cpu", t + 1, "blocks.1.hook_resid_post");
        jobs[t] = make_jobs(b[t], N, 5);
        run(b[t], jobs[t], N, &o);
    }
    for (int i = 0; i < N; i++) {
        assert_memory_equal(jobs[0][i].x_LD, jobs[1][i].x_LD, (size_t)L * D * sizeof(float));
        assert_true(jobs[0][i].objective == jobs[1][i].objective);
        assert_true(jobs[0][i].objective > jobs[0][i].curve[0].objective);
    }
    for (int t = 0; t < 2; t++)
        bed_close(b[t]);
}

/* ---- the original ------------------------------------------------------------------------------
 */

static int cosine_nearest(const token_table *t, const double *x_D)
{
    int best = -1;
    double largest = -2;
    for (int c = 0; c < t->n; c++) {
        float row[D];
        double dot = 0, squares = 0;
        token_table_row(row, t, t->ids[c]);
        for (int d = 0; d < D; d++) {
            dot += x_D[d] * (double)row[d];
            squares += (double)row[d] * (double)row[d];
        }
        if (dot / sqrt(squares) > largest || best < 0) {
            largest = dot / sqrt(squares);
            best = t->ids[c];
        }
    }
    return best;
}

/* Its loop in double, for a linear feature with relu on the embedding. */
static void original_loop(double *x_LD, const bed *b, const float *w_D, double bias, int steps)
{
    double first[L * D] = {0}, second[L * D] = {0};
    for (int step = 1; step <= steps; step++) {
        double gradient[L * D] = {0}, away[L * D], largest = 0, distance = 0;
        int best = -1;
        for (int i = 0; i < L; i++) {
            float row[D];
            double z = bias;
            token_table_row(row, b->table, cosine_nearest(b->table, x_LD + i * D));
            for (int d = 0; d < D; d++) {
                z += x_LD[i * D + d] * (double)w_D[d];
                away[i * D + d] = x_LD[i * D + d] - (double)row[d];
                distance += away[i * D + d] * away[i * D + d];
            }
            if (z > largest) {
                largest = z;
                best = i;
            }
        }
        for (int d = 0; d < D && best >= 0; d++)
            gradient[best * D + d] = -(double)w_D[d];
        for (int i = 0; i < L * D; i++) {
            double g = gradient[i] + 1e-5 * away[i] / sqrt(distance);
            first[i] = 0.9 * first[i] + 0.1 * g;
            second[i] = 0.999 * second[i] + 0.001 * g * g;
            x_LD[i] -= 1e-3 * (first[i] / (1 - pow(0.9, step))) /
                       (sqrt(second[i] / (1 - pow(0.999, step))) + 1e-8);
        }
    }
}

static void the_original_loop(void **state)
{
    (void)state;
    float w_FD[3 * D], b_F[3];
    bed *b = open_whitened("ref", 1, "hook_embed");
    set_linear(b, w_FD, b_F);
    optimise_options o = optimise_original(8, 1000);
    assert_true(o.max_steps == 250 && o.lambda_reg == 1e-5 && o.learning_rate == 1e-3);
    optimise_job *jobs = make_jobs(b, 3, 3);
    double want[3][L * D];
    o.max_steps = 40; /* long enough for every term, too short for a nearest token to change */
    for (int f = 0; f < 3; f++) {
        optimise_original_start(jobs[f].x_LD, b->table, 5, f, 0, L);
        for (int i = 0; i < L * D; i++)
            want[f][i] = (double)jobs[f].x_LD[i];
        original_loop(want[f], b, w_FD + f * D, (double)b_F[f], o.max_steps);
    }
    run(b, jobs, 3, &o);
    for (int f = 0; f < 3; f++) {
        double largest = 0;
        for (int i = 0; i < L; i++) {
            double z = (double)b_F[f];
            for (int d = 0; d < D; d++)
                z += want[f][i * D + d] * (double)w_FD[f * D + d];
            largest = fmax(largest, z);
        }
        for (int i = 0; i < L * D; i++)
            if (fabs((double)jobs[f].x_LD[i] - want[f][i]) > 1e-4)
                fail_msg("feature %d, number %d: %g, expected %g", f, i, (double)jobs[f].x_LD[i],
                         want[f][i]);
        assert_true(fabs((double)jobs[f].activation - largest) < 1e-3);
        assert_int_equal(jobs[f].last_step, o.max_steps + 1); /* looked at once more at the end */
        assert_false(jobs[f].converged);
    }
    assert_true(jobs[0].activation > 1 && jobs[2].activation == 0); /* both kinds were there */
    bed_close(b);
}

static void original_starts(void **state)
{
    (void)state;
    enum { LONG = 200 };
    static float x[LONG * D], again[LONG * D];
    bed *b = open_whitened("ref", 1, "hook_embed");
    optimise_original_start(x, b->table, 1, 2, 0, LONG);
    optimise_original_start(again, b->table, 1, 2, 0, LONG);
    assert_memory_equal(x, again, sizeof x);
    for (int k = 0; k < 2; k++) { /* another feature, another restart */
        optimise_original_start(again, b->table, 1, 2 + k, 1 - k, LONG);
        assert_memory_not_equal(x, again, sizeof x);
    }
    double squares = 0;
    for (int i = 0; i < LONG * D; i++)
        squares += (double)x[i] * (double)x[i];
    double noise = sqrt(squares / (LONG * D) - b->table->rms * b->table->rms);
    assert_true(noise > 0.48 && noise < 0.52); /* the tokens are small beside it */
    bed_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ellipsoid_has_a_closed_form),
        cmocka_unit_test(a_normalised_input_has_a_closed_form),
        cmocka_unit_test(the_pull_leads_to_tokens),
        cmocka_unit_test(whitened_bytes_do_not_depend_on_threads),
        cmocka_unit_test(the_original_loop),
        cmocka_unit_test(original_starts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
