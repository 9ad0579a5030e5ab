/* Rows from the scan are encoded in blocks and streamed into the gatherer. */
#include "features/collect.h"
#include "base/memory.h"
#include "base/packed.h"
#include "compute/sparse_rows.h"
#include <string.h>

/* Rows that wait to be encoded, or whose features are on their way. */
typedef struct row_block {
    int n;
    sparse_rows *active; /* their features */
    int32_t *prompts_N, *positions_N;
    bool *counted_N;
} row_block;

typedef struct collector {
    const scan_source *source;
    sae *sae;
    backend *be;
    gatherer *gatherer;
    int D, F, capacity; /* rows that fit a block */
    int next;           /* prompt that comes next */
    float *x_ND;        /* backend; of the block that is being filled */
    row_block filling, encoded;
    bool *counted_T;
} collector;

static err_code not_finite(const collector *c, const row_block *b, size_t n, err *e)
{
    return err_set(e, E_NUMERIC,
                   "%zu activations around prompt %d are not finite; the weights or the hook (%s) "
                   "do not fit this model",
                   n, b->prompts_N[0], c->source->hook->name);
}

/* Hands the encoded block's features to the gatherer. */
static err_code gather(collector *c, err *e)
{
    row_block *b = &c->encoded;
    if (b->n == 0)
        return OK;
    err_code rc = sparse_rows_arrive(b->active, e);
    size_t overflowed =
        rc ? 0 : gatherer_add(c->gatherer, b->active, b->prompts_N, b->positions_N, b->counted_N);
    b->n = 0;
    return overflowed ? not_finite(c, b, overflowed, e) : rc;
}

/* Encodes the waiting rows; while a GPU is at it, the block before is gathered here. */
static err_code encode(collector *c, err *e)
{
    row_block *b = &c->filling, before = c->encoded;
    if (b->n == 0)
        return OK;
    size_t bad;
    /* The rows themselves: a feature of NaN is 0, because NaN is above no threshold. */
    c->be->count_nonfinite(c->be, &bad, c->x_ND, (size_t)b->n * (size_t)c->D);
    err_code rc = backend_sync(c->be, e);
    if (!rc && bad)
        rc = not_finite(c, b, bad, e);
    if (rc)
        return rc;
    sae_encode_sparse(b->active, c->sae, c->x_ND, b->n);
    rc = gather(c, e);
    c->encoded = c->filling;
    c->filling = before;
    c->filling.n = 0;
    return rc;
}

/* All rows so far. */
static err_code flush(collector *c, err *e)
{
    err_code rc = encode(c, e);
    return rc ? rc : gather(c, e);
}

/* ---- stopping and going on ----------------------------------------------------------------------
 */

/* `code` of the pass so far, E_CANCELLED or OK. */
static err_code keep_draft(collector *c, err_code code, err *e)
{
    err failure = {0};
    str *room = draft_room(c->source->draft);
    if (flush(c, &failure)) {
        *e = failure;
        return e->code;
    }
    packed_put(room, &c->next, 1, sizeof c->next);
    gatherer_put(room, c->gatherer);
    return draft_keep(c->source->draft, code, e);
}

static err_code go_on(collector *c, err *e)
{
    const draft *d = c->source->draft;
    if (!draft_found(d))
        return OK;
    packed_reader r = packed_read(&d->state);
    packed_get(&r, &c->next, 1, sizeof c->next);
    bool fits = gatherer_get(c->gatherer, &r) && c->next >= 0 && c->next <= c->source->prompts->n;
    return draft_accept(d, &r, fits, "this pass", e);
}

/* ---- the pass ---------------------------------------------------------------------------------
 */

static err_code take_prompt(void *context, int prompt, const float *x_TD, int length, err *e)
{
    collector *c = context;
    prompts_counted(c->counted_T, c->source->prompts, c->source->tokenizer, prompt);
    row_block *b = &c->filling;
    for (int t = 0; t < length;) {
        int room = c->capacity - b->n, take = length - t < room ? length - t : room;
        c->be->copy(c->be, ROW(c->x_ND, b->n, c->D), ROW(x_TD, t, c->D),
                    (size_t)take * (size_t)c->D * sizeof *c->x_ND);
        for (int i = 0; i < take; i++) {
            b->prompts_N[b->n + i] = prompt;
            b->positions_N[b->n + i] = t + i;
            b->counted_N[b->n + i] = c->counted_T[t + i];
        }
        b->n += take;
        t += take;
        if (b->n == c->capacity) {
            err_code rc = encode(c, e);
            if (rc)
                return rc;
        }
    }
    c->next = prompt + 1;
    return draft_is_due(c->source->draft, OK) ? keep_draft(c, OK, e) : OK;
}

static err_code block_open(row_block *b, const collector *c, err *e)
{
    size_t n = (size_t)c->capacity;
    b->prompts_N = mem_small(n, sizeof *b->prompts_N);
    b->positions_N = mem_small(n, sizeof *b->positions_N);
    b->counted_N = mem_small(n, sizeof *b->counted_N);
    return sparse_rows_new(&b->active, c->be, c->capacity, c->F, e);
}

static void block_close(row_block *b)
{
    sparse_rows_free(b->active);
    mem_free(b->prompts_N);
    mem_free(b->positions_N);
    mem_free(b->counted_N);
}

static err_code collector_open(collector *c, err *e)
{
    c->counted_T = mem_small((size_t)prompts_longest(c->source->prompts), sizeof *c->counted_T);
    c->x_ND =
        c->be->alloc(c->be, (size_t)c->capacity * (size_t)c->D, sizeof(float), "rows to encode", e);
    err_code rc = c->x_ND ? block_open(&c->filling, c, e) : e->code;
    return rc ? rc : block_open(&c->encoded, c, e);
}

static void collector_close(collector *c)
{
    block_close(&c->filling);
    block_close(&c->encoded);
    c->be->free(c->be, c->x_ND);
    mem_free(c->counted_T);
    gatherer_free(c->gatherer);
}

err_code collect_features(collection *out, const scan_source *source, sae *s, err *e)
{
    if (source->prompts->n == 0)
        return err_set(e, E_DATA,
                       "no prompt is left to run: %ld were shorter than "
                       "collect.min_prompt_length (%d tokens); lower it or add text",
                       source->prompts->n_short, source->prompts->min_tokens);
    int F = sae_describe(s)->d_sae;
    backend *be = model_backend(source->model);
    collector c = {.source = source,
                   .sae = s,
                   .be = be,
                   .gatherer = gatherer_new(F, be->pool),
                   .D = source->hook->width,
                   .F = F,
                   .capacity = sae_sparse_rows(s)};
    err_code rc = collector_open(&c, e);
    if (!rc)
        rc = go_on(&c, e);
    if (!rc) {
        scan_source rest = *source;
        rest.first = c.next;
        rc = scan_prompts(&rest, take_prompt, &c, e);
        if (rc == E_CANCELLED && draft_is_due(source->draft, rc))
            rc = keep_draft(&c, rc, e);
    }
    if (!rc)
        rc = flush(&c, e);
    if (!rc)
        rc = gatherer_finish(out, c.gatherer, source->prompts->n, e);
    collector_close(&c);
    return rc;
}
