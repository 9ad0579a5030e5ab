/* Few rows against the whole vocabulary, a block of tokens at a time. */
#include "effects/direct.h"
#include "base/memory.h"
#include <math.h>
#include <string.h>

enum { BLOCK_NUMBERS = 1 << 22 };

/* Rows of a matrix over the vocabulary, seen one block after the other. */
typedef struct vocabulary {
    const effect_setting *s;
    const parameter *matrix;
    backend *be;
    int V, D, C, block;
    float *x_CD, *wide_bD, *dots_Cb; /* backend */
    float *host_dots_Cb;
} vocabulary;

static err_code open_vocabulary(vocabulary *v, const effect_setting *s, const parameter *matrix,
                                const float *host_CD, int C, err *e)
{
    const model_config *c = model_describe(s->model);
    int most = BLOCK_NUMBERS / c->d_model;
    *v = (vocabulary){.s = s,
                      .matrix = matrix,
                      .be = model_backend(s->model),
                      .V = c->d_vocab,
                      .D = c->d_model,
                      .C = C,
                      .block = most < 1            ? 1
                               : most > c->d_vocab ? c->d_vocab
                                                   : most};
    size_t D = (size_t)v->D, b = (size_t)v->block;
    v->x_CD = v->be->alloc(v->be, (size_t)C * D, sizeof(float), "directions", e);
    if (v->x_CD)
        v->wide_bD = v->be->alloc(v->be, b * D, sizeof(float), "a block of the vocabulary", e);
    if (v->wide_bD)
        v->dots_Cb = v->be->alloc(v->be, (size_t)C * b, sizeof(float), "dot products", e);
    if (v->dots_Cb)
        v->host_dots_Cb = mem_array((size_t)C * b, sizeof(float), "dot products", e);
    if (!v->host_dots_Cb)
        return e->code;
    v->be->upload(v->be, v->x_CD, host_CD, (size_t)C * D * sizeof(float));
    return OK;
}

static void close_vocabulary(vocabulary *v)
{
    v->be->free(v->be, v->x_CD);
    v->be->free(v->be, v->wide_bD);
    v->be->free(v->be, v->dots_Cb);
    mem_free(v->host_dots_Cb);
}

/* Every ranked token's dot product with each of the C rows. */
static err_code all_dots(double *host_Cn, vocabulary *v, err *e)
{
    backend *be = v->be;
    const effect_setting *s = v->s;
    err_code rc = OK;
    int at = 0; /* in the ranked tokens */
    for (int first = 0; first < v->V && !rc; first += v->block) {
        int b = v->V - first < v->block ? v->V - first : v->block;
        const float *rows = parameter_rows(v->wide_bD, be, v->matrix, first, b, v->D);
        be->gemm(be, v->dots_Cb, b, v->x_CD, v->D, PLAIN, rows, v->D, TRANSPOSED, v->C, b, v->D, 1,
                 0);
        be->download(be, v->host_dots_Cb, v->dots_Cb, (size_t)v->C * (size_t)b * sizeof(float));
        rc = backend_sync(be, e);
        for (; at < s->n && s->ids_n[at] < first + b && !rc; at++)
            for (int c = 0; c < v->C; c++)
                ROW(host_Cn, c, s->n)
        [at] = (double)ROW(v->host_dots_Cb, c, b)[s->ids_n[at] - first];
    }
    return rc;
}

/* ---- logits ------------------------------------------------------------------------------------
 */

static void take_mean_off(double *x_n, int n)
{
    double mean = 0;
    for (int i = 0; i < n; i++)
        mean += x_n[i] / n;
    for (int i = 0; i < n; i++)
        x_n[i] -= mean;
}

err_code direct_logits(double *host_logit_Cn, const effect_setting *s, const float *host_row_CO,
                       int C, err *e)
{
    int D = model_describe(s->model)->d_model;
    float *host_CD = mem_array((size_t)C * (size_t)D, sizeof *host_CD, "directions", e);
    if (!host_CD)
        return e->code;
    vocabulary v = {.be = model_backend(s->model)};
    err_code rc = direction_to_stream(host_CD, s->model, s->write, host_row_CO, C, e);
    if (!rc)
        rc = direction_final_norm(host_CD, s->model, C, e);
    if (!rc)
        rc = open_vocabulary(&v, s, model_unembedding(s->model), host_CD, C, e);
    if (!rc)
        rc = all_dots(host_logit_Cn, &v, e);
    for (int c = 0; c < C && !rc; c++)
        take_mean_off(ROW(host_logit_Cn, c, s->n), s->n);
    close_vocabulary(&v);
    mem_free(host_CD);
    return rc;
}

