/* Every operation of the cpu backend against the reference, over sizes that leave tails after
 * vector lanes and blocks, and the same bytes for one and for three threads. */
#include "base/half.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/rng.h"
#include "common.h"
#include "compute/backend.h"
#include "test.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BACKENDS = 3 }; /* ref, cpu with 1 thread, cpu with 3 */
typedef struct backends {
    backend *be[BACKENDS];
    pool *pools[BACKENDS];
} backends;

static backends backends_new(void)
{
    backends all = {.be = {backend_ref()}};
    static const int threads[] = {0, 1, 3};
    err e;
    for (int i = 1; i < BACKENDS; i++) {
        all.pools[i] = pool_new(threads[i]);
        assert_int_equal(backend_cpu(&all.be[i], all.pools[i], &e), OK);
    }
    return all;
}

static void backends_free(backends *all)
{
    for (int i = 0; i < BACKENDS; i++) {
        backend_free(all->be[i]);
        pool_free(all->pools[i]);
    }
}

/* An operation under test: reads `in`, changes `out`. Every operation is run on a copy of the same
 * outputs, because many add to what is there. */
enum { MOST = 4 };
typedef struct trial {
    float *in[MOST], *out[MOST];
    size_t n_in[MOST], n_out[MOST];
    int32_t *ids;
    int N, C, V;
    activation act;
} trial;
typedef void operation(backend *be, const trial *t, float **out);

static void check(const char *name, operation *run, const trial *t, double tolerance)
{
    backends all = backends_new();
    float *got[BACKENDS][MOST] = {{NULL}};
    for (int b = 0; b < BACKENDS; b++) {
        for (int i = 0; i < MOST && t->out[i]; i++)
            got[b][i] = copy_array(t->out[i], t->n_out[i]);
        run(all.be[b], t, got[b]);
    }
    for (int i = 0; i < MOST && t->out[i]; i++) {
        char what[96];
        snprintf(what, sizeof what, "%s, output %d (N %d, C %d)", name, i, t->N, t->C);
        check_close(what, got[1][i], got[0][i], t->n_out[i], tolerance);
        if (memcmp(got[1][i], got[2][i], t->n_out[i] * sizeof(float)))
            fail_msg("%s: one and three threads differ", what);
    }
    for (int b = 0; b < BACKENDS; b++)
        for (int i = 0; i < MOST; i++)
            mem_free(got[b][i]);
    backends_free(&all);
}

static void trial_free(trial *t)
{
    for (int i = 0; i < MOST; i++) {
        mem_free(t->in[i]);
        mem_free(t->out[i]);
    }
    mem_free(t->ids);
}

/* ---- rows and elements --------------------------------------------------------------------------
 */

/* in 0, 1: [N, C]; in 2, 3: [C]; out 0, 1: [N, C]; out 2, 3: [max(N, C)]. */
static trial rows_trial(int N, int C)
{
    size_t n = (size_t)N * (size_t)C, side = (size_t)(N > C ? N : C);
    trial t = {.N = N, .C = C, .V = 11};
    static const char *const names[] = {"in 0", "in 1", "in 2", "in 3"};
    for (int i = 0; i < MOST; i++) {
        t.n_in[i] = t.n_out[i] = i < 2 ? n : side;
        t.in[i] = random_array(t.n_in[i], 2, names[i]);
        t.out[i] = random_array(t.n_out[i], 1, "out");
    }
    t.ids = random_ids((size_t)N, t.V, "ids");
    t.ids[0] = -1; /* skipped by the embedding, no target for the loss */
    return t;
}

#define NC(t) ((size_t)(t)->N * (size_t)(t)->C)

static void op_elements(backend *be, const trial *t, float **out)
{
    be->scale(be, out[0], 0.3f, NC(t));
    be->axpy(be, out[0], -0.7f, t->in[0], NC(t));
    be->multiply(be, out[0], out[0], t->in[1], NC(t));
    be->add(be, out[0], out[0], t->in[0], NC(t));
    be->fill(be, out[3], 2.5f, (size_t)t->C);
    be->copy(be, out[1], t->in[1], NC(t) * sizeof(float));
    be->zero(be, out[2], (size_t)t->N * sizeof(float));
}

