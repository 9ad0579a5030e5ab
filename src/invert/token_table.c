/* Nearest tokens by cosine, dot product or distance: a product for each block of rows and tokens,
 * and a running top k in id order. The table stays as the model holds it; nothing as large as it is
 * kept beside. */
#include "invert/token_table.h"
#include "base/half.h"
#include "base/memory.h"
#include "invert/ranking.h"
#include <math.h>
#include <string.h>

/* A block of dot products is 2 MiB; so many rows of the table are widened at a time. */
enum { BLOCK_ROWS = 256, BLOCK_IDS = 2048 };

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

/* "<unused7>", "[unused7]", "<|reserved_special_token_7|>" and their like: a word with "unused" or
 * "reserved" between brackets. */
static bool is_unused(const char *bytes, size_t n)
{
    bool brackets = n > 2 && ((bytes[0] == '<' && bytes[n - 1] == '>') ||
                              (bytes[0] == '[' && bytes[n - 1] == ']'));
    return brackets && (memmem(bytes, n, "unused", 6) || memmem(bytes, n, "reserved", 8));
}

static bool is_allowed(const tokenizer *tokens, const token_rules *rules, int id)
{
    const char *bytes;
    size_t n;
    if (!tokenizer_bytes(tokens, id, &bytes, &n) || (rules->only_V && !rules->only_V[id]))
        return false;
    if (is_unused(bytes, n))
        return rules->unused;
    if (tokenizer_is_special(tokens, id))
        return rules->special;
    return rules->fragments || is_readable(bytes, n);
}

static void choose_candidates(token_table *t, const tokenizer *tokens, const token_rules *rules)
{
    static const token_rules none = {0};
    t->ids = mem_small((size_t)t->V, sizeof *t->ids);
    for (int id = 0; id < t->V; id++)
        if (!tokens || is_allowed(tokens, rules ? rules : &none, id))
            t->ids[t->n++] = id;
}

static void measure(token_table *t)
{
    float *row_D = mem_small((size_t)t->D, sizeof *row_D);
    double squares = 0;
    for (int i = 0; i < t->n; i++) {
        token_table_row(row_D, t, t->ids[i]);
        double norm = 0;
        for (int d = 0; d < t->D; d++)
            norm += (double)row_D[d] * (double)row_D[d];
        squares += norm;
        norm = sqrt(norm);
        if (norm > t->max_norm)
            t->max_norm = norm;
        t->inverse_norm_n[i] = norm > 0 ? (double)t->scale / norm : 0;
    }
    t->rms = sqrt(squares / ((double)t->n * t->D));
    mem_free(row_D);
}

/* Rows are read in place, or from a copy in their stored type. */
static err_code reach_rows(token_table *t, err *e)
{
    size_t bytes = t->embedding->n * number_size(t->embedding->type);
    if (t->be->in_host_memory)
        return OK;
    t->host_copy = mem_array(bytes, 1, "token embeddings", e);
    if (!t->host_copy)
        return e->code;
    t->be->download(t->be, t->host_copy, t->embedding->stored, bytes);
    return backend_sync(t->be, e);
}

err_code token_table_new(token_table **out, const model *m, const tokenizer *tokens,
                         const token_rules *rules, err *e)
{
    const model_config *c = model_describe(m);
    token_table *t = mem_small(1, sizeof *t);
    *t = (token_table){.be = model_backend(m),
                       .V = c->d_vocab,
                       .D = c->d_model,
                       .embedding = model_embedding(m),
                       .scale = c->embed_scale,
                       .block_ids = c->d_vocab < BLOCK_IDS ? c->d_vocab : BLOCK_IDS};
    choose_candidates(t, tokens, rules);
    err_code rc = OK;
    if (t->n == 0)
        rc = err_set(e, E_DATA,
                     "the tokenizer names none of the model's %d tokens; do the two "
                     "belong together?",
                     t->V);
    if (!rc)
        rc = reach_rows(t, e);
    if (rc) {
        token_table_free(t);
        return rc;
    }
    t->inverse_norm_n = mem_small((size_t)t->n, sizeof *t->inverse_norm_n);
    measure(t);
    *out = t;
    return OK;
}

