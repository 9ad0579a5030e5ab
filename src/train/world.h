/* A small English world: documents written by a grammar of our own, with every concept known.
 *
 * The built-in model is trained on this text. Because the generator writes the words, it also knows
 * what each of them is (topic, class, inside a quotation, second mention of a name, ...), so what a
 * sparse autoencoder finds can be checked against the truth. */
#ifndef TRAIN_WORLD_H
#define TRAIN_WORLD_H
#include "base/str.h"
#include <stddef.h>
#include <stdint.h>

/* Lexicon and grammar, read only after world_new; any number of threads may share one. */
typedef struct world world;

/* One concept; the kinds are word, topic, document, class, syntax, position, state, long-range. */
typedef struct world_concept {
    const char *name; /* unique, "kind:..." for words, topics and documents */
    const char *kind;
    const char *description; /* one line */
} world_concept;

/* Bytes [start, end) of the text are one word, number, punctuation mark or line break. Concept c
 * holds when bit c % 64 of concepts[c / 64] is set. */
typedef struct world_span {
    uint32_t start, end;
    uint64_t concepts[2];
} world_span;

/* Start: `world_text t = {0};`. Reused by the next world_document, freed by world_text_release. */
typedef struct world_text {
    str text;          /* ASCII, ends in a line break */
    world_span *spans; /* sorted, disjoint, each non-empty; blanks between words lie in none */
    size_t n_spans, span_capacity;
    int topic;         /* index into world_topics */
    const char *shape; /* "story", "letter", ...: borrowed from the program */
    /* Minus the log probability of the derivation: the sum of -ln p over every random choice the
     * generator made, given those before. Several derivations can give the same text, so this is an
     * upper bound of the text's own -ln p, and its mean one of the source's entropy. */
    double nats;
} world_text;

/* Reads the lexicon and the grammar. Never fails: a mistake in them is our own bug and ends the
 * program. Owner: caller, world_free(). */
world *world_new(void);
void world_free(world *w);

/* Replaces out by document `index` of the endless stream `seed`; the same pair always gives the
 * same document, in any order and on any thread. */
void world_document(world_text *out, const world *w, uint64_t seed, uint64_t index);
void world_text_release(world_text *t);

/* The concept table and the topic names; borrowed, for ever. */
const world_concept *world_concepts(int *count);
const char *const *world_topics(int *count);

/* Concepts of n tokens that cover the text in order; token i is bytes [end_N[i-1], end_N[i]), the
 * first from 0. A token belongs to the span of its last byte that is not a blank (a line break is
 * not a blank); the token that holds the span's last byte gets all of the span's concepts, an
 * earlier piece of a split word only those that last (kinds state and document). A token of blanks
 * alone gets the lasting concepts of the next span. concepts_N: n entries, all written. */
void world_label_tokens(uint64_t (*concepts_N)[2], const world_text *t, const uint32_t *end_N,
                        int n);

#endif