static void op_rows(backend *be, const trial *t, float **out)
{
    be->add_bias(be, out[0], t->in[2], t->N, t->C);
    be->scale_rows(be, out[0], t->in[3], t->N, t->C);
    be->scale_columns(be, out[1], t->in[2], t->N, t->C);
}

static void op_sums(backend *be, const trial *t, float **out)
{
    be->column_sum(be, out[2], t->in[0], t->N, t->C);
    be->row_dots(be, out[3], t->in[0], t->in[1], t->N, t->C);
    be->row_norms(be, out[0], t->in[1], t->N, t->C);
    double sum, squares;
    be->sum(be, &sum, t->in[0], NC(t));
    be->sum_squares(be, &squares, t->in[0], NC(t));
    out[1][0] = (float)sum;
    out[1][1 % NC(t)] = (float)squares;
}

/* Rounded values, so that several rows hold a column's maximum. */
static void op_maxima(backend *be, const trial *t, float **out)
{
    int32_t *row = mem_small((size_t)t->C, sizeof *row);
    float *coarse = copy_array(t->in[0], NC(t));
    for (size_t i = 0; i < NC(t); i++)
        coarse[i] = roundf(coarse[i]);
    be->column_max(be, out[2], row, coarse, t->N, t->C);
    for (int c = 0; c < t->C; c++)
        out[3][c] = (float)row[c];
    coarse[NC(t) / 2] = NAN;
    coarse[NC(t) - 1] = -INFINITY;
    size_t count;
    be->count_nonfinite(be, &count, coarse, NC(t));
    out[0][0] = (float)count;
    mem_free(coarse);
    mem_free(row);
}

static void op_layernorm(backend *be, const trial *t, float **out)
{
    be->layernorm_forward(be, out[0], out[1], out[2], t->in[0], t->in[2], t->in[3], t->N, t->C,
                          1e-5f);
}

static void op_rmsnorm(backend *be, const trial *t, float **out)
{
    be->rmsnorm_forward(be, out[0], out[1], out[2], t->in[0], t->in[2], t->N, t->C, 1e-5f);
    be->rmsnorm_forward(be, NULL, out[0], out[2], t->in[1], NULL, t->N, t->C, 1e-5f);
}

static void op_layernorm_backward(backend *be, const trial *t, float **out)
{
    float *inverse = copy_array(t->in[3], t->n_in[3]);
    be->layernorm_backward(be, out[0], out[2], out[3], t->in[0], t->in[1], inverse, t->in[2], t->N,
                           t->C);
    be->layernorm_backward(be, out[1], NULL, NULL, t->in[0], t->in[1], inverse, NULL, t->N, t->C);
    mem_free(inverse);
}

static void op_rmsnorm_backward(backend *be, const trial *t, float **out)
{
    be->rmsnorm_backward(be, out[0], out[2], t->in[0], t->in[1], t->in[3], t->in[2], t->N, t->C);
    be->rmsnorm_backward(be, out[1], NULL, t->in[0], t->in[1], t->in[3], NULL, t->N, t->C);
}

static void op_activations(backend *be, const trial *t, float **out)
{
    be->activate_forward(be, out[0], t->in[0], t->act, NC(t));
    be->activate_backward(be, out[1], t->in[1], t->in[0], t->act, NC(t));
}

static void op_gated(backend *be, const trial *t, float **out)
{
    be->gated_backward(be, out[0], out[1], t->in[0], t->in[1], t->in[0], t->act, NC(t));
    be->gated_forward(be, out[0], t->in[0], t->in[1], t->act, NC(t));
}

static void op_softcap(backend *be, const trial *t, float **out)
{
    be->softcap_forward(be, out[0], 1.5f, NC(t));
    be->softcap_backward(be, out[1], out[0], 1.5f, NC(t));
}

/* The table is in 1 or out 1, read as [V, D]: V * D numbers of it are used. */
static void op_embedding(backend *be, const trial *t, float **out)
{
    float *table = random_array((size_t)t->V * (size_t)t->C, 1, "table");
    be->gather_rows(be, out[0], table, NUMBER_F32, t->ids, 1.5f, t->N, t->V, t->C);
    be->scatter_add_rows(be, table, t->in[0], t->ids, 0.5f, t->N, t->V, t->C);
    size_t n = NC(t) < (size_t)(t->V * t->C) ? NC(t) : (size_t)(t->V * t->C);
    memcpy(out[1], table, n * sizeof *table);
    mem_free(table);
}