void token_table_free(token_table *t)
{
    if (!t)
        return;
    mem_free(t->inverse_norm_n);
    mem_free(t->host_copy);
    mem_free(t->ids);
    mem_free(t);
}

bool token_table_knows(const token_table *t, const int32_t *ids_n, int n)
{
    for (int i = 0; i < n; i++)
        if (ids_n[i] < 0 || ids_n[i] >= t->V)
            return false;
    return true;
}

void token_table_row(float *x_D, const token_table *t, int id)
{
    const void *stored = t->host_copy ? t->host_copy : t->embedding->stored;
    const float *single = stored;
    const uint16_t *half = stored;
    size_t at = (size_t)id * (size_t)t->D;
    for (int d = 0; d < t->D; d++)
        x_D[d] = t->scale * (t->embedding->type == NUMBER_F32   ? single[at + d]
                             : t->embedding->type == NUMBER_F16 ? f16_to_float(half[at + d])
                                                                : bf16_to_float(half[at + d]));
}

/* |x - e|^2 is smallest where x . e - |e|^2 / 2 is largest. */
typedef enum { BY_COSINE, BY_DOT, BY_DISTANCE } ranking;

/* Rows that look for their nearest tokens, and the block of the vocabulary under way. */
typedef struct search {
    const token_table *t;
    ranking by;
    int32_t *ids_Nk;
    float *score_Nk; /* a cosine is times the row's own size, until finish_row() */
    const float *host_x_ND, *host_dots;
    int k, first_id, n_ids, first_candidate, end_candidate;
} search;

/* What candidate c is ranked by, out of its stored row's dot product. */
static double score(const search *s, int c, double dot)
{
    double scale = (double)s->t->scale, inverse = s->t->inverse_norm_n[c];
    if (s->by == BY_COSINE)
        return dot * inverse;
    if (s->by == BY_DOT)
        return dot * scale;
    double norm = inverse > 0 ? scale / inverse : 0;
    return dot * scale - 0.5 * norm * norm;
}

static void rank_row(void *context, int row)
{
    const search *s = context;
    const float *dots = ROW(s->host_dots, row, s->n_ids);
    int32_t *best = ROW(s->ids_Nk, row, s->k);
    float *value = ROW(s->score_Nk, row, s->k);
    for (int c = s->first_candidate; c < s->end_candidate; c++) {
        int32_t id = s->t->ids[c];
        float x = (float)score(s, c, (double)dots[id - s->first_id]);
        ranking_add(best, value, s->k, c, id, x);
    }
}

static void finish_row(void *context, int row)
{
    const search *s = context;
    int D = s->t->D;
    const float *x = ROW(s->host_x_ND, row, D);
    double norm = 0;
    for (int d = 0; d < D; d++)
        norm += (double)x[d] * (double)x[d];
    double size = sqrt(norm);
    float *cosine = ROW(s->score_Nk, row, s->k);
    for (int i = 0; i < s->k; i++)
        cosine[i] = norm > 0 ? (float)((double)cosine[i] / size) : 0;
}

/* Memory of a search, for blocks of rows by block_ids tokens. */
typedef struct workspace {
    float *x, *dots, *wide; /* backend */
    float *host_dots, *scores_Nk;
    int rows;
} workspace;

static err_code allocate(workspace *w, const token_table *t, int N, int k, err *e)
{
    static const char what[] = "nearest tokens";
    backend *be = t->be;
    size_t ids = (size_t)t->block_ids, D = (size_t)t->D;
    w->rows = N < BLOCK_ROWS ? N : BLOCK_ROWS;
    size_t cells = (size_t)w->rows * ids;
    w->x = be->alloc(be, (size_t)w->rows * D, sizeof *w->x, what, e);
    w->dots = be->alloc(be, cells, sizeof *w->dots, what, e);
    w->wide =
        be->alloc(be, t->embedding->type == NUMBER_F32 ? 0 : ids * D, sizeof *w->wide, what, e);
    w->host_dots = mem_array(cells, sizeof *w->host_dots, what, e);
    w->scores_Nk = mem_array((size_t)N * (size_t)k, sizeof *w->scores_Nk, what, e);
    return w->x && w->dots && w->wide && w->host_dots && w->scores_Nk ? OK : e->code;
}

