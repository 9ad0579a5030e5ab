/* Byte-level BPE tokenizers of the GPT-2 and GPT-NeoX families, from Hugging Face's tokenizer.json
 * or GPT-2's vocab.json + merges.txt. Token ids are those of Hugging Face `tokenizers`. */
#ifndef DATA_TOKENIZER_H
#define DATA_TOKENIZER_H
#include "base/err.h"
#include "base/str.h"
#include "data/files.h"
#include "data/token_list.h"
#include <stdbool.h>
#include <stddef.h>

/* Immutable once loaded; threads may share it. */
typedef struct tokenizer tokenizer;

/* tokenizer.json, else vocab.json + merges.txt. What the file asks for and this program does not do
 * is refused by name (E_FORMAT). Owner: caller, tokenizer_free(). */
err_code tokenizer_open(tokenizer **out, const files *f, err *e);
/* From memory: the text of a tokenizer.json; `name` is for messages. */
err_code tokenizer_parse(tokenizer **out, const char *json, size_t n, const char *name, err *e);
/* From memory: GPT-2's two files. "<|endoftext|>", when in the vocabulary, is a special token. */
err_code tokenizer_parse_gpt2(tokenizer **out, const char *vocab, size_t n_vocab,
                              const char *merges, size_t n_merges, const char *name, err *e);
void tokenizer_free(tokenizer *t);

/* Appends the tokens of text (n bytes, any bytes). No token is added that the text does not spell
 * (no BOS), as add_special_tokens=False; special tokens spelled in the text become their ids.
 * Bytes that are not UTF-8 are words of their own, so any text decodes back to itself byte for byte
 * (up to NFC where the tokenizer normalises). Offsets are within `text`.
 * E_DATA when a byte has no token and the tokenizer no unknown token, or n is over 1 GiB. */
err_code tokenizer_encode(token_list *out, const tokenizer *t, const char *text, size_t n, err *e);

/* One more than the largest id; ids below it may be unused. */
int tokenizer_size(const tokenizer *t);
/* The raw bytes of a token, borrowed; false (and 0 bytes) when no token has this id. A token need
 * not be whole UTF-8 characters. */
bool tokenizer_bytes(const tokenizer *t, int id, const char **bytes, size_t *n);
/* Appends the bytes of the tokens; ids without a token add nothing. */
void tokenizer_decode(str *out, const tokenizer *t, const int *ids, size_t n);
/* The id of the token that decodes to exactly this text ("<|endoftext|>", " the"), or -1. */
int tokenizer_find(const tokenizer *t, const char *content);
bool tokenizer_is_special(const tokenizer *t, int id);
/* The token that starts a document: the first of "<|endoftext|>", "<|begin_of_text|>", "<bos>",
 * "<s>" that is a special token; -1 when none is. Note that 0 is a valid id. */
int tokenizer_bos(const tokenizer *t);

#endif