static void op_cross_entropy(backend *be, const trial *t, float **out)
{
    int32_t *targets = random_ids((size_t)t->N, t->C, "targets");
    targets[t->N / 2] = -1;
    be->cross_entropy(be, out[2], out[0], t->in[0], targets, 0.25f, t->N, t->C);
    be->cross_entropy(be, out[3], out[1], out[1], targets, 2, t->N, t->C); /* in place */
    be->cross_entropy(be, out[3], NULL, t->in[1], targets, 2, t->N, t->C);
    mem_free(targets);
}

static void op_adamw(backend *be, const trial *t, float **out)
{
    adamw_settings s = {.learning_rate = 0.01f,
                        .beta1 = 0.9f,
                        .beta2 = 0.99f,
                        .eps = 1e-8f,
                        .weight_decay = 0.1f,
                        .gradient_scale = 0.5f,
                        .step = 3};
    float *second = copy_array(t->in[1], NC(t));
    for (size_t i = 0; i < NC(t); i++)
        second[i] *= second[i];
    be->adamw(be, out[0], t->in[0], out[1], second, NC(t), &s);
    mem_free(second);
}

static void op_sae(backend *be, const trial *t, float **out)
{
    be->jumprelu_forward(be, out[0], t->in[0], t->in[2], t->N, t->C);
    be->jumprelu_backward(be, out[1], t->in[1], out[0], NC(t));
    be->jumprelu_threshold_gradient(be, out[2], t->in[1], t->in[0], t->in[2], 1.5f, 0.3f, t->N,
                                    t->C);
    be->jumprelu_forward(be, out[0], t->in[1], NULL, t->N, t->C);
}

/* Rounded values, so that ties between columns are common. */
static void op_top_k(backend *be, const trial *t, float **out)
{
    float *coarse = copy_array(t->in[0], NC(t));
    for (size_t i = 0; i < NC(t); i++)
        coarse[i] = roundf(coarse[i]);
    be->top_k_rows(be, out[0], coarse, 3, t->N, t->C);
    be->top_k_rows(be, out[1], t->in[1], t->C / 2, t->N, t->C);
    be->kth_largest(be, &out[2][0], t->in[0], NC(t), 1 + NC(t) / 3);
    be->kth_largest(be, &out[3][0], coarse, NC(t), NC(t));
    mem_free(coarse);
}

static void op_gather_columns(backend *be, const trial *t, float **out)
{
    int32_t columns[3] = {t->C - 1, 0, t->C / 2};
    int n = t->C < 3 ? t->C : 3;
    be->gather_columns(be, out[0], t->in[0], columns, t->N, t->C, n);
}

static const struct {
    const char *name;
    operation *run;
    double tolerance;
} OPERATIONS[] = {{"elements", op_elements, 1e-6},
                  {"rows", op_rows, 1e-6},
                  {"sums", op_sums, 1e-5}, /* cancelling sums of random numbers */
                  {"maxima", op_maxima, 0},
                  {"layernorm", op_layernorm, 2e-6},
                  {"rmsnorm", op_rmsnorm, 2e-6},
                  {"layernorm backward", op_layernorm_backward, 1e-5},
                  {"rmsnorm backward", op_rmsnorm_backward, 1e-5},
                  {"softcap", op_softcap, 1e-5}, /* 1 - (y / cap)^2 cancels where the cap is flat */
                  {"embedding", op_embedding, 1e-6},
                  {"cross entropy", op_cross_entropy, 2e-6},
                  {"adamw", op_adamw, 2e-6},
                  {"sae", op_sae, 1e-5},
                  {"top k", op_top_k, 0},
                  {"gather columns", op_gather_columns, 0}};

static const struct {
    int N, C;
} SIZES[] = {{1, 1},      /* smallest legal */
             {3, 7},      /* shorter than a lane */
             {5, 16},     /* exactly the lanes */
             {33, 65},    /* a tail after lanes and after a block of columns */
             {300, 50},   /* more than one chunk of rows */
             {7, 20011}}; /* a row longer than a block */

