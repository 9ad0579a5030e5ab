/* Every operation of one backend against the reference. */
#include "common_operations.h"
#include "base/memory.h"
#include "base/rng.h"
#include "common.h"
#include "test.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* An operation under test: reads `in`, changes `out`. Every operation is run on a copy of the same
 * outputs, because many add to what is there. */
enum { MOST = 4 };
typedef struct trial {
    float *in[MOST], *out[MOST];
    size_t n_in[MOST], n_out[MOST], n_ids;
    int32_t *ids;
    int N, C, V;
    activation act;
} trial;
typedef void operation(backend *be, const trial *t, float **out);

/* The trial in the backend's memory. */
static trial trial_on(backend *be, const trial *t)
{
    trial there = *t;
    for (int i = 0; i < MOST; i++) {
        there.in[i] = t->in[i] ? to_backend(be, t->in[i], t->n_in[i] * sizeof(float)) : NULL;
        there.out[i] = t->out[i] ? to_backend(be, t->out[i], t->n_out[i] * sizeof(float)) : NULL;
    }
    there.ids = t->ids ? to_backend(be, t->ids, t->n_ids * sizeof *t->ids) : NULL;
    return there;
}

static void trial_leave(backend *be, trial *t)
{
    for (int i = 0; i < MOST; i++) {
        be->free(be, t->in[i]);
        be->free(be, t->out[i]);
    }
    be->free(be, t->ids);
}

static void check(const contenders *all, const char *name, operation *run, const trial *t,
                  double tolerance)
{
    float *got[MOST_CONTENDERS][MOST] = {{NULL}};
    for (int b = 0; b < all->n; b++) {
        backend *be = all->be[b];
        trial there = trial_on(be, t);
        run(be, &there, there.out);
        for (int i = 0; i < MOST && t->out[i]; i++)
            got[b][i] = from_backend(be, there.out[i], t->n_out[i]);
        trial_leave(be, &there);
    }
    for (int i = 0; i < MOST && t->out[i]; i++) {
        char what[96];
        snprintf(what, sizeof what, "%s, output %d (N %d, C %d)", name, i, t->N, t->C);
        check_close(what, got[1][i], got[0][i], t->n_out[i], tolerance);
        for (int b = 2; b < all->n; b++)
            if (memcmp(got[1][i], got[b][i], t->n_out[i] * sizeof(float)))
                fail_msg("%s: backends 1 and %d differ", what, b);
    }
    for (int b = 0; b < all->n; b++)
        for (int i = 0; i < MOST; i++)
            mem_free(got[b][i]);
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
    t.ids = random_ids(t.n_ids = (size_t)N, t.V, "ids");
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
    const float sums[] = {(float)squares, (float)sum};
    size_t n = NC(t) < 2 ? 1 : 2;
    be->upload(be, out[1], sums, n * sizeof *sums);
}

/* in 0 as rows of C, in 1 as C x N weights: N features. */
static void op_encode(backend *be, const trial *t, float **out)
{
    size_t n = (size_t)t->N * (size_t)t->N;
    if (n > NC(t) || t->C > 100)
        return;
    be->encode(be, out[0], t->in[0], t->in[1], t->in[2], t->in[3], t->N, t->C, t->N);
    be->encode(be, out[1], t->in[0], t->in[1], t->in[3], NULL, t->N, t->C, t->N);
}

/* in 1 as rows of C, in 0 as C x N or N x C weights. */
static void op_affine(backend *be, const trial *t, float **out)
{
    size_t n = (size_t)t->N * (size_t)t->N;
    if (n > NC(t) || t->C > 100)
        return;
    be->affine(be, out[0], t->in[1], t->in[0], PLAIN, t->in[2], t->N, t->N, t->C, 0);
    be->copy(be, out[1], t->in[0], n * sizeof(float));
    be->affine(be, out[1], t->in[1], t->in[0], TRANSPOSED, t->in[3], t->N, t->N, t->C, 1);
}

/* Rounded values, so that ties are common. In the backend's memory. */
static float *rounded(backend *be, const float *x, size_t n)
{
    float *coarse = from_backend(be, x, n);
    for (size_t i = 0; i < n; i++)
        coarse[i] = roundf(coarse[i]);
    float *there = to_backend(be, coarse, n * sizeof *coarse);
    mem_free(coarse);
    return there;
}

