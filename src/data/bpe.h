/* Byte-pair encoding of one word (Sennrich, Haddow, Birch 2016) over raw bytes. */
#ifndef DATA_BPE_H
#define DATA_BPE_H
#include "base/err.h"
#include "data/token_list.h"
#include "data/vocab.h"
#include <stdbool.h>
#include <stddef.h>

typedef struct merge_rule {
    int left, right; /* adjacent tokens ... */
    int merged;      /* ... that become this one; */
    int rank;        /* lower ranks go first */
} merge_rule;

/* Start: `bpe b = {0};` then the options, bpe_add_rule for each rule, bpe_index. */
typedef struct bpe {
    merge_rule *rules; /* sorted by left, right after bpe_index */
    int n_rules, cap_rules;
    int *first_rule; /* [n_ids + 1]: the rules of a left token are [first[left], first[left + 1]) */
    int byte_id[256];   /* -1: no token for this byte alone */
    int unknown_id;     /* stands for bytes without a token; -1: they are an error */
    bool fuse_unknown;  /* one unknown token for a run of them */
    bool ignore_merges; /* a word that is a token is that token, whatever the rules make of it */
} bpe;

/* The rule with the next rank. */
void bpe_add_rule(bpe *b, int left, int right, int merged);
void bpe_index(bpe *b, const vocab *v);
void bpe_release(bpe *b);

/* Memory that words share; one per thread. Start: zeroed. */
typedef struct bpe_scratch {
    struct bpe_symbol *symbols;
    struct bpe_candidate *heap;
    size_t cap;
} bpe_scratch;
void bpe_scratch_release(bpe_scratch *s);

/* Appends the tokens of a word of n bytes (below 2^31), with offsets counted from `offset`.
 * Takes time n log n. E_DATA when a byte has no token and there is no unknown token. */
err_code bpe_encode(token_list *out, const bpe *b, const vocab *v, bpe_scratch *s, const char *word,
                    size_t n, size_t offset, err *e);

#endif
