/* Linear maps in every form files hold them, against plain loops in double: parts, orientations,
 * stored types, and blocks of widened rows of every length. */
#include "base/half.h"
#include "base/memory.h"
#include "base/pool.h"
#include "common.h"
#include "model/block.h"
#include "test.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PARTS = LINEAR_PARTS, N = 9, IN = 13 };

typedef struct part_form {
    int out;
    matrix_layout layout;
    number_type type;
    bool bias;
} part_form;

static const part_form FORMS[][PARTS] = {
    {{11, OUT_IN, NUMBER_F32, true}},
    {{11, IN_OUT, NUMBER_F32, true}},
    {{11, OUT_IN, NUMBER_BF16, false}},
    {{11, IN_OUT, NUMBER_BF16, true}},
    {{11, OUT_IN, NUMBER_F16, true}},
    {{11, IN_OUT, NUMBER_F16, false}},
    {{1, OUT_IN, NUMBER_F16, true}},
    {{12, OUT_IN, NUMBER_F32, true}, {5, OUT_IN, NUMBER_F32, true}, {7, OUT_IN, NUMBER_F32, true}},
    {{12, OUT_IN, NUMBER_BF16, false}, {5, OUT_IN, NUMBER_BF16, true}, {5, OUT_IN, NUMBER_BF16, 0}},
    {{3, IN_OUT, NUMBER_F16, true}, {17, IN_OUT, NUMBER_F16, false}},
    {{4, OUT_IN, NUMBER_F32, false}, {6, IN_OUT, NUMBER_BF16, true}, {2, OUT_IN, NUMBER_F16, true}},
    {{4, IN_OUT, NUMBER_F32, false}, {6, OUT_IN, NUMBER_F16, false}},
};

/* A model of nothing but one map, and the same map in double. */
typedef struct bench {
    model m;
    linear_weights w;
    double *weight_OI, *bias_O;
} bench;

/* A matrix of the stored type, its smallest numbers subnormal in f16. */
static void give_matrix(bench *b, int index, number_type type)
{
    parameter *p = &b->m.parameters[index];
    float *wide = mem_small(p->n, sizeof *wide);
    uint16_t *half = mem_small(p->n, sizeof *half);
    err e;
    random_floats(wide, p->n, p->name);
    for (size_t i = 0; i < p->n; i++) {
        float x = i % 3 ? wide[i] : wide[i] * 1e-6f;
        half[i] = type == NUMBER_F16 ? f16_from_float(x) : bf16_from_float(x);
    }
    const void *stored = type == NUMBER_F32 ? (const void *)wide : half;
    assert_int_equal(parameter_copy(&b->m, index, stored, type, &e), OK);
    assert_true((p->value != NULL) == (type == NUMBER_F32));
    mem_free(wide);
    mem_free(half);
}

static double number(const parameter *p, size_t i)
{
    const uint16_t *half = p->stored;
    return (double)(p->type == NUMBER_F32   ? p->value[i]
                    : p->type == NUMBER_F16 ? f16_to_float(half[i])
                                            : bf16_to_float(half[i]));
}

static void copy_matrix(bench *b, const linear_part *part)
{
    for (int o = 0; o < part->out; o++)
        for (int i = 0; i < b->w.in; i++)
            b->weight_OI[(part->first + o) * b->w.in + i] =
                number(part->matrix,
                       (size_t)(part->layout == OUT_IN ? o * b->w.in + i : i * part->out + o));
}

static void bench_open(bench *b, backend *be, const part_form *forms, int in)
{
    *b = (bench){.m = {.be = be}};
    b->m.parameters = mem_small(2 * PARTS, sizeof *b->m.parameters);
    b->m.forms = mem_small(2 * PARTS, sizeof *b->m.forms);
    static const char *const names[] = {"q", "k", "v"};
    err e;
    for (int i = 0; i < PARTS && forms[i].out; i++)
        linear_declare(&b->w, &b->m, names[i], forms[i].out, in, forms[i].layout, forms[i].bias, 1);
    b->weight_OI = mem_small((size_t)(b->w.out * in), sizeof *b->weight_OI);
    b->bias_O = mem_small((size_t)b->w.out, sizeof *b->bias_O);
    for (int i = 0, part = 0; i < b->m.n_parameters; i++) {
        const weight_form *form = &b->m.forms[i];
        if (form->rank == 2) {
            give_matrix(b, i, forms[part].type);
            copy_matrix(b, &b->w.parts[part++]);
            continue;
        }
        assert_int_equal(parameter_own(&b->m, i, &e), OK);
        random_floats(b->m.parameters[i].value, b->m.parameters[i].n, b->m.parameters[i].name);
        for (int o = 0; o < form->rows; o++)
            b->bias_O[form->at + o] = (double)b->m.parameters[i].value[o];
    }
}

