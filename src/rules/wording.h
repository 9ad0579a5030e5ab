/* Sentences as they are put together. */
#ifndef RULES_WORDING_H
#define RULES_WORDING_H
#include "rules/sentence.h"

/* Start: `wording_maker m = {.memory = ..., .t = ...};`. */
typedef struct wording_maker {
    arena *memory;
    const rule_text *t;
    str words; /* not yet a piece */
    rule_piece *pieces;
    int n, capacity;
} wording_maker;

void wording_add(wording_maker *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A stretch of bytes shown as they are; copied. */
void wording_add_bytes(wording_maker *m, const char *bytes, size_t n);
void wording_add_token(wording_maker *m, int32_t token);
/* "`a`", "`a` and `b`", "`a`, `b`, ... and 5 more", `last` standing for "and". */
void wording_add_set(wording_maker *m, const rule_predicate *p, const char *last);
/* Copies what was made into the arena and releases the maker. */
rule_wording wording_finish(wording_maker *m);

/* How many tokens of a set differ by more than case and a leading blank. */
int wording_count_forms(const rule_text *t, const rule_predicate *p);

/* A class as words: "capitalised tokens"; "a capitalised token". */
void wording_add_class(wording_maker *m, int class_bit, bool plural);
/* The same in one word, for formal lines: "capitalised", "-ing", "un-". */
void rule_class_label(str *out, const rule_text *t, int class_bit);

#endif
