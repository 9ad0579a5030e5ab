/* A training step of the SAE: its gradients by finite differences of the loss as published, its
 * threshold, its revival of dead features, and the exported SAE against the trained one. */
#include "test.h"

#include "base/memory.h"
#include "base/rng.h"
#include "train/sae_learner.h"
#include <math.h>
#include <string.h>

enum { D = 6, F = 24, N = 16, PARAMETERS = F * D + F + F * D + D };

static sae_learner_options small_options(int dead_after)
{
    return (sae_learner_options){
        .d_in = D,
        .d_sae = F,
        .batch = N,
        .k = 3,
        .dead_after = dead_after,
        .k_aux = 2,
        .aux_weight = 0.25f,
        .threshold_rate = 0.5f,
        .seed = 3,
        .optimiser = {.steps = 100, .warmup = 1, .beta1 = 0.9f, .beta2 = 0.999f, .eps = 1e-8f}};
}

static void fill_activations(float *x_ND, uint64_t seed)
{
    rng r = rng_stream(seed, "test_sae_learner");
    for (int i = 0; i < N * D; i++)
        x_ND[i] = (float)(3 * rng_normal(&r) + 1);
}

/* The parameters in one array of doubles, in the learner's order. */
static void flatten(double *all, const sae_learner *l, bool gradients)
{
    for (int i = 0; i < SAE_PARAMETERS; i++)
        for (size_t j = 0; j < l->list[i].n; j++)
            *all++ = (double)(gradients ? l->list[i].gradient[j] : l->list[i].value[j]);
}

/* sum over a sparse batch's entries of pre(parameters) * decoder row, added to y_ND. */
static void add_decoded(double *y_ND, const sparse_batch *b, const double *all, const float *x_ND)
{
    const double *w_enc = all, *b_enc = w_enc + F * D, *w_dec = b_enc + F, *b_dec = w_dec + F * D;
    for (int n = 0; n < N; n++)
        for (int i = b->row_start_N[n]; i < b->row_start_N[n + 1]; i++) {
            int f = b->feature[i];
            double pre = b_enc[f];
            for (int d = 0; d < D; d++)
                pre += ((double)x_ND[n * D + d] - b_dec[d]) * w_enc[f * D + d];
            for (int d = 0; d < D; d++)
                y_ND[n * D + d] += pre * w_dec[f * D + d];
        }
}

/* The loss with the sets of active features held fixed; the auxiliary target is held fixed too. */
static double loss_of(const sae_learner *l, const double *all, const double *target_ND)
{
    const double *b_dec = all + F * D + F + F * D;
    double y_ND[N * D], aux_ND[N * D] = {0}, loss = 0;
    for (int i = 0; i < N * D; i++)
        y_ND[i] = b_dec[i % D];
    add_decoded(y_ND, &l->kept, all, l->x_ND);
    for (int i = 0; i < N * D; i++)
        loss += (y_ND[i] - (double)l->x_ND[i]) * (y_ND[i] - (double)l->x_ND[i]) / (N * D);
    if (!l->n_dead)
        return loss;
    add_decoded(aux_ND, &l->revived, all, l->x_ND);
    double few = (double)l->n_dead / l->o.k_aux;
    double weight = (double)l->o.aux_weight * (few < 1 ? few : 1);
    for (int i = 0; i < N * D; i++)
        loss += weight * (aux_ND[i] - target_ND[i]) * (aux_ND[i] - target_ND[i]) / (N * D);
    return loss;
}

static void check_gradients(int dead_after, bool expect_dead)
{
    backend *be = backend_ref();
    sae_learner_options o = small_options(dead_after);
    sae_learner *l;
    err e = {0};
    assert_int_equal(sae_learner_new(&l, be, &o, &e), OK);
    float x_ND[N * D];
    fill_activations(x_ND, 1);
    sae_learner_calibrate(l, x_ND, N);
    for (int f = 0; f < F; f++) /* the encoder must not equal the decoder: gradients would mix */
        l->w_enc_FD[f * D + f % D] += 0.3f;
    for (int f = 0; f < 5; f++) { /* too weak to be kept, now and for long */
        l->b_enc_F[f] = -1.5f;
        l->idle_F[f] = 50;
    }
    static double all[PARAMETERS], got[PARAMETERS];
    flatten(all, l, false);
    sae_step_sums sums;
    assert_int_equal(sae_learner_step(&sums, l, x_ND, 1, &e), OK); /* its rate is 0 */
    flatten(got, l, true);
    assert_int_equal(l->n_dead > 0, expect_dead);
    assert_int_equal(l->revived.row_start_N[N] > 0, expect_dead);
    double target_ND[N * D];
    for (int i = 0; i < N * D; i++)
        target_ND[i] = (double)l->x_ND[i] - (double)l->y_ND[i];
    static double expected[PARAMETERS];
    for (int i = 0; i < PARAMETERS; i++) {
        const double step = 1e-5, kept = all[i];
        all[i] = kept + step;
        double up = loss_of(l, all, target_ND);
        all[i] = kept - step;
        double down = loss_of(l, all, target_ND);
        all[i] = kept;
        expected[i] = (up - down) / (2 * step);
    }
    double *d_dec = expected + F * D + F, *w_dec = all + F * D + F;
    for (int f = 0; f < F; f++) { /* nothing along a decoder row */
        double along = 0;
        for (int d = 0; d < D; d++)
            along += d_dec[f * D + d] * w_dec[f * D + d];
        for (int d = 0; d < D; d++)
            d_dec[f * D + d] -= along * w_dec[f * D + d];
    }
    for (int i = 0; i < PARAMETERS; i++)
        if (fabs(got[i] - expected[i]) > 1e-5 * (1 + fabs(expected[i])))
            fail_msg("gradient %d is %.7g, expected %.7g", i, got[i], expected[i]);
    sae_learner_free(l);
    backend_free(be);
}

