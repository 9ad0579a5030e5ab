/* BPE tokenizers from Hugging Face's tokenizer.json or GPT-2's vocab.json + merges.txt: byte-level
 * (GPT-2, GPT-NeoX, Llama 3, Qwen, ...) and with byte fallback (Llama 2, Mistral, Gemma). Token ids
 * are those of Hugging Face `tokenizers`. */
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

/* tokenizer.json, else vocab.json + merges.txt; beside them tokenizer_config.json,
 * special_tokens_map.json and added_tokens.json where they are. What a file asks for and this
 * program does not do is refused by name (E_FORMAT). Owner: caller, tokenizer_free(). */
err_code tokenizer_open(tokenizer **out, const files *f, err *e);
/* From memory: the text of a tokenizer.json; `name` is for messages. */
err_code tokenizer_parse(tokenizer **out, const char *json, size_t n, const char *name, err *e);
/* From memory: GPT-2's two files. "<|endoftext|>", when in the vocabulary, is a special token. */
err_code tokenizer_parse_gpt2(tokenizer **out, const char *vocab, size_t n_vocab,
                              const char *merges, size_t n_merges, const char *name, err *e);
/* NULL is fine. */
void tokenizer_free(tokenizer *t);

/* Appends the tokens of text (n bytes, any bytes). No token is added that the text does not spell
 * (no BOS), as add_special_tokens=False; special tokens spelled in the text become their ids.
 * Offsets are within `text`, as token_list.h says. Time: n log n. Memory: about 40 bytes per byte
 * of the longest word, which is the whole text where spaces do not cut it (Llama 2, Gemma).
 *
 * Bytes that are not UTF-8, which Hugging Face's strings cannot hold, are never changed: byte-level
 * tokenizers make words of their own of them, those with byte fallback "<0xXX>" each, so that any
 * text decodes back to itself byte for byte, up to what the tokenizer normalises. Others treat such
 * a byte as any character without a token: it becomes the unknown token, or is dropped.
 * E_DATA when n is over 1 GiB, or the normaliser makes the text more than 16 times as long. */
err_code tokenizer_encode(token_list *out, const tokenizer *t, const char *text, size_t n, err *e);

/* One more than the largest id; ids below it may be unused. */
int tokenizer_size(const tokenizer *t);
/* What a token shows as text, borrowed: a space for the mark that stands for one, the byte for
 * "<0x41>". False (and 0 bytes) when no token has this id. Need not be whole UTF-8 characters. */
bool tokenizer_bytes(const tokenizer *t, int id, const char **bytes, size_t *n);
/* Appends the text of the tokens; ids without a token add nothing. As Hugging Face's
 * decode(skip_special_tokens=False), also in that Llama 2 loses a space at the start, but for three
 * things: bytes that are not UTF-8 stay what they are instead of becoming U+FFFD, a token added to
 * a byte-level tokenizer is shown as it is spelled even if all its characters are of the byte
 * alphabet, and a tokenizer without a decoder puts no spaces between tokens. */
void tokenizer_decode(str *out, const tokenizer *t, const int *ids, size_t n);
/* The id of the token that shows as exactly this text, or is an added one so called
 * ("<|endoftext|>", " the"), or -1; of several, an added one rather than one of the vocabulary, and
 * the byte "<0x41>" last. Looks at all. */
int tokenizer_find(const tokenizer *t, const char *content);
/* Whether the token marks structure (end of text) and is not text. */
bool tokenizer_is_special(const tokenizer *t, int id);
/* The token that starts a document: what the tokenizer's post_processor puts in front of a text,
 * else the "bos_token" of tokenizer_config.json or special_tokens_map.json (null: none), else the
 * first of
 * "<|endoftext|>", "<|begin_of_text|>", "<bos>", "<s>" that is a special token, unless it is
 * "<|endoftext|>" in the company of "<|im_start|>" (Qwen). -1: none. Note that 0 is a valid id. */
int tokenizer_bos(const tokenizer *t);

#endif
