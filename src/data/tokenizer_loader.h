/* Loading a tokenizer: the parts that tokenizer.json and GPT-2's two files share. */
#ifndef DATA_TOKENIZER_LOADER_H
#define DATA_TOKENIZER_LOADER_H
#include "base/err.h"
#include "base/json.h"
#include "data/tokenizer_parts.h"
#include <stdbool.h>
#include <stddef.h>

/* A file being loaded into t, which must be zeroed at first. */
typedef struct loader {
    tokenizer *t;
    const char *name; /* for messages */
    err *e;
} loader;

/* Member `key` of an object; NULL when absent or null. */
const cJSON *loader_section(const cJSON *object, const char *key);
/* A flag, or `fallback` when absent or null; anything else than a boolean counts as set, so that
 * it is looked at rather than skipped. */
bool loader_flag(const cJSON *object, const char *key, bool fallback);

/* Vocabulary (an object of token: id) and added tokens (a list, or NULL); the normaliser must be
 * known by then. */
err_code loader_tokens(loader *l, const cJSON *tokens, const cJSON *added);
/* The merge rules as a JSON list of "a b" or ["a", "b"]; after the tokens. */
err_code loader_merges(loader *l, const cJSON *merges);
/* The merge rules as the lines of a merges.txt. */
err_code loader_merge_lines(loader *l, const char *text, size_t n);

#endif
