/* The value a search climbs, and its gradient.
 *
 * Without top-k a row needs its own feature's column alone. With top-k all pre-activations of a
 * row are computed, a block of rows at a time, and the rival is selected in ordinary memory; who it
 * is and the slope towards it are kept for the gradient. */
#include "invert/objective.h"
#include "base/memory.h"
#include <math.h>
#include <string.h>

/* Softness of top-k's edge, in units of a strong activation. */
static const double EDGE_SOFTNESS = 0.05;

enum {
    BLOCK_FLOATS = 4 * 1024 * 1024, /* pre-activations of all features held at a time at most */
    BLOCK_ROWS = 512
};

/* What the gradient of a row needs of the last values. */
typedef struct rival {
    int feature;
    float slope; /* of minus the value towards the rival's pre-activation; 0: there is no rival */
} rival;

struct objective {
    sae *s;
    backend *be;
    sae_columns *columns;
    int *features_n;
    double *softness_n;
    int n_rows, capacity; /* of the last values; rows there is room for */
    float *z_N, *f_N;     /* backend */
    float *host_weight_N;
    rival *rival_N;
    /* A block of rows of all features, with top-k only. */
    int block;
    float *pre_NF;      /* backend */
    float *host_pre_NF; /* NULL where backend memory is ordinary */
    int32_t *heap_Nk;
    float *d_rival_ND; /* backend */
};

static int top_k(const objective *o)
{
    return sae_describe(o->s)->k;
}

/* ---- making ------------------------------------------------------------------------------------
 */

static err_code open_block(objective *o, err *e)
{
    static const char what[] = "pre-activations of all features";
    backend *be = o->be;
    const sae_config *c = sae_describe(o->s);
    int rows = BLOCK_FLOATS / c->d_sae;
    o->block = rows < 1 ? 1 : rows > BLOCK_ROWS ? BLOCK_ROWS : rows;
    size_t cells = (size_t)o->block * (size_t)c->d_sae;
    o->pre_NF = be->alloc(be, cells, sizeof *o->pre_NF, what, e);
    o->d_rival_ND = be->alloc(be, (size_t)o->block * (size_t)c->d_in, sizeof(float), what, e);
    o->heap_Nk = mem_array((size_t)o->block * (size_t)c->k, sizeof *o->heap_Nk, what, e);
    if (!be->in_host_memory)
        o->host_pre_NF = mem_array(cells, sizeof *o->host_pre_NF, what, e);
    return o->pre_NF && o->d_rival_ND && o->heap_Nk && (o->host_pre_NF || be->in_host_memory)
               ? OK
               : e->code;
}

err_code objective_new(objective **out, sae *s, const int *features_n, const double *scale_n, int n,
                       err *e)
{
    *out = NULL;
    sae_columns *columns;
    err_code rc = sae_columns_new(&columns, s, features_n, n, e);
    if (rc)
        return rc;
    objective *o = mem_small(1, sizeof *o);
    *o = (objective){.s = s, .be = sae_backend(s), .columns = columns};
    o->features_n = mem_small((size_t)n, sizeof *o->features_n);
    o->softness_n = mem_small((size_t)n, sizeof *o->softness_n);
    for (int i = 0; i < n; i++) {
        o->features_n[i] = features_n[i];
        o->softness_n[i] = EDGE_SOFTNESS * scale_n[i];
    }
    rc = top_k(o) ? open_block(o, e) : OK;
    if (rc)
        objective_free(o);
    else
        *out = o;
    return rc;
}

static void release_rows(objective *o)
{
    o->be->free(o->be, o->z_N);
    o->be->free(o->be, o->f_N);
    mem_free(o->host_weight_N);
    mem_free(o->rival_N);
}

void objective_free(objective *o)
{
    if (!o)
        return;
    release_rows(o);
    o->be->free(o->be, o->pre_NF);
    o->be->free(o->be, o->d_rival_ND);
    mem_free(o->host_pre_NF);
    mem_free(o->heap_Nk);
    mem_free(o->softness_n);
    mem_free(o->features_n);
    sae_columns_free(o->columns);
    mem_free(o);
}

