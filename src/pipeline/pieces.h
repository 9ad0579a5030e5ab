/* What a stage keeps for later runs when it is several things at once: one payload of the store,
 * the pieces one after the other. */
#ifndef PIPELINE_PIECES_H
#define PIPELINE_PIECES_H
#include "pipeline/study.h"

typedef struct piece {
    void *data;
    size_t bytes; /* 0: no such piece */
} piece;
enum { MOST_PIECES = 4 };

/* Fills the pieces from what was kept under the key, which is finished into `hex`; false, and they
 * are as before, where nothing of their size is there. */
bool pieces_load(const piece pieces[MOST_PIECES], const study *s, const char *kind, store_key *k,
                 char hex[SHA256_HEX]);
/* Does nothing where the run keeps nothing. */
err_code pieces_save(const piece pieces[MOST_PIECES], const study *s, const char *kind,
                     const char *hex, err *e);

#endif
