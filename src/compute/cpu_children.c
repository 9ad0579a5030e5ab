/* The cpu backend: attention of sequences that share the beginning of others.
 *
 * A task is one head of one child: a few queries against up to T keys, too few for the library's
 * products to pay. Keys are turned on their side a block at a time, so that one query's scores with
 * a block's keys fill vector registers; values are summed the same way, a block of their numbers at
 * a time. Every sum runs in the order of its index. */
#include "compute/cpu.h"
#include "compute/cpu_math.h"
#include "compute/cpu_turn.h"
#include "compute/install.h"
#include <string.h>

enum {
    KEYS = 32,        /* turned together */
    DEPTH = 64,       /* of their numbers */
    VALUES = 32,      /* numbers of a value summed in registers */
    TILE = 16384,     /* scores kept: of as many queries as fit */
    MAX_QUERIES = 64, /* of one key block, turned once for all of them */
};

typedef struct children_job {
    float *z;
    const float *qkv;
    const attention_children *c;
    const attention_shape *s;
} children_job;

/* One head of one child. Positions before `shared` are the parent's. */
typedef struct child_head {
    const float *q, *k, *v, *parent_k, *parent_v;
    float *z;
    int shared;
} child_head;

static child_head head_of(const children_job *job, int child, int h)
{
    const attention_shape *s = job->s;
    const attention_children *c = job->c;
    int g = h / (s->n_heads / s->n_kv_heads), start = c->start_C[child];
    const float *own = ROW(job->qkv, start, s->row);
    const float *parent = ROW(c->parent_qkv_BTR, (size_t)c->parent_C[child] * s->T, s->row);
    return (child_head){.q = own + s->q + h * s->q_stride,
                        .k = own + s->k + g * s->kv_stride,
                        .v = own + s->v + g * s->kv_stride,
                        .parent_k = parent + s->k + g * s->kv_stride,
                        .parent_v = parent + s->v + g * s->kv_stride,
                        .z = ROW(job->z, start, s->n_heads * s->d_head) + h * s->d_head,
                        .shared = c->first_C[child]};
}

static const float *key(const child_head *x, const attention_shape *s, int j)
{
    return j < x->shared ? ROW(x->parent_k, j, s->row) : ROW(x->k, j - x->shared, s->row);
}

static const float *value(const child_head *x, const attention_shape *s, int j)
{
    return j < x->shared ? ROW(x->parent_v, j, s->row) : ROW(x->v, j - x->shared, s->row);
}

/* The first key a position sees. */
static int first_key(const attention_shape *s, int position)
{
    return s->window && position >= s->window ? position - s->window + 1 : 0;
}

/* Half a block is turned and multiplied where that holds the n keys, as it does in short
 * sequences. */
static int columns_of(int n)
{
    return n <= KEYS / 2 ? KEYS / 2 : KEYS;
}

/* turned[d][j] = number `from + d` of key `first + j`, 0 where there is none. */
static void turn_keys(float turned[DEPTH][KEYS], const child_head *x, const attention_shape *s,
                      int first, int n, int from, int depth)
{
    static const float none[DEPTH];
    int whole = depth / SQUARE * SQUARE;
    for (int j = 0; j < columns_of(n); j += SQUARE) {
        const float *keys[SQUARE];
        for (int i = 0; i < SQUARE; i++)
            keys[i] = j + i < n ? key(x, s, first + j + i) + from : none;
        for (int d = 0; d < whole; d += SQUARE)
            turn_square(&turned[d][j], KEYS, keys, d);
        for (int d = whole; d < depth; d++)
            for (int i = 0; i < SQUARE; i++)
                turned[d][j + i] = keys[i][d];
    }
}

/* Adds the products of `depth` numbers of one query with those of the keys in some squares. */
static inline void add_products_of(float *scores, const float *q, float turned[DEPTH][KEYS],
                                   int depth, int squares)
{
    eight *to = (eight *)scores, sum[KEYS / SQUARE];
#pragma GCC unroll 4
    for (int i = 0; i < squares; i++)
        sum[i] = to[i];
    for (int d = 0; d < depth; d++) {
        const eight *keys = (const eight *)turned[d];
#pragma GCC unroll 4
        for (int i = 0; i < squares; i++)
            sum[i] += q[d] * keys[i];
    }
#pragma GCC unroll 4
    for (int i = 0; i < squares; i++)
        to[i] = sum[i];
}