static void test_rows(void **state)
{
    (void)state;
    for (size_t s = 0; s < COUNT_OF(SIZES); s++) {
        for (size_t i = 0; i < COUNT_OF(OPERATIONS); i++) {
            trial t = rows_trial(SIZES[s].N, SIZES[s].C);
            bool quadratic = OPERATIONS[i].run == op_top_k && SIZES[s].C > 1000; /* on ref */
            if (!quadratic)
                check(OPERATIONS[i].name, OPERATIONS[i].run, &t, OPERATIONS[i].tolerance);
            trial_free(&t);
        }
    }
}

static void test_activations(void **state)
{
    (void)state;
    static const activation kinds[] = {ACTIVATION_GELU, ACTIVATION_GELU_TANH, ACTIVATION_SILU,
                                       ACTIVATION_RELU};
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        trial t = rows_trial(9, 4003);
        t.act = kinds[k];
        t.in[0][0] = -12; /* deep in the tail */
        t.in[0][1] = 30;
        t.in[0][2] = -200;
        check("activation", op_activations, &t, 3e-6);
        check("gated", op_gated, &t, 3e-6);
        trial_free(&t);
    }
}

/* ---- stored numbers
 * ------------------------------------------------------------------------------ */

/* What the bits mean, from the formats' definitions (IEEE 754-2008 3.4; bfloat16 is the upper half
 * of binary32). */
static double meaning(number_type type, uint16_t bits)
{
    int e = type == NUMBER_F16 ? 5 : 8, m = 15 - e, bias = (1 << (e - 1)) - 1;
    int exponent = bits >> m & ((1 << e) - 1), mantissa = bits & ((1 << m) - 1);
    double magnitude = exponent == (1 << e) - 1 ? (mantissa ? (double)NAN : (double)INFINITY)
                       : exponent               ? ldexp(mantissa + (1 << m), exponent - bias - m)
                                                : ldexp(mantissa, 1 - bias - m);
    return bits & 0x8000 ? -magnitude : magnitude;
}

static void test_widen(void **state)
{
    (void)state;
    enum { PATTERNS = 1 << 16 };
    uint16_t *bits = mem_small(PATTERNS, sizeof *bits);
    float *wide = mem_small(PATTERNS, sizeof *wide);
    backends all = backends_new();
    for (int i = 0; i < PATTERNS; i++)
        bits[i] = (uint16_t)i;
    for (int b = 0; b < BACKENDS; b++) {
        for (number_type type = NUMBER_F16; type <= NUMBER_BF16; type++) {
            all.be[b]->widen(all.be[b], wide, bits, type, PATTERNS);
            for (int i = 0; i < PATTERNS; i++) {
                double want = meaning(type, (uint16_t)i);
                if (isnan(want) ? !isnan(wide[i])
                                : (double)wide[i] != want || !signbit(wide[i]) != !signbit(want))
                    fail_msg("%s: type %d, %04x is %g", all.be[b]->name, type, i, (double)wide[i]);
            }
        }
        float same[3] = {1, -0.0f, 1e-42f}, copy[3];
        all.be[b]->widen(all.be[b], copy, same, NUMBER_F32, 3);
        assert_memory_equal(copy, same, sizeof same);
    }
    backends_free(&all);
    mem_free(bits);
    mem_free(wide);
}

static void test_gather_stored_rows(void **state)
{
    (void)state;
    enum { V = 5, D = 7, ROWS = 4 };
    static const int32_t ids[ROWS] = {4, -1, 0, 4};
    backends all = backends_new();
    for (number_type type = NUMBER_F32; type <= NUMBER_BF16; type++) {
        float table[V * D], x[ROWS * D];
        uint16_t half[V * D];
        for (int i = 0; i < V * D; i++) {
            table[i] = (float)(i - 9) / 8; /* exact in all three types */
            half[i] = type == NUMBER_F16 ? f16_from_float(table[i]) : bf16_from_float(table[i]);
        }
        const void *stored = type == NUMBER_F32 ? (const void *)table : half;
        for (int b = 0; b < BACKENDS; b++) {
            for (int i = 0; i < ROWS * D; i++)
                x[i] = 77;
            all.be[b]->gather_rows(all.be[b], x, stored, type, ids, 2, ROWS, V, D);
            for (int i = 0; i < ROWS * D; i++)
                assert_true(x[i] == (ids[i / D] < 0 ? 77 : 2 * table[ids[i / D] * D + i % D]));
        }
    }
    backends_free(&all);
}

/* ---- products
 * ------------------------------------------------------------------------------------ */

