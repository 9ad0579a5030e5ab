/* The operations everything is computed with: one table of functions per machine.
 *
 * `ref` is the specification: plain loops, sums in double, one thread. `cpu` starts as `ref` and
 * overrides entries with OpenBLAS products and vector loops given to a pool. `cuda` fills every
 * entry. Code above this folder calls `be->gemm(be, ...)` and never asks which backend it is.
 *
 * Arrays are float32 (weights may be 16-bit floats), row-major, in backend memory (be->alloc):
 * plain pointers on ref and cpu. int32 index arrays are in backend memory too. Pointers called
 * `host_*` are ordinary memory. Operations are void. A failure (cuda) or a number that cannot be
 * right sticks and is reported by backend_sync(). Arrays may not overlap unless a comment says so.
 * Every operation gives the same bytes for any number of threads; one backend is used from one
 * thread at a time. */
#ifndef COMPUTE_BACKEND_H
#define COMPUTE_BACKEND_H
#include "base/err.h"
#include "base/pool.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ATTENTION_MAX_T = 16384 }; /* one row of scores fits a thread's tile */

typedef enum { PLAIN, TRANSPOSED } orientation;

typedef enum {
    ACTIVATION_GELU,      /* x Phi(x), Phi by erf (Hendrycks, Gimpel 2016) */
    ACTIVATION_GELU_TANH, /* its tanh approximation: gelu_new, gelu_pytorch_tanh */
    ACTIVATION_SILU,      /* x sigmoid(x) */
    ACTIVATION_RELU
} activation;

/* How the numbers of a weight array are stored; computing is in float32. */
typedef enum { NUMBER_F32, NUMBER_F16, NUMBER_BF16 } number_type;

static inline size_t number_size(number_type type)
{
    return type == NUMBER_F32 ? sizeof(float) : sizeof(uint16_t);
}

/* Where query, key and value of each head lie in one token's row of a joint projection:
 * head h's query at q + h * q_stride, kv head g's key at k + g * kv_stride, value at
 * v + g * kv_stride, each d_head numbers. GPT-NeoX interleaves the three per head, others
 * put all queries first; both are described by these numbers, so weights stay as files hold them.
 */
typedef struct attention_shape {
    int B, T;
    int n_heads, n_kv_heads, d_head; /* n_heads is a multiple of n_kv_heads */
    int row;                         /* numbers from one token to the next */
    int q, k, v, q_stride, kv_stride;
    float scale;   /* of the scores, before the cap */
    float softcap; /* scores become softcap * tanh(score / softcap); 0: none */
    int window;    /* key j visible from i iff i - j < window; 0: all j <= i */
} attention_shape;

/* C sequences of T tokens that begin like others: number c is sequence parent_C[c] of earlier ones
 * before position first_C[c] and has rows of its own from there on, packed: rows start_C[c] ..
 * start_C[c] + T - first_C[c] - 1. The index arrays are in backend memory. */
typedef struct attention_children {
    int C;
    const int32_t *parent_C, *first_C, *start_C;
    const float *parent_qkv_BTR;
} attention_children;

/* AdamW (Loshchilov, Hutter 2019), `step` counting from 1 for the bias corrections. */
typedef struct adamw_settings {
    float learning_rate, beta1, beta2, eps, weight_decay;
    float gradient_scale; /* multiplies the gradient first: clipping, averaging; 1 for none */
    int step;
} adamw_settings;

/* Candidates among the columns of a matrix of dot products: the one with the id ids_C[c] is column
 * ids_C[c] - first_id, and it is ranked by dot * factor_C[c] + offset_C[c], in double (factor_C
 * NULL: the factor is `scale`; offset_C NULL: nothing is added). Arrays are in backend memory. */
typedef struct ranked_columns {
    const int32_t *ids_C;
    const double *factor_C, *offset_C;
    double scale;
    int C, first_id;
    int seen; /* candidates of earlier columns, which stay ahead of equals */
} ranked_columns;

/* Which rows of B sequences of T rows are compared with each other: of sequence b those from
 * `first` on, length_B[b] of them (NULL: all), at most `window` apart. */
typedef struct near_rows {
    const int32_t *length_B; /* backend memory */
    int first, window;
    double floor; /* cosines up to it cost nothing, others what they are above it; -INFINITY: each
                   * costs itself */
} near_rows;

