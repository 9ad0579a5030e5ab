/* A small text of whole words, token by token, and features planted in it. */
#ifndef TESTS_RULES_COMMON_H
#define TESTS_RULES_COMMON_H
#include "base/memory.h"
#include "rules/explain.h"
#include <stdbool.h>

/* A tokenizer whose tokens are exactly these bytes, ids from 1; 0 is <|endoftext|>. */
tokenizer *words_tokenizer(const char *const *words, int n);

/* Start: `text_rig r; text_rig_open(&r, words, n)`; then documents, then text_rig_split(). */
typedef struct text_rig {
    tokenizer *tokenizer;
    prompt_set prompts;
    int capacity;
    rule_text text;
} text_rig;
void text_rig_open(text_rig *r, const char *const *words, int n);
/* A prompt of these ids, with <|endoftext|> before them. */
void text_rig_add(text_rig *r, const int32_t *tokens, int n);
void text_rig_split(text_rig *r, uint64_t seed);
void text_rig_close(text_rig *r);

/* ---- a larger text -----------------------------------------------------------------------------
 */

enum {
    WORLD_SAID = 1, /* " said" */
    WORLD_ASKED,    /* " asked" */
    WORLD_QUOTE,    /* "\"" */
    WORLD_NEW,      /* " new" */
    WORLD_OLD,      /* " old" */
    WORLD_YORK,     /* " York" */
    WORLD_HARBOUR,  /* " harbour" */
    WORLD_STOP,     /* "." */
    WORLD_LINE,     /* "\n" */
    WORLD_THE,      /* " the" */
    WORLD_FIRST_COMMON,
    WORLD_COMMON = 200, /* words of no meaning: " a0" ... */
    WORLD_SIZE = WORLD_FIRST_COMMON + WORLD_COMMON
};
/* 300 documents of 100 tokens, split by seed 1. */
void world_rig_open(text_rig *r);

/* Whether a planted feature holds at place i (from 0) of a document's n tokens. */
typedef bool planted(const int32_t *tokens, int i);

typedef struct activations {
    token_activation *items;
    size_t n;
} activations;
/* Activations 1 .. 2 where it holds, `missed` of them left out, and weak ones on `false_rate` of
 * the other tokens. Owner: caller, mem_free(items). */
activations plant(const text_rig *r, planted *holds_at, double missed, double false_rate,
                  uint64_t seed);
/* Fails the test unless its sentence holds these words. */
void assert_says(const rule_explanation *e, const char *want);

#endif