typedef struct product {
    int M, N, K;
    orientation ta, tb;
    float alpha, beta;
} product;
static const product PRODUCTS[] = {
    {1, 1, 1, PLAIN, PLAIN, 1, 0},
    {5, 3, 0, PLAIN, PLAIN, 1, 0.5f}, /* an empty sum still scales c */
    {65, 33, 17, PLAIN, TRANSPOSED, 1, 0},
    {130, 70, 41, TRANSPOSED, PLAIN, 0.5f, 1},
    {300, 129, 64, TRANSPOSED, TRANSPOSED, 2, -1},
    {700, 96, 128, PLAIN, TRANSPOSED, 1, 0}, /* several blocks, a short last one */
    {1, 500, 300, PLAIN, PLAIN, 1, 0},
    {70, 1111, 500, PLAIN, PLAIN, 1, 1}, /* few rows: columns are cut too */
    {70, 1111, 500, TRANSPOSED, TRANSPOSED, 1, 1},
};
static const product *current; /* of the product under test: an operation has no other argument */

static void op_gemm(backend *be, const trial *t, float **out)
{
    const product *p = current;
    int pad = 3; /* rows lie further apart than they are long */
    int lda = (p->ta == PLAIN ? p->K : p->M) + pad, ldb = (p->tb == PLAIN ? p->N : p->K) + pad;
    be->gemm(be, out[0], p->N + pad, t->in[0], lda, p->ta, t->in[1], ldb, p->tb, p->M, p->N, p->K,
             p->alpha, p->beta);
}

static void test_gemm(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(PRODUCTS); i++) {
        current = &PRODUCTS[i];
        int side = current->M > current->N ? current->M : current->N;
        side = (side > current->K ? side : current->K) + 3;
        trial t = {.N = current->M, .C = current->N};
        size_t n = (size_t)side * (size_t)side;
        t.in[0] = random_array(n, 1, "a");
        t.in[1] = random_array(n, 1, "b");
        t.out[0] = random_array(n, 1, "c");
        t.n_out[0] = (size_t)current->M * (size_t)(current->N + 3);
        check("gemm", op_gemm, &t, 1e-5);
        trial_free(&t);
    }
}

static void test_gemm_ignores_nan_when_beta_is_0(void **state)
{
    (void)state;
    backends all = backends_new();
    for (int b = 0; b < BACKENDS; b++) {
        float a[6] = {1, 2, 3, 4, 5, 6}, c[4] = {NAN, NAN, NAN, NAN};
        all.be[b]->gemm(all.be[b], c, 2, a, 3, PLAIN, a, 3, TRANSPOSED, 2, 2, 3, 1, 0);
        const float want[4] = {14, 32, 32, 77};
        assert_memory_equal(c, want, sizeof want);
    }
    backends_free(&all);
}

/* ---- attention
 * ------------------------------------------------------------------------------------ */

static const attention_shape SHAPES[] = {
    {.B = 1, .T = 1, .n_heads = 1, .n_kv_heads = 1, .d_head = 2},
    {.B = 2, .T = 70, .n_heads = 3, .n_kv_heads = 3, .d_head = 8}, /* two query blocks */
    {.B = 3, .T = 65, .n_heads = 4, .n_kv_heads = 2, .d_head = 6}, /* shared keys */
    {.B = 2, .T = 66, .n_heads = 4, .n_kv_heads = 1, .d_head = 5, .softcap = 0.8f},
    {.B = 1, .T = 90, .n_heads = 2, .n_kv_heads = 2, .d_head = 4, .window = 13},
    {.B = 1, .T = 300, .n_heads = 2, .n_kv_heads = 1, .d_head = 4}, /* tiles of fewer queries */
};
static attention_shape shape;
static bool interleaved;

static void set_layout(void)
{
    int K = shape.d_head, Z = shape.n_heads * K, G = shape.n_kv_heads * K;
    shape.row = Z + 2 * G;
    shape.scale = 0.6f;
    shape.q = 0;
    shape.k = interleaved ? K : Z;
    shape.v = interleaved ? 2 * K : Z + G;
    shape.q_stride = shape.kv_stride = interleaved ? 3 * K : K;
}

