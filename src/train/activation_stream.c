/* A chunk of activations at a time, shuffled. */
#include "train/activation_stream.h"
#include "base/memory.h"
#include "base/rng.h"
#include <assert.h>
#include <string.h>

struct activation_stream {
    model *m;
    hook h;
    const text_stream *text;
    int windows, part, N, batches; /* batches per chunk */
    rng random;
    forward *pass;
    long chunk;         /* the one held, -1: none */
    int32_t *tokens_BT; /* part windows */
    float *part_ND;     /* activations of part windows, ordinary memory */
    float *rows_ND;     /* of the chunk, BOS left out */
    int *order_N;
    int n_rows;
};

void activation_stream_free(activation_stream *a)
{
    if (!a)
        return;
    forward_free(a->pass);
    mem_free(a->tokens_BT);
    mem_free(a->part_ND);
    mem_free(a->rows_ND);
    mem_free(a->order_N);
    mem_free(a);
}

err_code activation_stream_new(activation_stream **out, model *m, const hook *h,
                               const text_stream *text, int windows, int part, int N, uint64_t seed,
                               err *e)
{
    size_t T = (size_t)text->context, D = (size_t)h->width;
    activation_stream *a = mem_small(1, sizeof *a);
    *a = (activation_stream){.m = m,
                             .h = *h,
                             .text = text,
                             .windows = windows,
                             .part = part,
                             .N = N,
                             .chunk = -1,
                             .random = rng_stream(seed, "activation order")};
    *out = NULL;
    /* A twentieth is left for the BOS between documents; a chunk with more of them repeats rows. */
    a->batches = (int)((size_t)windows * (T - 1) * 19 / 20 / (size_t)N);
    assert(a->batches >= 1 && windows % part == 0);
    a->tokens_BT = mem_small((size_t)part * T, sizeof *a->tokens_BT);
    a->order_N = mem_small((size_t)windows * T, sizeof *a->order_N);
    a->part_ND = mem_array((size_t)part * T * D, sizeof(float), "activations", e);
    a->rows_ND = mem_array((size_t)windows * T * D, sizeof(float), "activations", e);
    err_code rc = a->part_ND && a->rows_ND ? OK : e->code;
    if (!rc)
        rc = forward_new(&a->pass, m, part, text->context, h, FORWARD_ONLY, e);
    if (rc) {
        activation_stream_free(a);
        return rc;
    }
    forward_uninterrupted(a->pass); /* steps look for Ctrl-C, when the state can be saved */
    *out = a;
    return OK;
}

static err_code read_part(activation_stream *a, uint64_t first, err *e)
{
    int T = a->text->context, D = a->h.width, rows = a->part * T;
    backend *be = model_backend(a->m);
    err_code rc = text_windows(a->tokens_BT, NULL, a->text, first, a->part, e);
    if (!rc)
        rc = forward_tokens(a->pass, a->tokens_BT, a->part, T, &a->h, e);
    if (rc)
        return rc;
    be->download(be, a->part_ND, forward_hook(a->pass), (size_t)rows * D * sizeof(float));
    for (int i = 0; i < rows; i++)
        if (a->tokens_BT[i] != TEXT_BOS)
            memcpy(ROW(a->rows_ND, a->n_rows++, D), ROW(a->part_ND, i, D),
                   (size_t)D * sizeof(float));
    return backend_sync(be, e);
}

static err_code read_chunk(activation_stream *a, long chunk, err *e)
{
    err_code rc = OK;
    a->chunk = -1;
    a->n_rows = 0;
    for (int w = 0; w < a->windows && !rc; w += a->part)
        rc = read_part(a, (uint64_t)chunk * (uint64_t)a->windows + (uint64_t)w, e);
    if (rc)
        return rc;
    for (int i = 0; i < a->n_rows; i++)
        a->order_N[i] = i;
    rng order = rng_split(&a->random, (uint64_t)chunk);
    rng_shuffle(&order, a->order_N, a->n_rows);
    a->chunk = chunk;
    return OK;
}

err_code activation_batch(float *x_ND, activation_stream *a, long batch, err *e)
{
    long chunk = batch / a->batches;
    int D = a->h.width, first = (int)(batch % a->batches) * a->N;
    err_code rc = chunk == a->chunk ? OK : read_chunk(a, chunk, e);
    for (int i = 0; i < a->N && !rc; i++)
        memcpy(ROW(x_ND, i, D), ROW(a->rows_ND, a->order_N[(first + i) % a->n_rows], D),
               (size_t)D * sizeof(float));
    return rc;
}
