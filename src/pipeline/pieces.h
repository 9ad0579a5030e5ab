/* What a stage keeps for later runs when it is several things at once: one payload of the store,
 * the pieces one after the other. */
#ifndef PIPELINE_PIECES_H
#define PIPELINE_PIECES_H
#include "pipeline/kept.h"

typedef struct piece {
    void *data;
    size_t bytes; /* 0: no such piece */
} piece;
enum { MOST_PIECES = 4 };

/* kept_find() with a key that is finished here. *found: the pieces are filled; else they are as
 * before. */
err_code pieces_find(bool *found, kept *k, const piece pieces[MOST_PIECES], study *s,
                     const char *kind, store_key *key, err *e);
/* Does nothing where the run keeps nothing. */
err_code pieces_save(kept *k, const piece pieces[MOST_PIECES], err *e);
/* The pieces among other bytes; false when they are not there. */
void pieces_put(str *to, const piece pieces[MOST_PIECES]);
bool pieces_get(packed_reader *from, const piece pieces[MOST_PIECES]);

#endif
