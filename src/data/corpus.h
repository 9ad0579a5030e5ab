/* Prompts read from text and JSON-lines files, gzipped or not. */
#ifndef DATA_CORPUS_H
#define DATA_CORPUS_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include <stdbool.h>
#include <stddef.h>

typedef enum {
    SPLIT_PARAGRAPH, /* prompts of a .txt file are separated by blank lines */
    SPLIT_LINE       /* each line is a prompt */
} corpus_split;

typedef struct corpus_options {
    corpus_split split;     /* .txt files only */
    const char *text_field; /* .jsonl files: the key that holds the prompt */
    size_t max_file_bytes;  /* after unpacking; a larger file is refused */
    size_t max_prompts;     /* reading stops there; 0: no limit */
} corpus_options;

corpus_options corpus_defaults(void); /* paragraph, "text", 1 GiB, no limit */

/* One prompt. Text is not NUL-terminated and may hold any byte but is never blank. */
typedef struct prompt {
    const char *text;
    size_t n;
    const char *file; /* borrowed from the corpus */
    int line;         /* 1-based: where it starts in its file */
} prompt;

/* Start: `corpus c = {0};`. Owner: caller, corpus_release(). */
typedef struct corpus {
    prompt *prompts;
    size_t n_prompts, cap;
    size_t n_empty;        /* blank prompts, skipped */
    size_t n_invalid_utf8; /* prompts kept that are not valid UTF-8 */
    arena memory;
} corpus;

/* Appends a file's prompts. The kind goes by the name, .txt or .jsonl, before an optional .gz;
 * gzip itself is recognised by its magic bytes. Errors name file, line and field. E_DATA when the
 * file holds no prompt, or is not text at all (NUL bytes). On error `c` keeps what it had. */
err_code corpus_read(corpus *c, const char *path, const corpus_options *options, err *e);
/* The same from memory; `name` gives the kind and is copied. */
err_code corpus_parse(corpus *c, const char *text, size_t n, const char *name,
                      const corpus_options *options, err *e);
void corpus_release(corpus *c);

#endif
