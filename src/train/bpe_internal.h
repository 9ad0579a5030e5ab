/* What bpe.c (counting, merging) and bpe_json.c (the file) share. */
#ifndef TRAIN_BPE_INTERNAL_H
#define TRAIN_BPE_INTERNAL_H
#include "train/bpe.h"

typedef struct bpe_merge {
    int left, right; /* token ids; merge i makes token BPE_FIRST_MERGE + i */
} bpe_merge;

/* Replaces out by the tokenizer.json of these merges. */
void bpe_json(str *out, const bpe_merge *merges, int n_merges);

#endif
