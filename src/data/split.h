/* Cutting text into the words that BPE works on, by the tokenizer's regular expression. */
#ifndef DATA_SPLIT_H
#define DATA_SPLIT_H
#include "base/err.h"
#include <stddef.h>

/* A compiled expression. Threads may share it. */
typedef struct splitter splitter;
/* One thread's matching memory. */
typedef struct splitter_scratch splitter_scratch;

/* The expression of GPT-2 and GPT-NeoX ("ByteLevel" with use_regex). Never NULL. */
splitter *splitter_new_gpt2(void);
void splitter_free(splitter *s);
splitter_scratch *splitter_scratch_new(const splitter *s);
void splitter_scratch_free(splitter_scratch *s);

/* The end of the word that starts at `from` (< n) of text, which must be valid UTF-8: more than
 * `from`, at most n. A NULL splitter takes everything as one word. */
err_code splitter_word(size_t *end, const splitter *s, splitter_scratch *scratch, const char *text,
                       size_t n, size_t from, err *e);

#endif