/* Room for N rows. */
static err_code reserve(objective *o, int N, err *e)
{
    static const char what[] = "values of target features";
    if (N <= o->capacity)
        return OK;
    release_rows(o);
    o->capacity = 0;
    o->z_N = o->be->alloc(o->be, (size_t)N, sizeof *o->z_N, what, e);
    o->f_N = o->be->alloc(o->be, (size_t)N, sizeof *o->f_N, what, e);
    o->host_weight_N = mem_array((size_t)N, sizeof *o->host_weight_N, what, e);
    o->rival_N = mem_array((size_t)N, sizeof *o->rival_N, what, e);
    if (!o->z_N || !o->f_N || !o->host_weight_N || !o->rival_N)
        return e->code;
    o->capacity = N;
    return OK;
}

/* ---- the rival ---------------------------------------------------------------------------------
 */

/* Does feature a come after feature b in its row? Of equals the larger number does, as in top-k. */
static bool is_behind(const float *pre_F, int32_t a, int32_t b)
{
    return pre_F[a] < pre_F[b] || (pre_F[a] == pre_F[b] && a > b);
}

/* Lets the first of n sink until none of its children is behind it. */
static void sink(int32_t *heap, int n, int at, const float *pre_F)
{
    for (;;) {
        int child = 2 * at + 1;
        if (child >= n)
            return;
        if (child + 1 < n && is_behind(pre_F, heap[child + 1], heap[child]))
            child++;
        if (!is_behind(pre_F, heap[child], heap[at]))
            return;
        int32_t above = heap[at];
        heap[at] = heap[child];
        heap[child] = above;
        at = child;
    }
}

/* The k-th in a row without `feature`, or -1 when there are fewer: a heap of the best k so far, the
 * last of them on top. */
static int find_rival(int32_t *heap_k, const float *pre_F, int F, int k, int feature)
{
    if (F - 1 < k)
        return -1;
    int n = 0, next = 0;
    for (; n < k; next++)
        if (next != feature)
            heap_k[n++] = next;
    for (int at = k / 2 - 1; at >= 0; at--)
        sink(heap_k, k, at, pre_F);
    for (; next < F; next++)
        if (pre_F[next] > pre_F[heap_k[0]] && next != feature) { /* an equal one is behind */
            heap_k[0] = next;
            sink(heap_k, k, 0, pre_F);
        }
    return heap_k[0];
}

/* A block of rows under way. */
typedef struct rows_task {
    objective *o;
    const float *host_pre_NF;
    const int32_t *host_which_N;
    float *host_value_N, *host_z_N, *host_f_N;
    rival *rival_N;
} rows_task;

static void value_row(void *context, int row)
{
    const rows_task *t = context;
    int k = top_k(t->o), F = sae_describe(t->o->s)->d_sae, which = t->host_which_N[row];
    int feature = t->o->features_n[which];
    const float *pre_F = ROW(t->host_pre_NF, row, F);
    double z = (double)pre_F[feature], value = z, slope = 0;
    int found = find_rival(ROW(t->o->heap_Nk, row, k), pre_F, F, k, feature);
    if (found >= 0) {
        double softness = t->o->softness_n[which], u = ((double)pre_F[found] - z) / softness;
        value -= softness * (fmax(u, 0) + log1p(exp(-fabs(u))));
        slope = 1 / (1 + exp(-u));
    }
    t->rival_N[row] = (rival){found < 0 ? feature : found, (float)slope};
    t->host_value_N[row] = (float)value;
    if (t->host_z_N)
        t->host_z_N[row] = pre_F[feature];
    bool kept = found < 0 || is_behind(pre_F, found, feature);
    if (t->host_f_N)
        t->host_f_N[row] = kept && z > 0 ? pre_F[feature] : 0;
}