static void op_maxima(backend *be, const trial *t, float **out)
{
    size_t C = (size_t)t->C;
    float *coarse = rounded(be, t->in[0], NC(t)), none[] = {NAN, -INFINITY};
    float *rows = mem_small(C, sizeof *rows);
    int32_t *row = to_backend(be, rows, C * sizeof *row), *host_row;
    be->column_max(be, out[2], row, coarse, t->N, t->C);
    host_row = (int32_t *)from_backend(be, (float *)row, C);
    for (size_t c = 0; c < C; c++)
        rows[c] = (float)host_row[c];
    be->upload(be, out[3], rows, C * sizeof *rows);
    be->upload(be, coarse + NC(t) / 2, none, sizeof *none);
    be->upload(be, coarse + NC(t) - 1, none + 1, sizeof *none);
    size_t count;
    be->count_nonfinite(be, &count, coarse, NC(t));
    be->column_max(be, out[0], row, coarse, t->N, t->C); /* NaN is no maximum but in row 0 */
    const float counted = (float)count;
    be->upload(be, out[1], &counted, sizeof counted);
    be->free(be, coarse);
    be->free(be, row);
    mem_free(host_row);
    mem_free(rows);
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
    be->layernorm_backward(be, out[0], out[2], out[3], t->in[0], t->in[1], t->in[3], t->in[2], t->N,
                           t->C);
    be->layernorm_backward(be, out[1], NULL, NULL, t->in[0], t->in[1], t->in[3], NULL, t->N, t->C);
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

static void op_embedding(backend *be, const trial *t, float **out)
{
    size_t cells = (size_t)t->V * (size_t)t->C, n = NC(t) < cells ? NC(t) : cells;
    float *host = random_array(cells, 1, "table");
    float *table = to_backend(be, host, cells * sizeof *host);
    be->gather_rows(be, out[0], table, NUMBER_F32, t->ids, 1.5f, t->N, t->V, t->C);
    be->scatter_add_rows(be, table, t->in[0], t->ids, 0.5f, t->N, t->V, t->C);
    be->copy(be, out[1], table, n * sizeof *table);
    be->free(be, table);
    mem_free(host);
}

static void op_cross_entropy(backend *be, const trial *t, float **out)
{
    int32_t *host = random_ids((size_t)t->N, t->C, "targets");
    host[t->N / 2] = -1;
    int32_t *targets = to_backend(be, host, (size_t)t->N * sizeof *host);
    be->cross_entropy(be, out[2], out[0], t->in[0], targets, 0.25f, t->N, t->C);
    be->cross_entropy(be, out[3], out[1], out[1], targets, 2, t->N, t->C); /* in place */
    be->cross_entropy(be, out[3], NULL, t->in[1], targets, 2, t->N, t->C);
    be->free(be, targets);
    mem_free(host);
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
    float *second = be->alloc(be, NC(t), sizeof *second, "second moments", &be->failure);
    be->multiply(be, second, t->in[1], t->in[1], NC(t));
    be->adamw(be, out[0], t->in[0], out[1], second, NC(t), &s);
    be->free(be, second);
}

static void op_sae(backend *be, const trial *t, float **out)
{
    be->jumprelu_forward(be, out[0], t->in[0], t->in[2], t->N, t->C);
    be->jumprelu_backward(be, out[1], t->in[1], out[0], NC(t));
    be->jumprelu_threshold_gradient(be, out[2], t->in[1], t->in[0], t->in[2], 1.5f, 0.3f, t->N,
                                    t->C);
    be->jumprelu_forward(be, out[0], t->in[1], NULL, t->N, t->C);
}

static void op_top_k(backend *be, const trial *t, float **out)
{
    float *coarse = rounded(be, t->in[0], NC(t)), values[2] = {0};
    be->top_k_rows(be, out[0], coarse, 3, t->N, t->C);
    be->top_k_rows(be, out[1], t->in[1], t->C / 2, t->N, t->C);
    be->kth_largest(be, &values[0], t->in[0], NC(t), 1 + NC(t) / 3);
    be->kth_largest(be, &values[1], coarse, NC(t), NC(t));
    be->upload(be, out[2], &values[0], sizeof *values);
    be->upload(be, out[3], &values[1], sizeof *values);
    be->free(be, coarse);
}

static void op_columns(backend *be, const trial *t, float **out)
{
    const int32_t host[3] = {t->C - 1, 0, t->C / 2};
    int n = t->C < 3 ? t->C : 3;
    int32_t *columns = to_backend(be, host, sizeof host);
    be->gather_columns(be, out[0], t->in[0], columns, t->N, t->C, n);
    be->scatter_columns(be, out[1], t->in[1], columns, t->N, t->C, n);
    be->free(be, columns);
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
                  {"encode", op_encode, 1e-5},
                  {"affine", op_affine, 1e-5},
                  {"top k", op_top_k, 0},
                  {"columns", op_columns, 0}};

static const struct {
    int N, C;
} SIZES[] = {{1, 1},      /* smallest legal */
             {3, 7},      /* shorter than a lane */
             {5, 16},     /* exactly the lanes */
             {33, 65},    /* a tail after lanes and after a block of columns */
             {300, 50},   /* more than one chunk of rows */
             {7, 20011}}; /* a row longer than a block */

void check_rows(const contenders *all)
{
    for (size_t s = 0; s < COUNT_OF(SIZES); s++) {
        for (size_t i = 0; i < COUNT_OF(OPERATIONS); i++) {
            trial t = rows_trial(SIZES[s].N, SIZES[s].C);
            bool quadratic = OPERATIONS[i].run == op_top_k && SIZES[s].C > 1000; /* on ref */
            if (!quadratic)
                check(all, OPERATIONS[i].name, OPERATIONS[i].run, &t, OPERATIONS[i].tolerance);
            trial_free(&t);
        }
    }
}

void check_activations(const contenders *all)
{
    static const activation kinds[] = {ACTIVATION_GELU, ACTIVATION_GELU_TANH, ACTIVATION_SILU,
                                       ACTIVATION_RELU};
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        trial t = rows_trial(9, 4003);
        t.act = kinds[k];
        t.in[0][0] = -12; /* deep in the tail */
        t.in[0][1] = 30;
        t.in[0][2] = -200;
        check(all, "activation", op_activations, &t, 3e-6);
        check(all, "gated", op_gated, &t, 3e-6);
        trial_free(&t);
    }
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

void check_products(const contenders *all)
{
    for (size_t i = 0; i < COUNT_OF(PRODUCTS); i++) {
        current = &PRODUCTS[i];
        int side = current->M > current->N ? current->M : current->N;
        side = (side > current->K ? side : current->K) + 3;
        trial t = {.N = current->M, .C = current->N};
        size_t n = (size_t)side * (size_t)side;
        t.in[0] = random_array(t.n_in[0] = n, 1, "a");
        t.in[1] = random_array(t.n_in[1] = n, 1, "b");
        t.out[0] = random_array(n, 1, "c");
        t.n_out[0] = (size_t)current->M * (size_t)(current->N + 3);
        check(all, "gemm", op_gemm, &t, 1e-5);
        trial_free(&t);
    }
}

void check_beta_0(const contenders *all)
{
    for (int b = 0; b < all->n; b++) {
        backend *be = all->be[b];
        const float a[6] = {1, 2, 3, 4, 5, 6}, c[4] = {NAN, NAN, NAN, NAN},
                    want[4] = {14, 32, 32, 77};
        float *a_there = to_backend(be, a, sizeof a), *c_there = to_backend(be, c, sizeof c);
        be->gemm(be, c_there, 2, a_there, 3, PLAIN, a_there, 3, TRANSPOSED, 2, 2, 3, 1, 0);
        float *got = from_backend(be, c_there, 4);
        assert_memory_equal(got, want, sizeof want);
        mem_free(got);
        be->free(be, a_there);
        be->free(be, c_there);
    }
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
    {.B = 2, .T = 16, .n_heads = 2, .n_kv_heads = 2, .d_head = 64}, /* one small tile, whole */
    {.B = 1, .T = 15, .n_heads = 4, .n_kv_heads = 2, .d_head = 67, .window = 4}, /* two chunks */
    {.B = 1, .T = 40, .n_heads = 2, .n_kv_heads = 1, .d_head = 132, .window = 33, .softcap = 2},
    {.B = 1, .T = 33, .n_heads = 1, .n_kv_heads = 1, .d_head = 260}, /* two groups of chunks */
};
static attention_shape shape;
static bool interleaved;

static void set_layout(void)
{
    int K = shape.d_head, Z = shape.n_heads * K, G = shape.n_kv_heads * K;
    shape.row = Z + 2 * G;
    shape.scale = K <= 8 ? 0.6f : 1.2f / sqrtf((float)K);
    shape.q = 0;
    shape.k = interleaved ? K : Z;
    shape.v = interleaved ? 2 * K : Z + G;
    shape.q_stride = shape.kv_stride = interleaved ? 3 * K : K;
}

static void op_attention(backend *be, const trial *t, float **out)
{
    int rotary = shape.d_head / 2 * 2;
    float *qkv = be->alloc(be, t->n_in[0], sizeof *qkv, "qkv", &be->failure);
    be->copy(be, qkv, t->in[0], t->n_in[0] * sizeof *qkv);
    be->rope(be, qkv, &shape, t->ids, t->in[2], t->in[3], rotary, false);
    be->attention_forward(be, out[0], out[1], qkv, &shape);
    be->attention_backward(be, out[2], t->in[1], out[1], qkv, &shape);
    be->rope(be, out[2], &shape, t->ids, t->in[2], t->in[3], rotary, true);
    be->free(be, qkv);
}

void check_attention(const contenders *all)
{
    for (size_t i = 0; i < 2 * COUNT_OF(SHAPES); i++) {
        shape = SHAPES[i / 2];
        interleaved = i % 2 && shape.n_heads == shape.n_kv_heads;
        set_layout();
        size_t N = (size_t)(shape.B * shape.T), Z = (size_t)(shape.n_heads * shape.d_head);
        size_t qkv = N * (size_t)shape.row, half = (size_t)(shape.T * (shape.d_head / 2));
        trial t = {.N = (int)N, .C = shape.row};
        t.in[0] = random_array(t.n_in[0] = qkv, 1, "qkv");
        t.in[1] = random_array(t.n_in[1] = N * Z, 1, "d_z");
        t.in[2] = random_array(t.n_in[2] = half, 1, "cos");
        t.in[3] = random_array(t.n_in[3] = half, 1, "cos");
        for (size_t j = 0; j < half; j++) { /* angles */
            t.in[2][j] = cosf(t.in[2][j]);
            t.in[3][j] = sinf(t.in[3][j]);
        }
        t.ids = mem_small(t.n_ids = N, sizeof *t.ids);
        for (size_t n = 0; n < N; n++) /* any order */
            t.ids[n] = (int32_t)(n * 7 % (size_t)shape.T);
        t.out[0] = random_array(t.n_out[0] = N * Z, 1, "z");
        t.out[1] = random_array(t.n_out[1] = N * (size_t)shape.n_heads, 1, "sums");
        t.out[2] = random_array(t.n_out[2] = qkv, 1, "d_qkv");
        check(all, "attention", op_attention, &t, 1e-5);
        trial_free(&t);
    }
}

/* ---- heads' norm
 * ------------------------------------------------------------------------------------ */

static void op_heads(backend *be, const trial *t, float **out)
{
    be->heads_rmsnorm_forward(be, out[0], t->in[0], &shape, t->in[2], t->in[3], 1e-3f);
    be->heads_rmsnorm_backward(be, out[1], out[2], out[3], t->in[0], &shape, t->in[2], t->in[3],
                               1e-3f);
}

void check_heads(const contenders *all)
{
    for (size_t i = 0; i < COUNT_OF(SHAPES); i++) {
        shape = SHAPES[i];
        interleaved = i % 2 && shape.n_heads == shape.n_kv_heads;
        set_layout();
        size_t n = (size_t)(shape.B * shape.T * shape.row), K = (size_t)shape.d_head;
        trial t = {.N = shape.B * shape.T, .C = shape.row};
        t.in[0] = random_array(t.n_in[0] = n, 1, "qkv");
        t.in[2] = random_array(t.n_in[2] = K, 1, "query gain");
        t.in[3] = random_array(t.n_in[3] = K, 1, "key gain");
        for (int o = 0; o < MOST; o++)
            t.out[o] = random_array(t.n_out[o] = o < 2 ? n : K, 1, "out");
        check(all, "heads' norm", op_heads, &t, 1e-5);
        trial_free(&t);
    }
}

/* The operations lie between two known members. */
void check_every_entry(const contenders *all)
{
    for (int b = 0; b < all->n; b++) {
        const char *from = (const char *)&all->be[b]->alloc, *to = (const char *)(all->be[b] + 1);
        for (; from < to; from += sizeof(void *)) {
            void *entry;
            memcpy(&entry, from, sizeof entry);
            assert_non_null(entry);
        }
    }
}