static void bench_close(bench *b)
{
    for (int i = 0; i < b->m.n_parameters; i++)
        parameter_free(&b->m, i);
    arena_release(&b->m.names);
    mem_free(b->m.parameters);
    mem_free(b->m.forms);
    mem_free(b->weight_OI);
    mem_free(b->bias_O);
}

static void check(const char *what, size_t form, const float *got, const double *want, int n)
{
    double error = relative_error(got, want, (size_t)n);
    if (!(error < 5e-7))
        fail_msg("%s, form %zu: off by %g", what, form, error);
}

/* y = x W' + b (+ y), d_x = d_y W (+ d_x). */
static void both_ways(bench *b, const run *r, size_t form, bool add)
{
    int in = b->w.in, out = b->w.out;
    float *x = mem_small((size_t)(N * in), sizeof *x), *y = mem_small((size_t)(N * out), sizeof *y);
    double *want_y = mem_small((size_t)(N * out), sizeof *want_y);
    double *want_x = mem_small((size_t)(N * in), sizeof *want_x);
    random_floats(x, (size_t)(N * in), "x");
    random_floats(y, (size_t)(N * out), "y");
    for (int n = 0; n < N; n++)
        for (int o = 0; o < out; o++) {
            double sum = b->bias_O[o] + (add ? (double)y[n * out + o] : 0);
            for (int i = 0; i < in; i++)
                sum += (double)x[n * in + i] * b->weight_OI[o * in + i];
            want_y[n * out + o] = sum;
        }
    linear_forward(r, y, &b->w, x, add);
    check("forward", form, y, want_y, N * out);
    for (int n = 0; n < N; n++)
        for (int i = 0; i < in; i++) {
            double sum = add ? (double)x[n * in + i] : 0;
            for (int o = 0; o < out; o++)
                sum += (double)y[n * out + o] * b->weight_OI[o * in + i];
            want_x[n * in + i] = sum;
        }
    linear_backward(r, x, &b->w, y, add);
    check("backward", form, x, want_x, N * in);
    mem_free(x);
    mem_free(y);
    mem_free(want_x);
    mem_free(want_y);
}

/* After the weights became float32: d_W += d_y' x and d_b += column sums, in the parameters. */
static void gradients(bench *b, const run *r, size_t form)
{
    int in = b->w.in, out = b->w.out;
    err e;
    float x[N * IN], *d_y = mem_small((size_t)(N * out), sizeof *d_y);
    random_floats(x, N * IN, "x");
    random_floats(d_y, (size_t)(N * out), "d_y");
    for (int i = 0; i < b->m.n_parameters; i++) {
        parameter *p = &b->m.parameters[i];
        assert_int_equal(parameter_own(&b->m, i, &e), OK);
        assert_int_equal(parameter_want_gradient(&b->m, i, &e), OK);
        assert_true(p->type == NUMBER_F32 && p->value && p->value == p->stored);
        random_floats(p->gradient, p->n, "gradient");
    }
    assert_int_equal(linear_scratch(&b->m), 0);
    linear_gradients(r, &b->w, d_y, x);
    for (int i = 0, part = -1; i < b->m.n_parameters; i++) {
        const parameter *p = &b->m.parameters[i];
        bool matrix = b->m.forms[i].rank == 2;
        part += matrix;
        const linear_part *lp = &b->w.parts[part];
        float *start = mem_small(p->n, sizeof *start);
        double *want = mem_small(p->n, sizeof *want);
        random_floats(start, p->n, "gradient");
        for (size_t j = 0; j < p->n; j++) {
            int o = (int)j / in, at = (int)j % in;
            if (lp->layout == IN_OUT) {
                o = (int)j % lp->out;
                at = (int)j / lp->out;
            }
            o = lp->first + (matrix ? o : (int)j);
            want[j] = (double)start[j];
            for (int n = 0; n < N; n++)
                want[j] += (double)d_y[n * out + o] * (matrix ? (double)x[n * in + at] : 1);
        }
        check(p->name, form, p->gradient, want, (int)p->n);
        mem_free(start);
        mem_free(want);
    }
    both_ways(b, r, form, false); /* the numbers are still the same */
    mem_free(d_y);
}