/* How rows move down a gradient: a step of Adam (Kingma, Ba 2015; beta1 0.9, eps 1e-8), each row by
 * itself. Arrays are in backend memory. */
typedef struct descent_settings {
    double rate, beta2;
    double limit;           /* rows stay in the ball of this radius around zero; 0: anywhere */
    const int32_t *step_N;  /* which step it is to the row, from 1; 0: the row stays as it is */
    const float *target_NC; /* where rows are drawn to after the step; NULL: nowhere */
    const double *pull_N;   /* by this share of the way there */
} descent_settings;

/* Rows as their numbers above 0: compute/sparse_rows.h. */
typedef struct sparse_rows sparse_rows;

/* What products multiply: sums are in float32 always. TF32 keeps 10 bits of each factor's fraction,
 * BF16 allows the library to keep 7. The relative error of a product of random numbers, K = 512,
 * was 4e-7, 3e-4 and 3e-4 on an H100, where cuBLAS 13 answered BF16 with TF32
 * (tests/compute/test_cuda.c holds each to its bound). */
typedef enum { PRODUCTS_F32, PRODUCTS_TF32, PRODUCTS_BF16 } product_precision;

typedef struct backend backend;
struct backend {
    const char *name;
    char note[1024];     /* why "auto" is not the GPU; else empty */
    pool *pool;          /* borrowed; for work on ordinary memory; NULL: one thread */
    bool in_host_memory; /* backend memory is ordinary memory: a mapped file can be used as it lies
                          */
    product_precision products; /* F32 on ref and cpu */
    err failure;                /* sticky; read by backend_sync() */

    /* -- memory ------------------------------------------------------------------------- */
    /* n zeroed elements of `size` bytes, 64-byte aligned; NULL with E_MEMORY naming `what`. */
    void *(*alloc)(backend *be, size_t n, size_t size, const char *what, err *e);
    void (*free)(backend *be, void *p); /* NULL is fine */
    void (*upload)(backend *be, void *to, const void *host_from, size_t bytes);
    void (*download)(backend *be, void *host_to, const void *from, size_t bytes);
    void (*copy)(backend *be, void *to, const void *from, size_t bytes);
    void (*zero)(backend *be, void *x, size_t bytes);

    /* -- products ------------------------------------------------------------------------ */
    /* c = alpha * op(a) op(b) + beta * c; op(a) is M x K, op(b) is K x N; ld* is the distance
     * between stored rows. beta == 0 never reads c. M, N or K may be 0. With a PLAIN, a row of c
     * has the same bytes whatever other rows there are: it depends on that row of a, b, N and K. */
    void (*gemm)(backend *be, float *c_MN, int ldc, const float *a, int lda, orientation ta,
                 const float *b, int ldb, orientation tb, int M, int N, int K, float alpha,
                 float beta);
    /* y = x op(W) + b + beta y, as gemm and add_bias give it, but y is gone through once. op(W) is
     * D x O. */
    void (*affine)(backend *be, float *y_NO, const float *x_ND, const float *w, orientation tw,
                   const float *bias_O, int N, int O, int D, float beta);

    /* -- elementwise and rows -------------------------------------------------------------- */
    void (*fill)(backend *be, float *x, float value, size_t n);
    void (*scale)(backend *be, float *x, float a, size_t n);                      /* x *= a */
    void (*add)(backend *be, float *y, const float *a, const float *b, size_t n); /* may alias */
    void (*axpy)(backend *be, float *y, float a, const float *x, size_t n);       /* y += a x */
    /* y may be a or b, as in add. */
    void (*multiply)(backend *be, float *y, const float *a, const float *b, size_t n);
    /* y[i] = x[i], exactly; x is aligned to its type's size. */
    void (*widen)(backend *be, float *y, const void *x, number_type type, size_t n);
    void (*add_bias)(backend *be, float *x_NC, const float *bias_C, int N, int C);
    void (*scale_rows)(backend *be, float *x_NC, const float *scale_N, int N, int C);
    void (*scale_columns)(backend *be, float *x_NC, const float *scale_C, int N, int C);
    /* y_NC[n,c] = x_NF[n, columns[c]]. */
    void (*gather_columns)(backend *be, float *y_NC, const float *x_NF, const int32_t *columns_C,
                           int N, int F, int C);
    /* y_NF[n, columns[c]] = x_NC[n,c]; no column twice, the others stay. */
    void (*scatter_columns)(backend *be, float *y_NF, const float *x_NC, const int32_t *columns_C,
                            int N, int F, int C);

