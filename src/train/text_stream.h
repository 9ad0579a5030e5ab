/* Windows of tokens made from the world's documents, as language models and SAEs are trained on.
 *
 * A window is `context` tokens and starts with BOS (id 0); documents follow one another with BOS
 * between, and a document that does not fit goes on in the next window, after its BOS, as SAELens
 * packs (tokenization_and_batching.py). Packing starts anew every `group` windows, so that any
 * window can be made without those before: training resumes at any step. */
#ifndef TRAIN_TEXT_STREAM_H
#define TRAIN_TEXT_STREAM_H
#include "base/pool.h"
#include "data/tokenizer.h"
#include "train/world.h"

enum { TEXT_BOS = 0 };

typedef struct text_stream {
    const world *world;
    const tokenizer *tokens;
    pool *pool;    /* borrowed; may be NULL */
    uint64_t seed; /* of the documents: streams with different seeds share none */
    int context;
    int group; /* 1: every window starts with the start of a document */
} text_stream;

/* A stream's seed, from the run's seed and the stream's purpose ("validation"). */
uint64_t text_seed(uint64_t seed, const char *purpose);

/* tokens_BT out: windows first .. first + B - 1; both are multiples of s->group.
 * concepts_BT (NULL: not wanted) out: two words of concept bits per token, zeros for BOS. */
err_code text_windows(int32_t *tokens_BT, uint64_t (*concepts_BT)[2], const text_stream *s,
                      uint64_t first, int B, err *e);

/* next_BT out: for each token the one after it in its window, -1 for the last. */
void text_targets(int32_t *next_BT, const int32_t *tokens_BT, int B, int T);

/* nats and tokens of n whole documents from `first`, one token for each document's end counted. */
err_code text_entropy(double *nats_per_token, const text_stream *s, uint64_t first, int n, err *e);

#endif
