/* Byte-pair encoding of one word (Sennrich, Haddow, Birch 2016) over raw bytes, or over characters.
 */
#ifndef DATA_BPE_H
#define DATA_BPE_H
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
    bool characters; /* words begin as characters, not as bytes; a byte that is not UTF-8 counts
                      * as a character without a token */
    int byte_id[256];   /* the token of each byte, or -1; with `characters`: of each byte of a
                         * character without a token, all 256 or none (byte fallback) */
    int unknown_id;     /* stands for symbols without a token; -1: they are dropped */
    bool fuse_unknown;  /* one unknown token for a run of them */
    bool ignore_merges; /* a word that is a token is that token, whatever the rules make of it */
} bpe;

/* The rule with the next rank. */
void bpe_add_rule(bpe *b, int left, int right, int merged);
/* Sorts the rules of a vocabulary of n_ids; call once, after the last one. */
void bpe_index(bpe *b, int n_ids);
/* Frees all; fine on a zeroed one. */
void bpe_release(bpe *b);

/* Memory that words share; one per thread. Start: zeroed. */
typedef struct bpe_scratch {
    struct bpe_symbol *symbols;
    struct bpe_candidate *heap;
    size_t cap_symbols, cap_heap, n_heap;
} bpe_scratch;
void bpe_scratch_release(bpe_scratch *s);

/* Appends the tokens of a word of n bytes (below 2^31), with offsets counted from `offset`. A
 * symbol that is dropped leaves a hole between offsets. Takes time n log n. */
void bpe_encode(token_list *out, const bpe *b, const vocab *v, bpe_scratch *s, const char *word,
                size_t n, size_t offset);

#endif