logit_table direct_table(const effect_setting *s, const double *logit_n)
{
    logit_table t = {.reach = direction_reach(s->write), .n_tokens = s->n};
    for (int i = 0; i < s->n; i++) {
        t.least = i == 0 || logit_n[i] < t.least ? logit_n[i] : t.least;
        t.most = i == 0 || logit_n[i] > t.most ? logit_n[i] : t.most;
    }
    t.flat = !(t.most > t.least);
    if (t.flat)
        return t;
    t.ends = find_token_ends(s->ids_n, logit_n, s->n);
    for (int i = 0; i < s->n; i++) {
        int bin = (int)((logit_n[i] - t.least) / (t.most - t.least) * LOGIT_BINS);
        t.counts[bin < LOGIT_BINS ? bin : LOGIT_BINS - 1]++;
    }
    return t;
}

/* ---- embeddings --------------------------------------------------------------------------------
 */

bool direct_reads_embeddings(const effect_setting *s)
{
    hook_site site = s->read->site;
    return site == HOOK_EMBED || site == HOOK_RESID_PRE || site == HOOK_RESID_MID ||
           site == HOOK_RESID_POST;
}

/* Calls `add` for every ranked token's embedding. */
typedef void embedding_visitor(double *sums, int index, const float *row_D, const double *mean_D,
                               int D);

static err_code visit_embeddings(vocabulary *v, embedding_visitor *add, double *sums,
                                 const double *mean_D, err *e)
{
    const effect_setting *s = v->s;
    float *host_bD =
        mem_array((size_t)v->block * (size_t)v->D, sizeof *host_bD, "a block of embeddings", e);
    err_code rc = host_bD ? OK : e->code;
    int at = 0;
    for (int first = 0; first < v->V && !rc; first += v->block) {
        int b = v->V - first < v->block ? v->V - first : v->block;
        const float *rows = parameter_rows(v->wide_bD, v->be, v->matrix, first, b, v->D);
        v->be->download(v->be, host_bD, rows, (size_t)b * (size_t)v->D * sizeof *host_bD);
        rc = backend_sync(v->be, e);
        for (; at < s->n && s->ids_n[at] < first + b && !rc; at++)
            add(sums, at, ROW(host_bD, s->ids_n[at] - first, v->D), mean_D, v->D);
    }
    mem_free(host_bD);
    return rc;
}

static void add_to_sum(double *sum_D, int index, const float *row_D, const double *mean_D, int D)
{
    (void)index;
    (void)mean_D;
    for (int d = 0; d < D; d++)
        sum_D[d] += (double)row_D[d];
}

static void set_length(double *length_n, int index, const float *row_D, const double *mean_D, int D)
{
    double squares = 0;
    for (int d = 0; d < D; d++)
        squares += ((double)row_D[d] - mean_D[d]) * ((double)row_D[d] - mean_D[d]);
    length_n[index] = sqrt(squares);
}

static void to_cosines(double *dot_n, const float *column_D, const double *mean_D,
                       const double *length_n, int n, int D)
{
    double squares = 0, common = 0;
    for (int d = 0; d < D; d++) {
        squares += (double)column_D[d] * (double)column_D[d];
        common += (double)column_D[d] * mean_D[d];
    }
    for (int i = 0; i < n; i++) {
        double product = sqrt(squares) * length_n[i];
        dot_n[i] = product > 0 ? (dot_n[i] - common) / product : 0;
    }
}

err_code direct_read_in(double *host_cosine_Cn, const effect_setting *s,
                        const float *host_column_CD, int C, err *e)
{
    vocabulary v;
    err_code rc = open_vocabulary(&v, s, model_embedding(s->model), host_column_CD, C, e);
    double *mean_D = mem_small((size_t)v.D, sizeof *mean_D);
    double *length_n = mem_small((size_t)s->n, sizeof *length_n);
    if (!rc)
        rc = visit_embeddings(&v, add_to_sum, mean_D, NULL, e);
    for (int d = 0; d < v.D; d++)
        mean_D[d] /= s->n;
    if (!rc)
        rc = visit_embeddings(&v, set_length, length_n, mean_D, e);
    if (!rc)
        rc = all_dots(host_cosine_Cn, &v, e);
    for (int c = 0; c < C && !rc; c++)
        to_cosines(ROW(host_cosine_Cn, c, s->n), ROW(host_column_CD, c, v.D), mean_D, length_n,
                   s->n, v.D);
    mem_free(length_n);
    mem_free(mean_D);
    close_vocabulary(&v);
    return rc;
}