    /* -- reductions ------------------------------------------------------------------------ */
    void (*column_sum)(backend *be, float *sum_C, const float *x_NC, int N, int C); /* sum_C += */
    /* The largest value of each column and the first row that holds it. N >= 1. */
    void (*column_max)(backend *be, float *max_C, int32_t *row_C, const float *x_NC, int N, int C);
    void (*row_norms)(backend *be, float *norm_N, const float *x_NC, int N, int C); /* Euclidean */
    void (*row_dots)(backend *be, float *dot_N, const float *a_NC, const float *b_NC, int N, int C);
    void (*sum_squares)(backend *be, double *host_sum, const float *x, size_t n);
    void (*sum)(backend *be, double *host_sum, const float *x, size_t n);
    void (*count_nonfinite)(backend *be, size_t *host_count, const float *x, size_t n);

    /* Offers each row's candidates to its list of the k best, best first; the list holds the
     * smaller of k and the candidates seen. Scores are numbers: the place of one that is not is not
     * said.
     */
    void (*rank_rows)(backend *be, int32_t *ids_Nk, float *score_Nk, int k, const float *dots_NM,
                      const ranked_columns *from, int N, int M);

    /* -- normalisation ----------------------------------------------------------------------- */
    /* y = normalized * gain + bias; normalized = (x - mean) / sqrt(var + eps);
     * inverse_N = 1 / sqrt(var + eps). gain and bias may be NULL (1 and 0). y may be NULL when
     * only normalized is wanted. */
    void (*layernorm_forward)(backend *be, float *y_ND, float *normalized_ND, float *inverse_N,
                              const float *x_ND, const float *gain_D, const float *bias_D, int N,
                              int D, float eps);
    /* Adds to d_x_ND; adds to d_gain_D and d_bias_D where not NULL. */
    void (*layernorm_backward)(backend *be, float *d_x_ND, float *d_gain_D, float *d_bias_D,
                               const float *d_y_ND, const float *normalized_ND,
                               const float *inverse_N, const float *gain_D, int N, int D);
    /* The same without mean and bias: normalized = x / sqrt(mean(x^2) + eps). */
    void (*rmsnorm_forward)(backend *be, float *y_ND, float *normalized_ND, float *inverse_N,
                            const float *x_ND, const float *gain_D, int N, int D, float eps);
    void (*rmsnorm_backward)(backend *be, float *d_x_ND, float *d_gain_D, const float *d_y_ND,
                             const float *normalized_ND, const float *inverse_N,
                             const float *gain_D, int N, int D);

    /* out = qkv with every head of queries and of keys divided by sqrt(mean(x^2) + eps) and
     * multiplied by its gain (Qwen 3); values are copied. */
    void (*heads_rmsnorm_forward)(backend *be, float *out_BTR, const float *qkv_BTR,
                                  const attention_shape *s, const float *q_gain_K,
                                  const float *k_gain_K, float eps);
    /* The gradient at out becomes that at qkv in place; adds to the gains' gradients where not
     * NULL. */
    void (*heads_rmsnorm_backward)(backend *be, float *d_BTR, float *d_q_gain_K, float *d_k_gain_K,
                                   const float *qkv_BTR, const attention_shape *s,
                                   const float *q_gain_K, const float *k_gain_K, float eps);

    /* -- activations ------------------------------------------------------------------------ */
    void (*activate_forward)(backend *be, float *y, const float *x, activation kind, size_t n);
    /* d_x = d_y * f'(x); d_x may be d_y. */
    void (*activate_backward)(backend *be, float *d_x, const float *d_y, const float *x,
                              activation kind, size_t n);
    /* y = f(gate) * up. */
    void (*gated_forward)(backend *be, float *y, const float *gate, const float *up,
                          activation kind, size_t n);
    void (*gated_backward)(backend *be, float *d_gate, float *d_up, const float *d_y,
                           const float *gate, const float *up, activation kind, size_t n);
    void (*softcap_forward)(backend *be, float *x, float cap, size_t n); /* cap tanh(x/cap) */
    /* d_y becomes d_x; y is softcap_forward's result. */
    void (*softcap_backward)(backend *be, float *d, const float *y, float cap, size_t n);