static err_code top_k_values(float *host_value_N, float *host_z_N, float *host_f_N, objective *o,
                             const int32_t *host_which_N, const float *h_NW, int N, err *e)
{
    backend *be = o->be;
    const sae_config *c = sae_describe(o->s);
    err_code rc = OK;
    for (int first = 0; first < N && !rc; first += o->block) {
        int n = N - first < o->block ? N - first : o->block;
        sae_preactivations(o->pre_NF, o->s, ROW(h_NW, first, c->d_in), n);
        if (o->host_pre_NF)
            be->download(be, o->host_pre_NF, o->pre_NF,
                         (size_t)n * (size_t)c->d_sae * sizeof(float));
        rc = backend_sync(be, e);
        rows_task t = {.o = o,
                       .host_pre_NF = o->host_pre_NF ? o->host_pre_NF : o->pre_NF,
                       .host_which_N = host_which_N + first,
                       .host_value_N = host_value_N + first,
                       .host_z_N = host_z_N ? host_z_N + first : NULL,
                       .host_f_N = host_f_N ? host_f_N + first : NULL,
                       .rival_N = o->rival_N + first};
        if (!rc)
            pool_run(be->pool, n, value_row, &t);
    }
    return rc;
}

/* ---- values and gradient -----------------------------------------------------------------------
 */

err_code objective_values(float *host_value_N, float *host_z_N, float *host_f_N, objective *o,
                          const int32_t *host_which_N, const float *h_NW, int N, err *e)
{
    backend *be = o->be;
    size_t bytes = (size_t)N * sizeof(float);
    o->n_rows = 0;
    err_code rc = reserve(o, N, e);
    if (!rc && top_k(o)) {
        rc = top_k_values(host_value_N, host_z_N, host_f_N, o, host_which_N, h_NW, N, e);
    } else if (!rc) {
        sae_encode_targets(host_f_N ? o->f_N : NULL, o->z_N, o->columns, host_which_N, h_NW, N);
        be->download(be, host_value_N, o->z_N, bytes);
        if (host_f_N)
            be->download(be, host_f_N, o->f_N, bytes);
        rc = backend_sync(be, e);
        if (host_z_N)
            memcpy(host_z_N, host_value_N, bytes);
    }
    o->n_rows = rc ? 0 : N;
    return rc;
}

/* d_h += -slope * d_value times the gradient of the rival's pre-activation, whose column is fetched
 * for each row of a block. */
static err_code add_rivals(float *d_h_NW, objective *o, const float *host_d_value_N,
                           const float *h_NW, int N, err *e)
{
    backend *be = o->be;
    int D = sae_describe(o->s)->d_in;
    err_code rc = OK;
    for (int first = 0; first < N && !rc; first += o->block) {
        int features_N[BLOCK_ROWS], n = N - first < o->block ? N - first : o->block;
        int32_t which_N[BLOCK_ROWS];
        for (int i = 0; i < n; i++) {
            rival r = o->rival_N[first + i];
            features_N[i] = r.feature;
            which_N[i] = i;
            o->host_weight_N[i] = -r.slope * host_d_value_N[first + i];
        }
        sae_columns *columns;
        rc = sae_columns_new(&columns, o->s, features_N, n, e);
        if (rc)
            break;
        be->upload(be, o->z_N, o->host_weight_N, (size_t)n * sizeof(float));
        sae_backward_targets(o->d_rival_ND, columns, which_N, o->z_N, ROW(h_NW, first, D), n);
        be->add(be, ROW(d_h_NW, first, D), ROW(d_h_NW, first, D), o->d_rival_ND,
                (size_t)n * (size_t)D);
        rc = backend_sync(be, e);
        sae_columns_free(columns);
    }
    return rc;
}

err_code objective_backward(float *d_h_NW, objective *o, const int32_t *host_which_N,
                            const float *host_d_value_N, const float *h_NW, int N, err *e)
{
    if (N != o->n_rows)
        return err_set(e, E_SHAPE, "gradients of %d values asked for, the last values are %d", N,
                       o->n_rows);
    backend *be = o->be;
    bool rivals = top_k(o) > 0;
    for (int i = 0; i < N; i++)
        o->host_weight_N[i] =
            host_d_value_N[i] * (rivals ? 1 + o->rival_N[i].slope : 1); /* d value / d z */
    be->upload(be, o->z_N, o->host_weight_N, (size_t)N * sizeof(float));
    sae_backward_targets(d_h_NW, o->columns, host_which_N, o->z_N, h_NW, N);
    err_code rc = backend_sync(be, e);
    return rc || !rivals ? rc : add_rivals(d_h_NW, o, host_d_value_N, h_NW, N, e);
}

double objective_flops(const objective *o)
{
    const sae_config *c = sae_describe(o->s);
    return 2.0 * c->d_in * (c->k ? c->d_sae : 1);
}
