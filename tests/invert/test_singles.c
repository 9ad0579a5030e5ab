/* The best single tokens, against running each token by itself. */
#include "test.h"

#include "base/memory.h"
#include "base/rng.h"
#include "features/common_stopper.h"
#include "invert/common_bed.h"
#include "invert/singles.h"
#include "model/flops.h"
#include <math.h>
#include <string.h>

enum { D = RIG_D, F = RIG_F, S = 7, N_TARGETS = 4 };
static const int targets[N_TARGETS] = {3, 0, 23, 3}; /* one twice */

static singles find(const bed *b, int n, int s, int most)
{
    singles out;
    err e = {0};
    if (singles_find(&out, &b->set, targets, n, s, most, &e))
        fail_msg("%s", e.text);
    return out;
}

/* pre_NF of the first n candidates, one forward pass each. */
static float *run_each(bed *b, int n)
{
    float *pre_NF = mem_small((size_t)n * F, sizeof *pre_NF);
    for (int i = 0; i < n; i++)
        bed_last(ROW(pre_NF, i, F), b, &b->table->ids[i], 1);
    return pre_NF;
}

/* Is candidate a ahead of candidate b? */
static bool ahead(const float *pre_NF, int feature, int a, int b)
{
    float x = ROW(pre_NF, a, F)[feature], y = ROW(pre_NF, b, F)[feature];
    return x > y || (x == y && a < b);
}

/* Products of one row and of many may round differently. */
static bool near(float a, float b)
{
    return fabsf(a - b) <= 1e-5f * (1 + fabsf(b));
}

static void expect_list(const singles *got, const bed *b, const float *pre_NF, int n, int target)
{
    int feature = targets[target];
    for (int k = 0; k < S; k++) {
        int32_t id = ROW(got->ids_NS, target, S)[k];
        int at = -1, before = 0;
        for (int i = 0; i < n; i++)
            at = b->table->ids[i] == id ? i : at;
        assert_true(at >= 0);
        for (int i = 0; i < n; i++)
            before += ahead(pre_NF, feature, i, at);
        assert_int_equal(before, k);
        assert_true(near(ROW(got->pre_activation_NS, target, S)[k], ROW(pre_NF, at, F)[feature]));
    }
}

static void equal_to_running_each_alone(void **state)
{
    (void)state;
    static const struct {
        const char *backend_name, *hook_name;
        int bos, most;
    } cases[] = {
        {"ref", "blocks.1.hook_resid_post", 0, 0},
        {"cpu", "blocks.1.hook_resid_post", 0, 0},
        {"cpu", "blocks.1.hook_resid_post", 0, 31}, /* an odd number of the first only */
        {"cpu", "blocks.1.hook_resid_post", -1, 0},
        {"cpu", "blocks.0.mlp.hook_post", 0, 1000}, /* more than there are; a wider hook */
        {"cpu", "hook_embed", 0, 0},
    };
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        bed *b = bed_open(cases[c].backend_name, 2, cases[c].hook_name, cases[c].bos);
        int n = cases[c].most > 0 && cases[c].most < b->table->n ? cases[c].most : b->table->n;
        float *pre_NF = run_each(b, n);
        singles got = find(b, N_TARGETS, S, cases[c].most);
        assert_int_equal(got.n_tokens, n);
        assert_int_equal(got.F, F);
        for (int f = 0; f < F; f++) {
            int best = 0;
            for (int i = 1; i < n; i++)
                best = ahead(pre_NF, f, i, best) ? i : best;
            assert_int_equal(got.best_F[f], b->table->ids[best]);
            assert_true(near(got.pre_activation_F[f], ROW(pre_NF, best, F)[f]));
        }
        for (int t = 0; t < N_TARGETS; t++)
            expect_list(&got, b, pre_NF, n, t);
        singles_release(&got);
        mem_free(pre_NF);
        bed_close(b);
    }
}

static void expect_same(const singles *a, const singles *b)
{
    size_t cells = (size_t)a->n_targets * (size_t)a->S;
    assert_memory_equal(a->best_F, b->best_F, (size_t)a->F * sizeof *a->best_F);
    assert_memory_equal(a->pre_activation_F, b->pre_activation_F, (size_t)a->F * sizeof(float));
    assert_memory_equal(a->ids_NS, b->ids_NS, cells * sizeof *a->ids_NS);
    assert_memory_equal(a->pre_activation_NS, b->pre_activation_NS, cells * sizeof(float));
}

/* Stopped after the first block, then gone on with; a state cut short is refused. */
static void expect_same_in_parts(bed *b, const singles *want)
{
    singles out;
    err e = {0};
    stopper *first = stopper_new(NULL, 1);
    b->set.draft = &first->draft;
    assert_int_equal(singles_find(&out, &b->set, targets, N_TARGETS, want->S, 0, &e), E_CANCELLED);
    stopper *rest = stopper_new(&first->kept, 1000);
    b->set.draft = &rest->draft;
    singles parts = find(b, N_TARGETS, want->S, 0);
    expect_same(want, &parts);
    str_clear(&rest->draft.state);
    str_add_bytes(&rest->draft.state, first->kept.data, first->kept.len - 1);
    assert_int_equal(singles_find(&out, &b->set, targets, N_TARGETS, want->S, 0, &e), E_FORMAT);
    assert_non_null(strstr(e.text, "the-draft"));
    b->set.draft = NULL;
    stopper_release(rest);
    stopper_release(first);
    singles_release(&parts);
}

