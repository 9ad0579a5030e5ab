/* Nearest tokens by cosine: one product a block of rows, then a running top k in id order. */
#include "invert/token_table.h"
#include "base/memory.h"
#include <math.h>
#include <string.h>

enum { BLOCK_ROWS = 256 };

/* Whole characters that can be seen: not a piece of a UTF-8 sequence, no control character but the
 * blanks. Others stand for bytes that hardly any text holds; their embeddings are untrained noise.
 */
static bool is_readable(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (((unsigned char)bytes[i] < 0x20 && !strchr("\t\n\r", bytes[i])) || bytes[i] == 0x7f)
            return false;
    return n > 0 && utf8_valid(bytes, n);
}

static void choose_candidates(token_table *t, const tokenizer *tokens)
{
    t->ids = mem_small((size_t)t->V, sizeof *t->ids);
    for (int id = 0; id < t->V; id++) {
        const char *bytes;
        size_t n;
        if (tokenizer_bytes(tokens, id, &bytes, &n) && is_readable(bytes, n) &&
            !tokenizer_is_special(tokens, id))
            t->ids[t->n++] = id;
    }
}

/* Candidates as unit vectors into host_unit_nD, and their size. */
static void measure(token_table *t, float *host_unit_nD)
{
    double squares = 0;
    for (int i = 0; i < t->n; i++) {
        const float *row = ROW(t->host_E_VD, t->ids[i], t->D);
        double norm = 0;
        for (int d = 0; d < t->D; d++)
            norm += (double)row[d] * (double)row[d];
        squares += norm;
        norm = sqrt(norm);
        if (norm > t->max_norm)
            t->max_norm = norm;
        for (int d = 0; d < t->D; d++)
            ROW(host_unit_nD, i, t->D)[d] = norm > 0 ? (float)((double)row[d] / norm) : 0;
    }
    t->rms = sqrt(squares / ((double)t->n * t->D));
}

err_code token_table_new(token_table **out, const model *m, const tokenizer *tokens, err *e)
{
    const model_config *c = model_describe(m);
    token_table *t = mem_small(1, sizeof *t);
    *t = (token_table){.be = model_backend(m), .V = c->d_vocab, .D = c->d_model};
    size_t cells = (size_t)t->V * (size_t)t->D;
    float *host_unit = NULL;
    err_code rc = OK;

    choose_candidates(t, tokens);
    t->host_E_VD = mem_array(cells, sizeof(float), "token embeddings", e);
    host_unit = mem_array(cells, sizeof(float), "token embeddings", e);
    t->unit_nD = t->be->alloc(t->be, cells, sizeof(float), "token embeddings", e);
    if (!t->host_E_VD || !host_unit || !t->unit_nD) {
        rc = e->code;
        goto out;
    }
    if (t->n == 0) {
        rc = err_set(e, E_DATA,
                     "the tokenizer names none of the model's %d tokens; do the two "
                     "belong together?",
                     t->V);
        goto out;
    }
    t->be->download(t->be, t->host_E_VD, model_embedding(m), cells * sizeof(float));
    rc = backend_sync(t->be, e);
    if (rc)
        goto out;
    for (size_t i = 0; i < cells; i++)
        t->host_E_VD[i] *= c->embed_scale;
    measure(t, host_unit);
    t->be->upload(t->be, t->unit_nD, host_unit, (size_t)t->n * (size_t)t->D * sizeof(float));
    rc = backend_sync(t->be, e);
out:
    mem_free(host_unit);
    if (rc)
        token_table_free(t);
    else
        *out = t;
    return rc;
}

void token_table_free(token_table *t)
{
    if (!t)
        return;
    t->be->free(t->be, t->unit_nD);
    mem_free(t->host_E_VD);
    mem_free(t->ids);
    mem_free(t);
}

const float *token_table_row(const token_table *t, int id)
{
    return ROW(t->host_E_VD, id, t->D);
}

/* Keeps the k largest of n values, first come first on ties. */
static void top_k(int32_t *best, float *value, const float *x, int n, int k)
{
    int filled = 0;
    for (int i = 0; i < n; i++) {
        if (filled == k && !(x[i] > value[k - 1]))
            continue;
        int at = filled < k ? filled++ : k - 1;
        while (at > 0 && x[i] > value[at - 1]) {
            value[at] = value[at - 1];
            best[at] = best[at - 1];
            at--;
        }
        value[at] = x[i];
        best[at] = i;
    }
}

typedef struct search {
    const token_table *table;
    int32_t *ids_Nk;
    float *cosine_Nk;
    const float *host_x_ND, *host_dots;
    int k;
} search;

static void rank_row(void *context, int row)
{
    const search *s = context;
    int k = s->k, D = s->table->D;
    double norm = 0;
    for (int d = 0; d < D; d++)
        norm += (double)ROW(s->host_x_ND, row, D)[d] * (double)ROW(s->host_x_ND, row, D)[d];
    float *cosine = ROW(s->cosine_Nk, row, k);
    top_k(ROW(s->ids_Nk, row, k), cosine, ROW(s->host_dots, row, s->table->n), s->table->n, k);
    for (int i = 0; i < k; i++) {
        ROW(s->ids_Nk, row, k)[i] = s->table->ids[ROW(s->ids_Nk, row, k)[i]];
        cosine[i] = norm > 0 ? (float)((double)cosine[i] / sqrt(norm)) : 0;
    }
}

err_code token_table_nearest(int32_t *ids_Nk, float *cosine_Nk, const token_table *t,
                             const float *host_x_ND, int N, int k, err *e)
{
    if (k > t->n)
        return err_set(e, E_SHAPE, "%d nearest tokens asked for, the vocabulary has %d", k, t->n);
    backend *be = t->be;
    int block = N < BLOCK_ROWS ? N : BLOCK_ROWS;
    size_t cells = (size_t)block * (size_t)t->n;
    float *x = be->alloc(be, (size_t)block * (size_t)t->D, sizeof *x, "nearest tokens", e);
    float *dots = be->alloc(be, cells, sizeof *dots, "nearest tokens", e);
    float *host_dots = mem_array(cells, sizeof *host_dots, "nearest tokens", e);
    float *scores = mem_array((size_t)N * (size_t)k, sizeof *scores, "nearest tokens", e);
    err_code rc = x && dots && host_dots && scores ? OK : e->code;
    for (int first = 0; first < N && !rc; first += block) {
        int rows = N - first < block ? N - first : block;
        const float *from = ROW(host_x_ND, first, t->D);
        be->upload(be, x, from, (size_t)rows * (size_t)t->D * sizeof *x);
        be->gemm(be, dots, t->n, x, t->D, PLAIN, t->unit_nD, t->D, TRANSPOSED, rows, t->n, t->D, 1,
                 0);
        be->download(be, host_dots, dots, (size_t)rows * (size_t)t->n * sizeof *dots);
        rc = backend_sync(be, e);
        search s = {.table = t,
                    .ids_Nk = ROW(ids_Nk, first, k),
                    .cosine_Nk = ROW(scores, first, k),
                    .host_x_ND = from,
                    .host_dots = host_dots,
                    .k = k};
        if (!rc)
            pool_run(be->pool, rows, rank_row, &s);
    }
    if (!rc && cosine_Nk)
        memcpy(cosine_Nk, scores, (size_t)N * (size_t)k * sizeof *scores);
    be->free(be, x);
    be->free(be, dots);
    mem_free(host_dots);
    mem_free(scores);
    return rc;
}