/* Either number of squares is known when this is compiled. */
static void add_products(float *scores, const float *q, float turned[DEPTH][KEYS], int depth, int n)
{
    if (columns_of(n) < KEYS)
        add_products_of(scores, q, turned, depth, KEYS / 2 / SQUARE);
    else
        add_products_of(scores, q, turned, depth, KEYS / SQUARE);
}

/* Products of queries first .. first+n-1 with every key up to the last one's, `width` a row. */
static void products(float *tile, const child_head *x, const attention_shape *s, int first, int n,
                     int width)
{
    float turned[DEPTH][KEYS] __attribute__((aligned(64)));
    int keys = first + n;
    memset(tile, 0, (size_t)n * (size_t)width * sizeof *tile);
    for (int at = first_key(s, first) / KEYS * KEYS; at < keys; at += KEYS) {
        for (int from = 0; from < s->d_head; from += DEPTH) {
            int depth = s->d_head - from < DEPTH ? s->d_head - from : DEPTH;
            turn_keys(turned, x, s, at, keys - at, from, depth);
            for (int i = 0; i < n; i++)
                add_products(ROW(tile, i, width) + at,
                             ROW(x->q, first + i - x->shared, s->row) + from, turned, depth,
                             keys - at);
        }
    }
}

/* Products with keys from .. to-1 to weights that add up to 1. Elementwise work is done in whole
 * vectors, also on the numbers beside those that count: a row of the tile has room for them. */
static void soften(float *row, const attention_shape *s, int from, int to)
{
    float *first = row + from / LANES * LANES;
    int n = (int)(row + to - first + LANES - 1) / LANES * LANES;
    for (int j = 0; j < n; j++)
        first[j] *= s->scale;
    for (int j = 0; j < n && s->softcap > 0; j++)
        first[j] = s->softcap * fast_tanh(first[j] / s->softcap);
    float largest = row_max(row + from, to - from);
    for (int j = 0; j < n; j++)
        first[j] = fast_exp(first[j] - largest);
    float inverse = 1.0f / row_sum(row + from, to - from);
    for (int j = 0; j < n; j++)
        first[j] *= inverse;
}

/* VALUES numbers of z from number `at` of the values of keys from .. to-1. */
static inline void add_values(float *z, const float *weights, const child_head *x,
                              const attention_shape *s, int from, int to, int at)
{
    eight sum[VALUES / SQUARE] = {{0}};
    for (int j = from; j < to; j++) {
        const eight *v = (const eight *)(value(x, s, j) + at);
#pragma GCC unroll 4
        for (int i = 0; i < VALUES / SQUARE; i++)
            sum[i] += weights[j] * v[i];
    }
    memcpy(z + at, sum, sizeof sum);
}

/* The same for fewer, one by one. */
static void add_last_values(float *z, const float *weights, const child_head *x,
                            const attention_shape *s, int from, int to, int at)
{
    for (int d = at; d < s->d_head; d++) {
        float sum = 0;
        for (int j = from; j < to; j++)
            sum += weights[j] * value(x, s, j)[d];
        z[d] = sum;
    }
}

static void weigh_values(float *z, const float *weights, const child_head *x,
                         const attention_shape *s, int from, int to)
{
    int at = 0;
    for (; at + VALUES <= s->d_head; at += VALUES)
        add_values(z, weights, x, s, from, to, at);
    add_last_values(z, weights, x, s, from, to, at);
}

static void children_task(void *context, int index)
{
    const children_job *job = context;
    const attention_shape *s = job->s;
    child_head x = head_of(job, index / s->n_heads, index % s->n_heads);
    float tile[TILE] __attribute__((aligned(64)));
    int width = (s->T + KEYS - 1) / KEYS * KEYS, most = TILE / width;
    most = most > MAX_QUERIES ? MAX_QUERIES : most;
    for (int first = x.shared; first < s->T; first += most) {
        int n = s->T - first < most ? s->T - first : most;
        products(tile, &x, s, first, n, width);
        for (int i = 0; i < n; i++) {
            float *row = ROW(tile, i, width);
            int position = first + i, from = first_key(s, position);
            soften(row, s, from, position + 1);
            weigh_values(ROW(x.z, position - x.shared, s->n_heads * s->d_head), row, &x, s, from,
                         position + 1);
        }
    }
}

static void cpu_attention_children(backend *be, float *z_NHK, const float *qkv_NR,
                                   const attention_children *c, const attention_shape *s)
{
    children_job job = {.z = z_NHK, .qkv = qkv_NR, .c = c, .s = s};
    pool_run(be->pool, c->C * s->n_heads, children_task, &job);
}

void cpu_install_children(backend *be)
{
    be->attention_children = cpu_attention_children;
}