static void op_attention(backend *be, const trial *t, float **out)
{
    int rotary = shape.d_head / 2 * 2;
    float *qkv = copy_array(t->in[0], t->n_in[0]);
    be->rope(be, qkv, &shape, t->ids, t->in[2], t->in[3], rotary, false);
    be->attention_forward(be, out[0], out[1], qkv, &shape);
    be->attention_backward(be, out[2], t->in[1], out[1], qkv, &shape);
    be->rope(be, out[2], &shape, t->ids, t->in[2], t->in[3], rotary, true);
    mem_free(qkv);
}

static void test_attention(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * COUNT_OF(SHAPES); i++) {
        shape = SHAPES[i / 2];
        interleaved = i % 2 && shape.n_heads == shape.n_kv_heads;
        set_layout();
        size_t N = (size_t)(shape.B * shape.T), Z = (size_t)(shape.n_heads * shape.d_head);
        size_t qkv = N * (size_t)shape.row, half = (size_t)(shape.T * (shape.d_head / 2));
        trial t = {.N = (int)N, .C = shape.row};
        t.in[0] = random_array(t.n_in[0] = qkv, 1, "qkv");
        t.in[1] = random_array(N * Z, 1, "d_z");
        t.in[2] = random_array(half, 1, "cos");
        t.in[3] = random_array(half, 1, "cos");
        for (size_t j = 0; j < half; j++) { /* angles */
            t.in[2][j] = cosf(t.in[2][j]);
            t.in[3][j] = sinf(t.in[3][j]);
        }
        t.ids = mem_small(N, sizeof *t.ids);
        for (size_t n = 0; n < N; n++) /* any order */
            t.ids[n] = (int32_t)(n * 7 % (size_t)shape.T);
        t.out[0] = random_array(t.n_out[0] = N * Z, 1, "z");
        t.out[1] = random_array(t.n_out[1] = N * (size_t)shape.n_heads, 1, "sums");
        t.out[2] = random_array(t.n_out[2] = qkv, 1, "d_qkv");
        check("attention", op_attention, &t, 1e-5);
        trial_free(&t);
    }
}

/* ---- choosing one
 * ----------------------------------------------------------------------------------- */

static void test_open(void **state)
{
    (void)state;
    static const struct {
        const char *name, *opens;
    } rows[] = {{"auto", "cpu"}, {"cpu", "cpu"}, {"ref", "ref"}, {"gpu", NULL}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        backend *be;
        err e = {0};
        err_code rc = backend_open(&be, rows[i].name, NULL, &e);
        assert_int_equal(rc, rows[i].opens ? OK : E_CONFIG);
        if (rows[i].opens)
            assert_string_equal(be->name, rows[i].opens);
        else
            assert_non_null(strstr(e.text, "gpu"));
        backend_free(be);
    }
}

/* No entry of a backend may be missing: the operations lie between two known members. */
static void test_every_entry_is_filled(void **state)
{
    (void)state;
    backends all = backends_new();
    for (int b = 0; b < BACKENDS; b++) {
        const char *from = (const char *)&all.be[b]->alloc, *to = (const char *)(all.be[b] + 1);
        for (; from < to; from += sizeof(void *)) {
            void *entry;
            memcpy(&entry, from, sizeof entry);
            assert_non_null(entry);
        }
    }
    backends_free(&all);
}

static void test_failures_stick(void **state)
{
    (void)state;
    backend *be = backend_ref();
    err e = {0};
    assert_int_equal(backend_sync(be, &e), OK);
    err_set(&be->failure, E_NUMERIC, "a failure");
    assert_int_equal(backend_sync(be, &e), E_NUMERIC);
    assert_string_equal(e.text, "a failure");
    assert_int_equal(backend_sync(be, &e), OK);
    assert_null(be->alloc(be, SIZE_MAX / 4, 8, "too much", &e));
    assert_int_equal(e.code, E_MEMORY);
    backend_free(be);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows),
                                       cmocka_unit_test(test_activations),
                                       cmocka_unit_test(test_widen),
                                       cmocka_unit_test(test_gather_stored_rows),
                                       cmocka_unit_test(test_gemm),
                                       cmocka_unit_test(test_gemm_ignores_nan_when_beta_is_0),
                                       cmocka_unit_test(test_attention),
                                       cmocka_unit_test(test_open),
                                       cmocka_unit_test(test_every_entry_is_filled),
                                       cmocka_unit_test(test_failures_stick)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
