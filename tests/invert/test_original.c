/* The original program's search for an input, against the same in PyTorch, step by step
 * (tests/parity/export_original.py). */
#include "test.h"

#include "base/memory.h"
#include "invert/common_truth.h"
#include <math.h>
#include <string.h>

enum { J = 5, N = 60, L = 10, D = NEOX_D };

/* Sums in float32 against float64, carried through 60 steps of Adam; a step is a thousandth or a
 * fiftieth. */
static const double VALUE_LIMIT = 1e-5, INPUT_LIMIT = 2e-5, STEP_LIMIT = 1e-3;

static float *numbers(const char *name, size_t n)
{
    return truth_numbers("original.safetensors", name, n);
}

static double largest_difference(const float *a, const float *b, size_t n)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)a[i] - (double)b[i]));
    return largest;
}

/* Run j of the fixture for so many steps; x_LD becomes the last input. */
static optimise_job run(const truth *t, float *x_LD, int j, int steps, arena *memory)
{
    float *feature = numbers("feature", J), *rate = numbers("rate", J),
          *lambda = numbers("lambda", J);
    float *start = numbers("start", J * L * D);
    err e = {0};
    optimise_options o = optimise_original(4, N + 1);
    o.max_steps = steps;
    o.learning_rate = (double)rate[j];
    o.lambda_reg = (double)lambda[j];
    optimise_job job = {.feature = (int)feature[j], .scale = 1, .length = L, .x_LD = x_LD};
    memcpy(x_LD, start + j * L * D, L * D * sizeof *x_LD);
    if (optimise_jobs(&job, 1, &t->setting, &o, memory, &e))
        fail_msg("%s", e.text);
    mem_free(start);
    mem_free(lambda);
    mem_free(rate);
    mem_free(feature);
    return job;
}

static void one_step(void **state)
{
    (void)state;
    truth *t = truth_neox();
    float *want = numbers("first", J * L * D), *rate = numbers("rate", J), x[L * D];
    double worst = 0;
    for (int j = 0; j < J; j++) {
        arena memory = {0};
        run(t, x, j, 1, &memory);
        double moved = largest_difference(x, want + j * L * D, L * D) / (double)rate[j];
        worst = fmax(worst, moved);
        arena_release(&memory);
    }
    print_message("after one step off by %.2g of a step\n", worst);
    assert_true(worst < STEP_LIMIT);
    mem_free(rate);
    mem_free(want);
    truth_close(t);
}

static void a_whole_run(void **state)
{
    (void)state;
    truth *t = truth_neox();
    float *last = numbers("last", J * L * D), *loss = numbers("loss", J * N), x[L * D];
    float *active = numbers("activation", J * N), *tokens = numbers("nearest", J * L);
    double worst_loss = 0, worst_x = 0;
    for (int j = 0; j < J; j++) {
        arena memory = {0};
        int32_t nearest[L];
        err e = {0};
        optimise_job job = run(t, x, j, N, &memory);
        assert_true(job.n_curve >= N);
        for (int i = 0; i < N; i++) {
            assert_int_equal(job.curve[i].step, i);
            double off = fmax(fabs((double)(job.curve[i].loss - loss[j * N + i])),
                              fabs((double)(job.curve[i].activation - active[j * N + i])));
            worst_loss = fmax(worst_loss, off / (1 + fabs((double)loss[j * N + i])));
        }
        worst_x = fmax(worst_x, largest_difference(x, last + j * L * D, L * D));
        assert_int_equal(token_table_nearest(nearest, NULL, t->table, x, L, 1, &e), OK);
        for (int i = 0; i < L; i++)
            assert_int_equal(nearest[i], (int)tokens[j * L + i]);
        arena_release(&memory);
    }
    print_message("losses off by %.2g, the last inputs by %.2g\n", worst_loss, worst_x);
    assert_true(worst_loss < VALUE_LIMIT && worst_x < INPUT_LIMIT);
    mem_free(tokens);
    mem_free(active);
    mem_free(loss);
    mem_free(last);
    truth_close(t);
}

/* With the original's own numbers a silent feature is not found: what moves the input is the pull.
 */
static void a_silent_feature_stays_silent(void **state)
{
    (void)state;
    truth *t = truth_neox();
    float *silent = numbers("silent", J), x[L * D];
    arena memory = {0};
    optimise_job job = run(t, x, 1, N, &memory);
    assert_true(silent[1] == 1.0f);
    for (int i = 0; i < N; i++)
        assert_true(job.curve[i].activation == 0.0f);
    arena_release(&memory);
    mem_free(silent);
    truth_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_step), cmocka_unit_test(a_whole_run),
                                       cmocka_unit_test(a_silent_feature_stays_silent)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