    /* -- attention -------------------------------------------------------------------------- */
    /* Rotates the first `rotary` numbers of every query and key in place, "rotate-half" pairing
     * j with j + rotary/2 (GPT-NeoX, Llama). Row n of the B*T turns by row positions_N[n] of cos
     * and sin, [positions, rotary/2]. inverse: rotates back, which is the gradient. */
    void (*rope)(backend *be, float *qkv_NR, const attention_shape *s, const int32_t *positions_N,
                 const float *cos_PR, const float *sin_PR, int rotary, bool inverse);
    /* z_BTHK = softmax(causal scores) v; log_sum_BHT = log of each softmax's denominator, from
     * which the backward recomputes the pattern (Dao et al. 2022) instead of keeping B*H*T*T
     * numbers. T is at most ATTENTION_MAX_T. */
    void (*attention_forward)(backend *be, float *z_BTHK, float *log_sum_BHT, const float *qkv_BTR,
                              const attention_shape *s);
    /* As attention_forward for the packed rows of children, which see their parents' keys and
     * values before their own. s->B is not read. A child's bytes do not depend on the others. */
    void (*attention_children)(backend *be, float *z_NHK, const float *qkv_NR,
                               const attention_children *c, const attention_shape *s);
    /* Writes every query, key and value gradient. */
    void (*attention_backward)(backend *be, float *d_qkv_BTR, const float *d_z_BTHK,
                               const float *log_sum_BHT, const float *qkv_BTR,
                               const attention_shape *s);

    /* -- embedding and loss ----------------------------------------------------------------- */
    /* x_ND[n] = scale * table_VD[ids[n]], the table of numbers of this type; rows whose id is
     * negative are left as they are. */
    void (*gather_rows)(backend *be, float *x_ND, const void *table_VD, number_type type,
                        const int32_t *ids_N, float scale, int N, int V, int D);
    /* table_VD[ids[n]] += scale * x_ND[n], negative ids skipped; sums in the order of n. */
    void (*scatter_add_rows)(backend *be, float *table_VD, const float *x_ND, const int32_t *ids_N,
                             float scale, int N, int V, int D);
    /* loss_N: nats, -log softmax(logits)[target]; target -1 gives 0. d_logits (NULL, or logits_NV
     * itself, or another array) = scale * gradient, 0 in rows with target -1. */
    void (*cross_entropy)(backend *be, float *loss_N, float *d_logits_NV, const float *logits_NV,
                          const int32_t *targets_N, float scale, int N, int V);

    /* -- sparse autoencoders ------------------------------------------------------------------ */
    /* f = pre where pre > max(threshold, 0), else 0 (Rajamanoharan et al. 2024). threshold NULL: 0,
     * which is relu. f may be pre. */
    void (*jumprelu_forward)(backend *be, float *f_NF, const float *pre_NF,
                             const float *threshold_F, int N, int F);
    /* f = jumprelu(x W + b), as gemm, add_bias and jumprelu_forward give it: f is large, so it is
     * gone through once. threshold NULL: 0. */
    void (*encode)(backend *be, float *f_NF, const float *x_ND, const float *w_DF, const float *b_F,
                   const float *threshold_F, int N, int D, int F);
    /* d_pre = d_f where f is not 0. d_pre may be d_f. */
    void (*jumprelu_backward)(backend *be, float *d_pre_NF, const float *d_f_NF, const float *f_NF,
                              size_t n);
    /* Their straight-through estimate with a rectangle kernel of width `bandwidth`:
     * d_threshold_F -= sum over n of (threshold * d_f + l0_weight) / bandwidth where
     * |pre - threshold| < bandwidth / 2. */
    void (*jumprelu_threshold_gradient)(backend *be, float *d_threshold_F, const float *d_f_NF,
                                        const float *pre_NF, const float *threshold_F,
                                        float bandwidth, float l0_weight, int N, int F);
    /* Per row: the k largest (ties: the smaller column) where positive, 0 elsewhere. */
    void (*top_k_rows)(backend *be, float *f_NF, const float *pre_NF, int k, int N, int F);
    /* What column own_N[n] of row n competes with for a place among the k largest: the k-th largest
     * of the other columns (ties: the smaller column is larger), -1 with the value 0 where there
     * are fewer. k >= 1. */
    void (*rivals)(backend *be, int32_t *rival_N, float *own_value_N, float *rival_value_N,
                   const float *x_NF, const int32_t *own_N, int k, int N, int F);
    /* The k-th largest of n values (BatchTopK: the whole batch); 1 <= k <= n. */
    void (*kth_largest)(backend *be, float *host_value, const float *x, size_t n, size_t k);

