/* Nearest tokens by cosine, dot product or distance: a product for each block of rows and tokens,
 * and a running top k in id order, all on the backend. The table stays as the model holds it;
 * nothing as large as it is kept beside. */
#include "invert/token_table.h"
#include "base/half.h"
#include "base/memory.h"
#include "base/progress.h"
#include <math.h>
#include <string.h>

/* Of a search, tokens and rows compared at a time: the dot products of a block stay in a
 * processor's cache (2 MiB), or are enough work for a GPU (64 MiB). So many rows of the table are
 * widened at a time. */
enum { HERE_IDS = 2048, HERE_ROWS = 256, THERE_IDS = 8192, THERE_ROWS = 2048 };

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

/* What ranks the candidates, in ordinary memory; see token_table.h. |x - e|^2 is smallest where
 * x . e - |e|^2 / 2 is largest. */
static void measure(token_table *t, double *cosine_factor_n, double *distance_offset_n)
{
    float *row_D = mem_small((size_t)t->D, sizeof *row_D);
    double squares = 0, scale = (double)t->scale;
    for (int i = 0; i < t->n; i++) {
        token_table_row(row_D, t, t->ids[i]);
        double norm = 0;
        for (int d = 0; d < t->D; d++)
            norm += (double)row_D[d] * (double)row_D[d];
        squares += norm;
        norm = sqrt(norm);
        if (norm > t->max_norm)
            t->max_norm = norm;
        cosine_factor_n[i] = norm > 0 ? scale / norm : 0;
        norm = norm > 0 ? scale / cosine_factor_n[i] : 0;
        distance_offset_n[i] = -0.5 * norm * norm;
    }
    t->rms = sqrt(squares / ((double)t->n * t->D));
    mem_free(row_D);
}

/* Measures every candidate, and puts what ranks them where the rows are compared. */
static err_code place_measures(token_table *t, err *e)
{
    static const char what[] = "token embeddings";
    backend *be = t->be;
    size_t n = (size_t)t->n;
    t->ids_there = be->alloc(be, n, sizeof *t->ids, what, e);
    t->cosine_factor_n = be->alloc(be, 2 * n, sizeof(double), what, e); /* owns both */
    if (!t->ids_there || !t->cosine_factor_n)
        return e->code;
    t->distance_offset_n = t->cosine_factor_n + n;
    double *measures = mem_small(2 * n, sizeof *measures);
    measure(t, measures, measures + n);
    be->upload(be, t->ids_there, t->ids, n * sizeof *t->ids);
    be->upload(be, t->cosine_factor_n, measures, 2 * n * sizeof *measures);
    mem_free(measures);
    return backend_sync(be, e);
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
                       .scale = c->embed_scale};
    bool here = t->be->in_host_memory;
    t->block_ids = here ? HERE_IDS : THERE_IDS;
    t->block_rows = here ? HERE_ROWS : THERE_ROWS;
    t->block_ids = t->V < t->block_ids ? t->V : t->block_ids;
    choose_candidates(t, tokens, rules);
    err_code rc = OK;
    if (t->n == 0)
        rc = err_set(e, E_DATA,
                     "the tokenizer names none of the model's %d tokens; do the two "
                     "belong together?",
                     t->V);
    if (!rc)
        rc = reach_rows(t, e);
    if (!rc)
        rc = place_measures(t, e);
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
    t->be->free(t->be, t->ids_there);
    t->be->free(t->be, t->cosine_factor_n);
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

void token_table_place(float *x_ND, const token_table *t, const int32_t *ids_N, int N)
{
    t->be->gather_rows(t->be, x_ND, t->embedding->stored, t->embedding->type, ids_N, t->scale, N,
                       t->V, t->D);
}

/* A search for the nearest tokens of N rows. Its arrays are on the backend, in one allocation, for
 * which a GPU waits. */
typedef struct search {
    const token_table *t;
    ranking by;
    int N, k;
    const float *x_ND;
    float *score_Nk; /* owns what follows */
    int32_t *ids_Nk;
    /* For a block of rows by block_ids tokens. */
    int block_rows;
    float *dots, *wide;
} search;

/* Numbers of an array that leaves the next one as aligned as it is. */
static size_t aligned(size_t n)
{
    enum { LINE = 16 };
    return (n + LINE - 1) / LINE * LINE;
}

static err_code search_open(search *s, err *e)
{
    const token_table *t = s->t;
    s->block_rows = s->N < t->block_rows ? s->N : t->block_rows;
    size_t ids = (size_t)t->block_ids, D = (size_t)t->D;
    size_t list = aligned((size_t)s->N * (size_t)s->k), dots = aligned((size_t)s->block_rows * ids);
    size_t wide = t->embedding->type == NUMBER_F32 ? 0 : aligned(ids * D);
    s->score_Nk = t->be->alloc(t->be, 2 * list + dots + wide, sizeof(float), "nearest tokens", e);
    if (!s->score_Nk)
        return e->code;
    s->ids_Nk = (int32_t *)(s->score_Nk + list);
    s->dots = s->score_Nk + 2 * list;
    s->wide = s->dots + dots;
    return OK;
}

