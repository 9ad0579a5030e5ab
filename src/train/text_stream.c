/* Packing documents into windows, a group of windows at a time, groups in parallel. */
#include "train/text_stream.h"
#include "base/memory.h"
#include "base/rng.h"
#include <assert.h>
#include <string.h>

/* Documents that one group may start. More than any group can hold: a document is never empty. */
#define DOCUMENTS_PER_GROUP 65536u

/* One document with its tokens; reused for the next. */
typedef struct document {
    world_text text;
    token_list tokens;
    uint64_t (*concepts_N)[2];
    uint32_t *ends_N;
    size_t capacity;
} document;

static void document_release(document *d)
{
    world_text_release(&d->text);
    token_list_release(&d->tokens);
    mem_free(d->concepts_N);
    mem_free(d->ends_N);
}

static err_code document_make(document *d, const text_stream *s, uint64_t index, bool labelled,
                              err *e)
{
    world_document(&d->text, s->world, s->seed, index);
    token_list_clear(&d->tokens);
    err_code rc = tokenizer_encode(&d->tokens, s->tokens, d->text.text.data, d->text.text.len, e);
    if (rc || !labelled)
        return rc;
    size_t n = d->tokens.n;
    if (n > d->capacity) {
        d->capacity = 2 * n;
        d->concepts_N = mem_grow(d->concepts_N, d->capacity, sizeof *d->concepts_N);
        d->ends_N = mem_grow(d->ends_N, d->capacity, sizeof *d->ends_N);
    }
    for (size_t i = 0; i < n; i++)
        d->ends_N[i] = (uint32_t)d->tokens.ends[i];
    world_label_tokens(d->concepts_N, &d->text, d->ends_N, (int)n);
    return OK;
}

typedef struct packing {
    const text_stream *stream;
    int32_t *tokens_BT;
    uint64_t (*concepts_BT)[2];
    uint64_t first_group;
    err *failures; /* one per group */
} packing;

static void put(const packing *p, size_t at, int32_t token, const uint64_t concepts[2])
{
    p->tokens_BT[at] = token;
    if (p->concepts_BT)
        for (int i = 0; i < 2; i++)
            p->concepts_BT[at][i] = concepts ? concepts[i] : 0;
}

static void pack_group(void *context, int block)
{
    const packing *p = context;
    const text_stream *s = p->stream;
    size_t size = (size_t)s->group * (size_t)s->context, start = (size_t)block * size;
    uint64_t index = (p->first_group + (uint64_t)block) * DOCUMENTS_PER_GROUP;
    document d = {0};
    for (size_t at = 0; at < size; index++) {
        if (document_make(&d, s, index, p->concepts_BT != NULL, &p->failures[block]))
            break;
        /* This BOS separates documents; at the start of a window it is the window's own. */
        put(p, start + at++, TEXT_BOS, NULL);
        for (size_t i = 0; i < d.tokens.n && at < size; i++) {
            if (at % (size_t)s->context == 0)
                put(p, start + at++, TEXT_BOS, NULL);
            put(p, start + at++, d.tokens.ids[i], p->concepts_BT ? d.concepts_N[i] : NULL);
        }
    }
    document_release(&d);
}

uint64_t text_seed(uint64_t seed, const char *purpose)
{
    rng r = rng_stream(seed, purpose);
    return rng_next(&r);
}

err_code text_windows(int32_t *tokens_BT, uint64_t (*concepts_BT)[2], const text_stream *s,
                      uint64_t first, int B, err *e)
{
    assert(s->context >= 2 && B % s->group == 0 && first % (uint64_t)s->group == 0);
    int groups = B / s->group;
    packing p = {s, tokens_BT, concepts_BT, first / (uint64_t)s->group,
                 mem_small((size_t)groups, sizeof(err))};
    pool_run(s->pool, groups, pack_group, &p);
    err_code rc = OK;
    for (int g = 0; g < groups && !rc; g++)
        if ((rc = p.failures[g].code))
            *e = p.failures[g];
    mem_free(p.failures);
    return rc;
}

void text_targets(int32_t *next_BT, const int32_t *tokens_BT, int B, int T)
{
    for (int b = 0; b < B; b++) {
        memcpy(ROW(next_BT, b, T), ROW(tokens_BT, b, T) + 1, (size_t)(T - 1) * sizeof *next_BT);
        ROW(next_BT, b, T)[T - 1] = -1;
    }
}

err_code text_entropy(double *nats_per_token, const text_stream *s, uint64_t first, int n, err *e)
{
    document d = {0};
    double nats = 0, tokens = 0;
    err_code rc = OK;
    for (int i = 0; i < n && !rc; i++) {
        rc = document_make(&d, s, first + (uint64_t)i, false, e);
        nats += d.text.nats;
        tokens += (double)d.tokens.n + 1;
    }
    *nats_per_token = tokens > 0 ? nats / tokens : 0;
    document_release(&d);
    return rc;
}