static void every_form(backend *be)
{
    /* Rows of the longest stored matrix in a block: one, some, all and more. */
    static const int blocks[] = {1, 2, 5, 13, 100};
    for (size_t f = 0; f < COUNT_OF(FORMS); f++) {
        bench b;
        bench_open(&b, be, FORMS[f], IN);
        float *wide = mem_small(100 * 17, sizeof *wide);
        run r = {.be = be, .N = N, .wide = wide};
        bool narrow = linear_scratch(&b.m) > 0;
        for (size_t k = 0; k < (narrow ? COUNT_OF(blocks) : 1); k++) {
            r.wide_numbers = (size_t)blocks[k] * 17;
            both_ways(&b, &r, f, false);
            both_ways(&b, &r, f, true);
        }
        gradients(&b, &r, f);
        mem_free(wide);
        bench_close(&b);
    }
}

static void test_ref(void **state)
{
    (void)state;
    backend *be = backend_ref();
    every_form(be);
    backend_free(be);
}

static void test_cpu(void **state)
{
    (void)state;
    pool *p = pool_new(2);
    backend *be;
    err e;
    assert_int_equal(backend_cpu(&be, p, &e), OK);
    every_form(be);
    backend_free(be);
    pool_free(p);
}

/* Large enough that rows and columns are shared out. */
static void test_threads(void **state)
{
    (void)state;
    static const part_form forms[][PARTS] = {
        {{700, OUT_IN, NUMBER_BF16, true}, {333, OUT_IN, NUMBER_F16, true}},
        {{701, IN_OUT, NUMBER_BF16, true}}};
    enum { THREADS = 2, WIDTH = 300 };
    for (size_t f = 0; f < COUNT_OF(forms); f++) {
        float *y[THREADS], *d_x[THREADS], x[N * WIDTH];
        random_floats(x, N * WIDTH, "x");
        int out = forms[f][0].out + forms[f][1].out;
        for (int t = 0; t < THREADS; t++) {
            pool *p = pool_new(t ? 3 : 1);
            backend *be;
            bench b;
            err e;
            assert_int_equal(backend_cpu(&be, p, &e), OK);
            bench_open(&b, be, forms[f], WIDTH);
            run r = {.be = be, .N = N, .wide_numbers = 100000};
            r.wide = mem_small(r.wide_numbers, sizeof *r.wide);
            y[t] = mem_small((size_t)(N * out), sizeof *y[t]);
            d_x[t] = mem_small(N * WIDTH, sizeof *d_x[t]);
            linear_forward(&r, y[t], &b.w, x, false);
            linear_backward(&r, d_x[t], &b.w, y[t], false);
            mem_free(r.wide);
            bench_close(&b);
            backend_free(be);
            pool_free(p);
        }
        assert_memory_equal(y[0], y[1], (size_t)(N * out) * sizeof(float));
        assert_memory_equal(d_x[0], d_x[1], N * WIDTH * sizeof(float));
        for (int t = 0; t < THREADS; t++) {
            mem_free(y[t]);
            mem_free(d_x[t]);
        }
    }
}

static void test_scratch(void **state)
{
    (void)state;
    backend *be = backend_ref();
    model m = {.be = be, .n_parameters = 2};
    parameter parameters[2] = {{.n = (size_t)3 << 30, .type = NUMBER_BF16},
                               {.n = (size_t)5 << 30, .type = NUMBER_F32}};
    weight_form forms[2] = {{.rank = 2, .columns = 2304}, {.rank = 2, .columns = 2304}};
    m.parameters = parameters;
    m.forms = forms;
    assert_int_equal(linear_scratch(&m), 1 << 22); /* bounded, whatever the matrix */
    forms[0].columns = 3 << 22;
    assert_int_equal(linear_scratch(&m), 3 << 22); /* but a row at least */
    parameters[0].n = 1000;
    forms[0].columns = 10;
    assert_int_equal(linear_scratch(&m), 1000); /* and no more than there is */
    backend_free(be);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ref), cmocka_unit_test(test_cpu),
                                       cmocka_unit_test(test_threads),
                                       cmocka_unit_test(test_scratch)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
