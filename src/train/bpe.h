/* Trains a byte-level byte-pair encoding (Sennrich, Haddow, Birch 2016; bytes and pre-tokenizer of
 * GPT-2, Radford et al. 2019) and writes it as a Hugging Face tokenizer.json. */
#ifndef TRAIN_BPE_H
#define TRAIN_BPE_H
#include "base/err.h"
#include "base/str.h"

/* How often each pre-token ("word", with the blank before it) occurs. One thread at a time. */
typedef struct bpe_counter bpe_counter;

/* Owner: caller, bpe_counter_free(). */
bpe_counter *bpe_counter_new(void);
void bpe_counter_free(bpe_counter *c);
/* Adds a document (UTF-8; pre-tokens never cross documents). E_FORMAT when it is not UTF-8. */
err_code bpe_count(bpe_counter *c, const char *text, size_t n, err *e);

enum { BPE_FIRST_BYTE = 1, BPE_FIRST_MERGE = BPE_FIRST_BYTE + 256 };

/* Replaces tokenizer_json by the file's bytes. Ids: 0 "<|endoftext|>", then the 256 bytes in order,
 * then one token per merge, vocab_size in all. The most frequent pair is merged first, ties by the
 * lower pair of ids, so the result depends on the counts alone. E_DATA when the text has too few
 * pairs for that many merges, E_USAGE when vocab_size leaves no room for the bytes. */
err_code bpe_train(str *tokenizer_json, const bpe_counter *c, int vocab_size, err *e);

#endif
