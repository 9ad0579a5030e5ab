/* Rows from the scan are encoded in blocks and streamed into the gatherer. */
#include "features/collect.h"
#include "base/memory.h"
#include "base/packed.h"
#include "compute/sparse_rows.h"
#include <string.h>

typedef struct collector {
    const scan_source *source;
    sae *sae;
    backend *be;
    gatherer *gatherer;
    int D, F, capacity, n; /* rows that fit, rows waiting */
    int next;              /* prompt that comes next */
    float *x_ND;           /* backend */
    sparse_rows *active;   /* their features */
    int32_t *prompts_N, *positions_N;
    bool *counted_N, *counted_T;
} collector;

static err_code flush(collector *c, err *e)
{
    if (c->n == 0)
        return OK;
    size_t bad, overflowed = 0;
    sae_encode_sparse(c->active, c->sae, c->x_ND, c->n);
    /* The rows as well: a feature of NaN is 0, because NaN is above no threshold. */
    c->be->count_nonfinite(c->be, &bad, c->x_ND, (size_t)c->n * (size_t)c->D);
    err_code rc = backend_sync(c->be, e);
    if (!rc)
        overflowed =
            gatherer_add(c->gatherer, c->active, c->prompts_N, c->positions_N, c->counted_N);
    if (!rc && bad + overflowed)
        rc =
            err_set(e, E_NUMERIC,
                    "%zu activations around prompt %d are not finite; the weights or the hook (%s) "
                    "do not fit this model",
                    bad + overflowed, c->prompts_N[0], c->source->hook->name);
    c->n = 0;
    return rc;
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
    for (int t = 0; t < length;) {
        int room = c->capacity - c->n, take = length - t < room ? length - t : room;
        c->be->copy(c->be, ROW(c->x_ND, c->n, c->D), ROW(x_TD, t, c->D),
                    (size_t)take * (size_t)c->D * sizeof *c->x_ND);
        for (int i = 0; i < take; i++) {
            c->prompts_N[c->n + i] = prompt;
            c->positions_N[c->n + i] = t + i;
            c->counted_N[c->n + i] = c->counted_T[t + i];
        }
        c->n += take;
        t += take;
        if (c->n == c->capacity) {
            err_code rc = flush(c, e);
            if (rc)
                return rc;
        }
    }
    c->next = prompt + 1;
    return draft_is_due(c->source->draft, OK) ? keep_draft(c, OK, e) : OK;
}

static err_code collector_open(collector *c, err *e)
{
    size_t n = (size_t)c->capacity;
    c->x_ND = c->be->alloc(c->be, n * (size_t)c->D, sizeof(float), "rows to encode", e);
    if (!c->x_ND)
        return e->code;
    if (sparse_rows_new(&c->active, c->be, c->capacity, c->F, e))
        return e->code;
    c->prompts_N = mem_small(n, sizeof *c->prompts_N);
    c->positions_N = mem_small(n, sizeof *c->positions_N);
    c->counted_N = mem_small(n, sizeof *c->counted_N);
    c->counted_T = mem_small((size_t)prompts_longest(c->source->prompts), sizeof *c->counted_T);
    return OK;
}

static void collector_close(collector *c)
{
    c->be->free(c->be, c->x_ND);
    sparse_rows_free(c->active);
    mem_free(c->prompts_N);
    mem_free(c->positions_N);
    mem_free(c->counted_N);
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