/* Candidates first .. end-1, of ids from first_id on. */
static ranked_columns candidates_of(const search *s, int first, int end, int first_id)
{
    const token_table *t = s->t;
    return (ranked_columns){.ids_C = t->ids_there + first,
                            .factor_C = s->by == BY_COSINE ? t->cosine_factor_n + first : NULL,
                            .offset_C = s->by == BY_DISTANCE ? t->distance_offset_n + first : NULL,
                            .scale = (double)t->scale,
                            .C = end - first,
                            .first_id = first_id,
                            .seen = first};
}

/* All of the vocabulary for some rows, a block of tokens at a time; of a large one with many rows
 * that takes long. */
static err_code search_rows(const search *s, int first_row, int rows, err *e)
{
    const token_table *t = s->t;
    backend *be = t->be;
    int D = t->D, seen = 0;
    err_code rc = OK;
    for (int first = 0; first < t->V && !rc; first += t->block_ids) {
        int n = t->V - first < t->block_ids ? t->V - first : t->block_ids, end = seen;
        const float *block = parameter_rows(s->wide, be, t->embedding, first, n, D);
        be->gemm(be, s->dots, n, ROW(s->x_ND, first_row, D), D, PLAIN, block, D, TRANSPOSED, rows,
                 n, D, 1, 0);
        while (end < t->n && t->ids[end] < first + n)
            end++;
        ranked_columns from = candidates_of(s, seen, end, first);
        be->rank_rows(be, ROW(s->ids_Nk, first_row, s->k), ROW(s->score_Nk, first_row, s->k), s->k,
                      s->dots, &from, rows, n);
        seen = end;
        rc = cancel_check(e);
    }
    return rc;
}

err_code token_table_rank(int32_t *ids_Nk, float *score_Nk, const token_table *t, const float *x_ND,
                          int N, int k, ranking by, err *e)
{
    if (k > t->n)
        return err_set(e, E_SHAPE, "%d nearest tokens asked for, the vocabulary has %d", k, t->n);
    search s = {.t = t, .by = by, .N = N, .k = k, .x_ND = x_ND};
    backend *be = t->be;
    size_t cells = (size_t)N * (size_t)k;
    err_code rc = search_open(&s, e);
    for (int first = 0; first < N && !rc; first += s.block_rows)
        rc = search_rows(&s, first, N - first < s.block_rows ? N - first : s.block_rows, e);
    if (!rc) {
        be->download(be, ids_Nk, s.ids_Nk, cells * sizeof *ids_Nk);
        if (score_Nk)
            be->download(be, score_Nk, s.score_Nk, cells * sizeof *score_Nk);
        rc = backend_sync(be, e);
    }
    be->free(be, s.score_Nk);
    return rc;
}

/* ---- rows in ordinary memory --------------------------------------------------------------------
 */

static err_code rank_host_rows(int32_t *ids_Nk, float *score_Nk, const token_table *t,
                               const float *host_x_ND, int N, int k, ranking by, err *e)
{
    backend *be = t->be;
    size_t n = (size_t)N * (size_t)t->D;
    float *x_ND = be->alloc(be, n, sizeof *x_ND, "nearest tokens", e);
    if (!x_ND)
        return e->code;
    be->upload(be, x_ND, host_x_ND, n * sizeof *x_ND);
    err_code rc = token_table_rank(ids_Nk, score_Nk, t, x_ND, N, k, by, e);
    be->free(be, x_ND);
    return rc;
}

/* A cosine is times the row's own size until here. */
static void finish_cosines(float *cosine_Nk, const token_table *t, const float *host_x_ND, int N,
                           int k)
{
    for (int row = 0; row < N; row++) {
        const float *x = ROW(host_x_ND, row, t->D);
        float *cosine = ROW(cosine_Nk, row, k);
        double norm = 0;
        for (int d = 0; d < t->D; d++)
            norm += (double)x[d] * (double)x[d];
        double size = sqrt(norm);
        for (int i = 0; i < k; i++)
            cosine[i] = norm > 0 ? (float)((double)cosine[i] / size) : 0;
    }
}

err_code token_table_nearest(int32_t *ids_Nk, float *cosine_Nk, const token_table *t,
                             const float *host_x_ND, int N, int k, err *e)
{
    err_code rc = rank_host_rows(ids_Nk, cosine_Nk, t, host_x_ND, N, k, BY_COSINE, e);
    if (!rc && cosine_Nk)
        finish_cosines(cosine_Nk, t, host_x_ND, N, k);
    return rc;
}

err_code token_table_largest(int32_t *ids_Nk, float *dot_Nk, const token_table *t,
                             const float *host_x_ND, int N, int k, err *e)
{
    return rank_host_rows(ids_Nk, dot_Nk, t, host_x_ND, N, k, BY_DOT, e);
}

err_code token_table_closest(int32_t *ids_Nk, const token_table *t, const float *host_x_ND, int N,
                             int k, err *e)
{
    return rank_host_rows(ids_Nk, NULL, t, host_x_ND, N, k, BY_DISTANCE, e);
}
