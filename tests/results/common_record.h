/* A made-up but realistic record, for tests of the record files and of the site. */
#ifndef TESTS_RESULTS_COMMON_RECORD_H
#define TESTS_RESULTS_COMMON_RECORD_H
#include "results/record.h"

typedef enum {
    SYNTHETIC_USUAL,   /* 4,096 features, about 600 kept, 14 clusters, 8 targets */
    SYNTHETIC_HOSTILE, /* the same with 2 targets, and every dangerous token and text */
    SYNTHETIC_EMPTY    /* nothing passed the filter; optional parts missing */
} synthetic_kind;

void synthetic_record(record *out, record_volatile *times, arena *a, synthetic_kind kind);

/* Byte strings that break pages which do not escape. */
extern const record_bytes HOSTILE_TOKENS[];
extern const int N_HOSTILE_TOKENS;

#endif
