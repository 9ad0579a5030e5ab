/* Long work that can be stopped and gone on with: its state as bytes, kept for a later run.
 *
 * The work asks draft_is_due() wherever its state is whole, and then puts that into draft_room()
 * and calls draft_keep(). Where `state` is not empty when it begins, it goes on from there. */
#ifndef BASE_DRAFT_H
#define BASE_DRAFT_H
#include "base/err.h"
#include "base/packed.h"
#include <stdbool.h>

typedef struct draft draft;
struct draft {
    const char *name; /* of the file, for messages */
    str state; /* what an earlier run kept, later what is to be kept; owner: whoever keeps it */
    /* Keeps the state where a later run finds it. NULL: nothing is kept. */
    err_code (*keep)(draft *d, err *e);
    double every;   /* seconds between two times it is kept */
    double kept_at; /* clock_seconds() of the last time, or of the first question */
};

/* Whether the state is to be kept now: the work was stopped (code is E_CANCELLED), or goes on (OK)
 * and a while has passed. NULL: never. */
bool draft_is_due(draft *d, err_code code);
/* The state, empty. */
str *draft_room(draft *d);
/* Keeps it. Returns `code`, or the failure to keep it. */
err_code draft_keep(draft *d, err_code code, err *e);
/* Is there something to go on from? NULL: no. */
bool draft_found(const draft *d);
/* After reading it: E_FORMAT, naming the file, unless it fits and was read to its end. `of` ("these
 * searches") is whose state it should be. */
err_code draft_accept(const draft *d, const packed_reader *r, bool fits, const char *of, err *e);

#endif