    /* The numbers above 0 of N rows (no more than there is room for), in ordinary memory, NaN left
     * out. They may be on their way until sparse_rows_arrive(), while other work goes on. */
    void (*to_sparse)(backend *be, sparse_rows *to, const float *x_NF, int N);
    /* The same of what encode() gives, which the cpu never holds. */
    void (*encode_sparse)(backend *be, sparse_rows *to, const float *x_ND, const float *w_DF,
                          const float *b_F, const float *threshold_F, int N, int D, int F);
    /* What sparse_rows.h does by way of the backend: its memory for them, and waiting. */
    err_code (*sparse_open)(backend *be, sparse_rows *s, err *e);
    void (*sparse_close)(backend *be, sparse_rows *s);
    void (*sparse_arrive)(backend *be, sparse_rows *s);

    /* -- training ------------------------------------------------------------------------------ */
    void (*adamw)(backend *be, float *value, const float *gradient, float *first, float *second,
                  size_t n, const adamw_settings *s);

    /* -- optimised inputs ------------------------------------------------------------------------
     * All in double, rounded where it is stored. */
    /* distance_N = |x - e| of each row; adds weight_N times its gradient to d_x (at a distance of 0
     * nothing: every direction is a subgradient there). */
    void (*row_distances)(backend *be, double *distance_N, float *d_x_NC, const float *x_NC,
                          const float *e_NC, const double *weight_N, int N, int C);
    /* mean_B = the mean of what the cosines of each sequence's near rows cost, 0 without a pair;
     * adds weight times its gradient to d_x. A row of zeros has cosine 0 with all and no gradient.
     */
    void (*near_cosines)(backend *be, double *mean_B, float *d_x_BTC, const float *x_BTC,
                         const near_rows *near, double weight, int B, int T, int C);
    /* Rows move down the gradient and back into the ball. On its surface only the gradient along it
     * can be followed; the outward part is taken off before Adam sees it: Adam scales each number
     * by itself, and of a constant gradient g it would go to sign(g) instead of g. `first` and
     * `second` are Adam's moments, zero before a row's first step. */
    void (*descend_rows)(backend *be, float *x_NC, const float *gradient_NC, float *first_NC,
                         float *second_NC, const descent_settings *s, int N, int C);

    /* -- the backend itself -------------------------------------------------------------------- */
    void (*finish)(backend *be); /* waits for what was asked for */
    void (*close)(backend *be);  /* releases all that is the backend's, and `be` */
};

/* name: "cpu", "ref", "cuda" (the first GPU), "cuda:N", or "auto": a GPU where there is one that
 * can be used, else the cpu, and where a GPU was looked for in vain `note` says why. The pool is
 * borrowed and outlives the backend. Owner: caller, backend_free(). */
err_code backend_open(backend **out, const char *name, pool *p, err *e);
/* The specification alone; never fails. */
backend *backend_ref(void);
err_code backend_cpu(backend **out, pool *p, err *e);
/* The GPU of that number. E_CONFIG with one line that says what is missing: a driver, a GPU, one
 * that is new enough (compute capability 7.5), free memory. */
err_code backend_cuda(backend **out, int device, pool *p, err *e);
/* Whether this program was built with the cuda backend. */
bool backend_has_cuda(void);
/* "f32", "tf32" or "bf16" for the products from here on; E_CONFIG for another name, and for another
 * than f32 on a backend that has no other. */
err_code backend_set_products(backend *be, const char *name, err *e);
/* NULL is fine. */
void backend_free(backend *be);
/* Waits for what was asked for; the first failure since the last call, then clears it. */
err_code backend_sync(backend *be, err *e);
/* The same without waiting: of what has shown itself so far. */
err_code backend_failure(backend *be, err *e);

/* OpenBLAS's own description of itself: version, options, core type in use. Borrowed. */
const char *cpu_blas_version(void);

/* The core type OpenBLAS should be started with (OPENBLAS_CORETYPE in the environment before the
 * program begins) because it does not know this processor's AVX-512, or NULL when it is right. */
const char *cpu_blas_core_override(void);

#endif
