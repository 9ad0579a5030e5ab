/* A trainer's whole state in one safetensors file, written atomically: a run that was killed goes
 * on from the last one and ends with the same bytes as a run that was not. */
#ifndef TRAIN_STATE_H
#define TRAIN_STATE_H
#include "base/err.h"
#include "base/str.h"
#include <stdbool.h>
#include <stddef.h>

/* One array of ordinary memory that belongs to the state; borrowed. */
typedef struct state_array {
    const char *name;
    float *values;
    size_t n;
} state_array;

/* Start: zeroed. Owner: caller, train_state_release(). */
typedef struct train_state {
    const char *options; /* what the run depends on, as text; borrowed */
    long step;           /* steps done */
    double number;       /* one number of the trainer's own, kept to the last bit */
    str curve;
} train_state;
void train_state_release(train_state *s);

/* Writes dir/name. */
err_code train_state_save(const train_state *s, const state_array *arrays, int n, const char *dir,
                          const char *name, err *e);
/* Fills s and the arrays when dir/name exists; *found says so. A file made with other options, or
 * whose arrays have other sizes, is E_CONFIG or E_SHAPE with the remedy: nothing is half resumed.
 */
err_code train_state_load(bool *found, train_state *s, const state_array *arrays, int n,
                          const char *dir, const char *name, err *e);

#endif