static void release(workspace *w, backend *be)
{
    be->free(be, w->x);
    be->free(be, w->dots);
    be->free(be, w->wide);
    mem_free(w->host_dots);
    mem_free(w->scores_Nk);
}

/* All of the vocabulary for the rows of s, a block of tokens at a time. */
static err_code search_rows(search *s, const workspace *w, int rows, err *e)
{
    const token_table *t = s->t;
    backend *be = t->be;
    int D = t->D, candidate = 0;
    err_code rc = OK;
    be->upload(be, w->x, s->host_x_ND, (size_t)rows * (size_t)D * sizeof *w->x);
    for (int first = 0; first < t->V && !rc; first += t->block_ids) {
        int n = t->V - first < t->block_ids ? t->V - first : t->block_ids;
        const float *block = parameter_rows(w->wide, be, t->embedding, first, n, D);
        be->gemm(be, w->dots, n, w->x, D, PLAIN, block, D, TRANSPOSED, rows, n, D, 1, 0);
        be->download(be, w->host_dots, w->dots, (size_t)rows * (size_t)n * sizeof *w->dots);
        rc = backend_sync(be, e);
        s->first_id = first;
        s->n_ids = n;
        s->first_candidate = candidate;
        while (candidate < t->n && t->ids[candidate] < first + n)
            candidate++;
        s->end_candidate = candidate;
        if (!rc)
            pool_run(be->pool, rows, rank_row, s);
    }
    if (!rc && s->by == BY_COSINE)
        pool_run(be->pool, rows, finish_row, s);
    return rc;
}

static err_code search_all(int32_t *ids_Nk, float *score_Nk, const token_table *t,
                           const float *host_x_ND, int N, int k, ranking by, err *e)
{
    if (k > t->n)
        return err_set(e, E_SHAPE, "%d nearest tokens asked for, the vocabulary has %d", k, t->n);
    workspace w = {0};
    err_code rc = allocate(&w, t, N, k, e);
    for (int first = 0; first < N && !rc; first += w.rows) {
        int rows = N - first < w.rows ? N - first : w.rows;
        search s = {.t = t,
                    .by = by,
                    .ids_Nk = ROW(ids_Nk, first, k),
                    .score_Nk = ROW(w.scores_Nk, first, k),
                    .host_x_ND = ROW(host_x_ND, first, t->D),
                    .host_dots = w.host_dots,
                    .k = k};
        rc = search_rows(&s, &w, rows, e);
    }
    if (!rc && score_Nk)
        memcpy(score_Nk, w.scores_Nk, (size_t)N * (size_t)k * sizeof *w.scores_Nk);
    release(&w, t->be);
    return rc;
}

err_code token_table_nearest(int32_t *ids_Nk, float *cosine_Nk, const token_table *t,
                             const float *host_x_ND, int N, int k, err *e)
{
    return search_all(ids_Nk, cosine_Nk, t, host_x_ND, N, k, BY_COSINE, e);
}

err_code token_table_largest(int32_t *ids_Nk, float *dot_Nk, const token_table *t,
                             const float *host_x_ND, int N, int k, err *e)
{
    return search_all(ids_Nk, dot_Nk, t, host_x_ND, N, k, BY_DOT, e);
}

err_code token_table_closest(int32_t *ids_Nk, const token_table *t, const float *host_x_ND, int N,
                             int k, err *e)
{
    return search_all(ids_Nk, NULL, t, host_x_ND, N, k, BY_DISTANCE, e);
}
