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
    bool byte_level;  /* the vocabulary is spelled in the byte alphabet */
    err *e;
} loader;

/* What may stand beside vocab.json and merges.txt; each may be NULL. Borrowed. */
typedef struct loader_companions {
    const cJSON *config;  /* tokenizer_config.json */
    const cJSON *special; /* special_tokens_map.json */
    const cJSON *added;   /* added_tokens.json */
} loader_companions;

/* Member `key` of an object; NULL when absent or null. */
const cJSON *loader_section(const cJSON *object, const char *key);
/* What an object says its "type" is; words to that effect when it says nothing. */
const char *loader_type(const cJSON *object);
/* A flag, or `fallback` when absent or null. */
err_code loader_flag(bool *out, const loader *l, const cJSON *object, const char *key,
                     bool fallback);
/* Appends a string member of at most MAX_STEP_BYTES and at least `least`. */
err_code loader_string(str *out, const loader *l, const cJSON *object, const char *key,
                       size_t least);
/* Refuses what this program does not carry out: "`what` "`value`" is not supported (`known`)". */
err_code loader_unsupported(const loader *l, const char *what, const char *value,
                            const char *known);
/* Calls `read` for an object, or for each of the list `member` when its type is "Sequence",
 * whatever the depth. */
err_code loader_sequence(loader *l, const cJSON *object, const char *member,
                         err_code (*read)(loader *l, const cJSON *object));

/* The steps from text to words: added tokens, `normalizer` and `pre_tokenizer`, each NULL when
 * there is none. Sets byte_level. */
err_code loader_steps(loader *l, const cJSON *normalizer, const cJSON *pre_tokenizer);
/* The steps of GPT-2. */
err_code loader_gpt2_steps(loader *l);
/* The "decoder" section, NULL when there is none; after the steps. */
err_code loader_decoder(loader *l, const cJSON *section);
/* The added tokens of GPT-2's files as a list for loader_tokens(): those of the companions, and
 * "<|endoftext|>" where the vocabulary has it. Owner: caller, cJSON_Delete(), even on failure. */
err_code loader_added(cJSON **out, loader *l, const cJSON *vocabulary, const loader_companions *c);
/* Which companion says what starts a document; NULL when none does. */
const cJSON *loader_bos_source(const loader_companions *c);
/* Vocabulary (an object of token: id) and added tokens (a list, or NULL); after the decoder. */
err_code loader_tokens(loader *l, const cJSON *tokens, const cJSON *added);
/* The id of a token as the file spells it, in the vocabulary; -1 when it is not there. */
int loader_find(const loader *l, const char *token);
/* The merge rules as a JSON list of "a b" or ["a", "b"]; after the tokens. */
err_code loader_merges(loader *l, const cJSON *merges);
/* The merge rules as the lines of a merges.txt. */
err_code loader_merge_lines(loader *l, const char *text, size_t n);
/* The token that starts a document: what the "post_processor" puts in front, else what `config` (a
 * tokenizer_config.json or special_tokens_map.json, or NULL) says, else a special token with one of
 * the usual names. */
err_code loader_bos(loader *l, const cJSON *post_processor, const cJSON *config);

#endif
