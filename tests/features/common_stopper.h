/* A draft in memory that is asked for wherever it can be, and stops the work after some times. */
#ifndef TESTS_FEATURES_COMMON_STOPPER_H
#define TESTS_FEATURES_COMMON_STOPPER_H
#include "base/draft.h"

typedef struct stopper {
    draft draft; /* first */
    int left;    /* times it is kept before it stops the work */
    str kept;    /* what the next one may begin with */
} stopper;

/* Begins with a copy of `state` (NULL: nothing). Owner: caller, stopper_release(). */
stopper *stopper_new(const str *state, int times);
void stopper_release(stopper *s);

#endif
