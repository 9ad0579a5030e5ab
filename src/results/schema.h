/* One description per record struct, from which its JSON writer, JSON reader, CSV writer, CSV
 * reader and the text of data/README.md all follow, so that they cannot disagree. */
#ifndef RESULTS_SCHEMA_H
#define RESULTS_SCHEMA_H
#include <stdbool.h>
#include <stddef.h>

typedef enum {
    FIELD_INT,     /* int */
    FIELD_INT64,   /* int64_t, below 2^53 */
    FIELD_NUMBER,  /* double; NaN is null or an empty cell */
    FIELD_BOOL,    /* bool */
    FIELD_TEXT,    /* const char *; NULL is written as "" */
    FIELD_BYTES,   /* record_bytes */
    FIELD_STRUCT,  /* a struct described by `type`, in place */
    FIELD_LIST,    /* pointer to structs described by `type` */
    FIELD_INTS,    /* int * */
    FIELD_NUMBERS, /* double * */
    FIELD_TOKENS   /* record_bytes * */
} field_kind;

typedef struct schema schema;

typedef struct field {
    const char *name;
    field_kind kind;
    size_t offset;
    size_t count; /* lists: offset of the int that counts it; lists may share one */
    const schema *type;
    const char *help; /* meaning and unit, for data/README.md */
} field;

struct schema {
    const char *name; /* for messages */
    size_t size;      /* of the struct */
    const field *fields;
    int n_fields;
};

/* Whether files of that version hold the member f of s; later versions added some and left out what
 * follows from others. */
bool schema_holds(const schema *s, const field *f, int version);

extern const schema SCHEMA_QUANTILES, SCHEMA_VALUE_GROUP, SCHEMA_POSITION_BIN, SCHEMA_TRIE_NODE,
    SCHEMA_TOKEN_STAT;
extern const schema SCHEMA_RUN, SCHEMA_MODEL, SCHEMA_LM_POINT, SCHEMA_SAE_POINT, SCHEMA_METRIC,
    SCHEMA_CONCEPT, SCHEMA_FILTER, SCHEMA_FEATURE, SCHEMA_CLUSTERING, SCHEMA_CLUSTER, SCHEMA_TARGET,
    SCHEMA_CONTEXT, SCHEMA_EXPLANATION, SCHEMA_CHAIN, SCHEMA_SEQUENCE, SCHEMA_FRONT_POINT,
    SCHEMA_SEARCH_RESTART, SCHEMA_RATIO, SCHEMA_STRATUM, SCHEMA_SEARCH_SUMMARY, SCHEMA_RULE,
    SCHEMA_RULES, SCHEMA_SCORE, SCHEMA_SPLIT, SCHEMA_EFFECTS, SCHEMA_EFFECT_TOKEN, SCHEMA_CHANGE,
    SCHEMA_RELATIVE, SCHEMA_NEURON, SCHEMA_TRACE, SCHEMA_ATTENTION, SCHEMA_SAE_QUALITY,
    SCHEMA_HISTOGRAM, SCHEMA_VOLATILE, SCHEMA_ENVIRONMENT;

#endif