static void test_gradients(void **state)
{
    (void)state;
    check_gradients(1000, false); /* reconstruction alone */
    check_gradients(51, true);    /* with the auxiliary loss */
}

static void test_threshold_follows(void **state)
{
    (void)state;
    backend *be = backend_ref();
    sae_learner_options o = small_options(1000);
    o.optimiser.peak_rate = 1e-3f;
    sae_learner *l;
    err e = {0};
    assert_int_equal(sae_learner_new(&l, be, &o, &e), OK);
    double expected = 0;
    for (long step = 1; step <= 4; step++) {
        float x_ND[N * D];
        sae_step_sums sums;
        fill_activations(x_ND, (uint64_t)step);
        if (step == 1)
            sae_learner_calibrate(l, x_ND, N);
        assert_int_equal(sae_learner_step(&sums, l, x_ND, step, &e), OK);
        float smallest = INFINITY;
        assert_int_equal(l->kept.row_start_N[N], 3 * N);
        for (int i = 0; i < 3 * N; i++)
            smallest = fminf(smallest, l->kept.value[i]);
        expected = step == 1 ? (double)smallest : 0.5 * expected + 0.5 * (double)smallest;
        assert_true(fabs(l->threshold - expected) < 1e-9);
        assert_true(sums.active == 3 * N);
    }
    for (int f = 0; f < F; f++) { /* decoder rows stay unit vectors */
        double squares = 0;
        for (int d = 0; d < D; d++)
            squares += (double)l->w_dec_FD[f * D + d] * (double)l->w_dec_FD[f * D + d];
        assert_true(fabs(squares - 1) < 1e-5);
    }
    sae_learner_free(l);
    backend_free(be);
}

/* The exported SAE sees unscaled activations; what it gives is the trained one's output unscaled.
 */
static void test_export(void **state)
{
    (void)state;
    backend *be = backend_ref();
    sae_learner_options o = small_options(1000);
    o.optimiser.peak_rate = 1e-2f;
    sae_learner *l;
    err e = {0};
    assert_int_equal(sae_learner_new(&l, be, &o, &e), OK);
    float x_ND[N * D];
    fill_activations(x_ND, 1);
    sae_learner_calibrate(l, x_ND, N);
    sae_step_sums sums;
    for (long step = 1; step <= 20; step++)
        assert_int_equal(sae_learner_step(&sums, l, x_ND, step, &e), OK);
    sae *s;
    sae_config c = {.hook = "blocks.0.hook_resid_post"};
    assert_int_equal(sae_learner_export(&s, l, &c, &e), OK);
    assert_int_equal(sae_describe(s)->architecture, SAE_JUMPRELU);
    float f_NF[N * F], y_ND[N * D];
    sae_encode(f_NF, s, x_ND, N);
    sae_decode(y_ND, s, f_NF, NULL, N);
    double scale = (double)l->input_scale;
    int active = 0;
    for (int n = 0; n < N; n++) {
        double y_D[D];
        for (int d = 0; d < D; d++)
            y_D[d] = (double)l->b_dec_D[d];
        for (int f = 0; f < F; f++) {
            double pre = (double)l->b_enc_F[f];
            for (int d = 0; d < D; d++)
                pre += (scale * (double)x_ND[n * D + d] - (double)l->b_dec_D[d]) *
                       (double)l->w_enc_FD[f * D + d];
            double value = pre > l->threshold ? pre : 0;
            assert_true(fabs((double)f_NF[n * F + f] * scale - value) < 1e-4);
            active += value > 0;
            for (int d = 0; d < D; d++)
                y_D[d] += value * (double)l->w_dec_FD[f * D + d];
        }
        for (int d = 0; d < D; d++)
            assert_true(fabs((double)y_ND[n * D + d] * scale - y_D[d]) < 1e-4);
    }
    assert_true(active > N); /* the comparison was not of zeros */
    sae_free(s);
    sae_learner_free(l);
    backend_free(be);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_threshold_follows),
        cmocka_unit_test(test_export),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