/* So many features that a block holds fewer rows than there are tokens. Feature 0 is the same for
 * all tokens, the others point at random. */
static void blocks_and_ties(void **state)
{
    (void)state;
    enum { MANY = 300000 };
    bed *b = bed_open("cpu", 2, "hook_embed", 0);
    float *w_FD = mem_small((size_t)MANY * D, sizeof *w_FD);
    float *b_F = mem_small(MANY, sizeof *b_F);
    rng r = rng_stream(3, "test_singles");
    b_F[0] = 2;
    for (size_t i = D; i < (size_t)MANY * D; i++)
        w_FD[i] = (float)(rng_uniform(&r) - 0.5);
    bed_set_directions(b, w_FD, b_F, MANY);
    singles got = find(b, N_TARGETS, 60, 0); /* longer than a block */
    assert_int_equal(got.best_F[0], b->table->ids[0]);
    assert_true(got.pre_activation_F[0] == 2);
    for (int k = 0; k < 60; k++)
        assert_int_equal(ROW(got.ids_NS, 1, 60)[k], b->table->ids[k]);
    int late = 0;
    for (int f = 1; f < MANY; f += 997) {
        int best = -1;
        double max = (double)-INFINITY;
        for (int i = 0; i < b->table->n; i++) {
            float x[D];
            double z = 0;
            token_table_row(x, b->table, b->table->ids[i]);
            for (int d = 0; d < D; d++)
                z += (double)x[d] * (double)ROW(w_FD, f, D)[d];
            if (z > max) {
                max = z;
                best = i;
            }
        }
        assert_true(fabs((double)got.pre_activation_F[f] - max) < 1e-6);
        late += best > b->table->n / 2;
    }
    assert_true(late > 50); /* found in the later blocks too */
    expect_same_in_parts(b, &got);
    singles_release(&got);
    mem_free(w_FD);
    mem_free(b_F);
    bed_close(b);
}

static void the_same_for_any_number_of_threads(void **state)
{
    (void)state;
    singles got[2];
    for (int i = 0; i < 2; i++) {
        bed *b = bed_open("cpu", i ? 3 : 1, "blocks.1.hook_resid_post", 0);
        got[i] = find(b, N_TARGETS, S, 0);
        bed_close(b);
    }
    expect_same(&got[0], &got[1]);
    singles_release(&got[0]);
    singles_release(&got[1]);
}

static void cost(void **state)
{
    (void)state;
    for (int bos = -1; bos < 1; bos++) {
        bed *b = bed_open("ref", 1, "blocks.1.hook_resid_post", bos);
        double token =
            model_flops(model_describe(b->r.model), &b->r.hook, bos + 2) + 2 * RIG_D * RIG_F;
        assert_true(singles_flops(&b->set, 0) == token * b->table->n);
        assert_true(singles_flops(&b->set, 10) == token * 10);
        assert_true(singles_flops(&b->set, 100000) == token * b->table->n);
        bed_close(b);
    }
}

static void limits(void **state)
{
    (void)state;
    bed *b = bed_open("cpu", 1, "blocks.1.hook_resid_post", 0);
    int bad[] = {0, F}, good[] = {0, F - 1};
    int n = b->table->n;
    singles out;
    err e = {0};
    assert_int_equal(singles_find(&out, &b->set, bad, 2, 1, 0, &e), E_DATA);
    assert_null(out.best_F);
    assert_non_null(strstr(e.text, "feature 24"));
    assert_int_equal(singles_find(&out, &b->set, good, 2, n + 1, 0, &e), E_SHAPE);
    assert_int_equal(singles_find(&out, &b->set, good, 2, 6, 5, &e), E_SHAPE);
    assert_int_equal(singles_find(&out, &b->set, good, 2, 0, 0, &e), E_SHAPE);
    assert_int_equal(singles_find(&out, &b->set, good, 2, 5, 5, &e), OK);
    singles_release(&out);
    assert_int_equal(singles_find(&out, &b->set, good, 2, n, 0, &e), OK);
    singles_release(&out);
    assert_int_equal(singles_find(&out, &b->set, NULL, 0, 0, 1, &e), OK);
    assert_int_equal(out.best_F[7], b->table->ids[0]); /* the only one tried */
    assert_int_equal(out.n_targets, 0);
    singles_release(&out);
    bed_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_to_running_each_alone),
        cmocka_unit_test(blocks_and_ties),
        cmocka_unit_test(the_same_for_any_number_of_threads),
        cmocka_unit_test(cost),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
