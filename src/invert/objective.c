/* The value a search climbs, and its gradient.
 *
 * Without top-k a row needs its own feature's column alone. With top-k all pre-activations of a
 * row are computed, a block of rows at a time, and the backend selects the rival; who it is and the
 * slope towards it are kept for the gradient. */
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
    /* With top-k only: each row's feature and its rival, with the rival's pre-activation. */
    int32_t *own_N, *other_N;           /* backend */
    float *other_z_N;                   /* backend */
    int32_t *host_own_N, *host_other_N; /* the same in ordinary memory */
    float *host_other_z_N;
    /* A block of rows of all features, with top-k only. */
    int block;
    float *pre_NF;     /* backend */
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
    return o->pre_NF && o->d_rival_ND ? OK : e->code;
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
    o->be->free(o->be, o->own_N);
    o->be->free(o->be, o->other_N);
    o->be->free(o->be, o->other_z_N);
    void *here[] = {o->host_weight_N, o->rival_N, o->host_own_N, o->host_other_N,
                    o->host_other_z_N};
    for (size_t i = 0; i < COUNT_OF(here); i++)
        mem_free(here[i]);
}

void objective_free(objective *o)
{
    if (!o)
        return;
    release_rows(o);
    o->be->free(o->be, o->pre_NF);
    o->be->free(o->be, o->d_rival_ND);
    mem_free(o->softness_n);
    mem_free(o->features_n);
    sae_columns_free(o->columns);
    mem_free(o);
}

/* Room for N rows. */
static err_code reserve(objective *o, int N, err *e)
{
    static const char what[] = "values of target features";
    backend *be = o->be;
    size_t n = (size_t)N, rivals = top_k(o) ? n : 0;
    if (N <= o->capacity)
        return OK;
    release_rows(o);
    o->capacity = 0;
    o->z_N = be->alloc(be, n, sizeof *o->z_N, what, e);
    o->f_N = be->alloc(be, n, sizeof *o->f_N, what, e);
    o->own_N = be->alloc(be, rivals, sizeof *o->own_N, what, e);
    o->other_N = be->alloc(be, rivals, sizeof *o->other_N, what, e);
    o->other_z_N = be->alloc(be, rivals, sizeof *o->other_z_N, what, e);
    o->host_weight_N = mem_array(n, sizeof *o->host_weight_N, what, e);
    o->rival_N = mem_array(rivals, sizeof *o->rival_N, what, e);
    o->host_own_N = mem_array(rivals, sizeof *o->host_own_N, what, e);
    o->host_other_N = mem_array(rivals, sizeof *o->host_other_N, what, e);
    o->host_other_z_N = mem_array(rivals, sizeof *o->host_other_z_N, what, e);
    if (!o->z_N || !o->f_N || !o->own_N || !o->other_N || !o->other_z_N || !o->host_weight_N ||
        !o->rival_N || !o->host_own_N || !o->host_other_N || !o->host_other_z_N)
        return e->code;
    o->capacity = N;
    return OK;
}

/* ---- the rival ---------------------------------------------------------------------------------
 */

/* Every row's own pre-activation, its rival and the rival's: host_z_N, host_other_N and
 * host_other_z_N. */
static err_code find_rivals(float *host_z_N, objective *o, const int32_t *host_which_N,
                            const float *h_NW, int N, err *e)
{
    backend *be = o->be;
    const sae_config *c = sae_describe(o->s);
    for (int n = 0; n < N; n++)
        o->host_own_N[n] = o->features_n[host_which_N[n]];
    be->upload(be, o->own_N, o->host_own_N, (size_t)N * sizeof *o->own_N);
    for (int first = 0; first < N; first += o->block) {
        int n = N - first < o->block ? N - first : o->block;
        sae_preactivations(o->pre_NF, o->s, ROW(h_NW, first, c->d_in), n);
        be->rivals(be, o->other_N + first, o->z_N + first, o->other_z_N + first, o->pre_NF,
                   o->own_N + first, c->k, n, c->d_sae);
    }
    be->download(be, host_z_N, o->z_N, (size_t)N * sizeof *host_z_N);
    be->download(be, o->host_other_N, o->other_N, (size_t)N * sizeof *o->other_N);
    be->download(be, o->host_other_z_N, o->other_z_N, (size_t)N * sizeof *o->other_z_N);
    return backend_sync(be, e);
}

/* Is feature `own` with pre-activation z among the k largest? Of equals the larger number comes
 * after, as in top-k. */
static bool is_kept(float z, int own, float other_z, int other)
{
    return other < 0 || other_z < z || (other_z == z && other > own);
}

/* A row's value, out of its pre-activation; keeps its rival. */
static float value_of_row(objective *o, int row, float own_z, double softness)
{
    double z = (double)own_z, value = z, slope = 0;
    int own = o->host_own_N[row], other = o->host_other_N[row];
    if (other >= 0) {
        double u = ((double)o->host_other_z_N[row] - z) / softness;
        value -= softness * (fmax(u, 0) + log1p(exp(-fabs(u))));
        slope = 1 / (1 + exp(-u));
    }
    o->rival_N[row] = (rival){other < 0 ? own : other, (float)slope};
    return (float)value;
}

static err_code top_k_values(float *host_value_N, float *host_z_N, float *host_f_N, objective *o,
                             const int32_t *host_which_N, const float *h_NW, int N, err *e)
{
    err_code rc = find_rivals(host_value_N, o, host_which_N, h_NW, N, e);
    for (int n = 0; n < N && !rc; n++) {
        float z = host_value_N[n];
        bool kept = is_kept(z, o->host_own_N[n], o->host_other_z_N[n], o->host_other_N[n]);
        host_value_N[n] = value_of_row(o, n, z, o->softness_n[host_which_N[n]]);
        if (host_z_N)
            host_z_N[n] = z;
        if (host_f_N)
            host_f_N[n] = kept && z > 0 ? z : 0;
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
