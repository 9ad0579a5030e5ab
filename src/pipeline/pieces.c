/* Pieces have no marks between them: their sizes follow from the study. */
#include "pipeline/pieces.h"
#include <string.h>

err_code pieces_find(bool *found, kept *k, const piece pieces[MOST_PIECES], study *s,
                     const char *kind, store_key *key, err *e)
{
    char hex[SHA256_HEX];
    size_t bytes = 0;
    for (int i = 0; i < MOST_PIECES; i++)
        bytes += pieces[i].bytes;
    store_key_finish(key, hex);
    err_code rc = kept_find(k, s, kind, hex, e);
    *found = !rc && k->found && k->payload.len == bytes;
    const char *from = str_text(&k->payload);
    for (int i = 0; i < MOST_PIECES && *found; i++) {
        if (pieces[i].bytes)
            memcpy(pieces[i].data, from, pieces[i].bytes);
        from += pieces[i].bytes;
    }
    return rc;
}

err_code pieces_save(kept *k, const piece pieces[MOST_PIECES], err *e)
{
    str *room = kept_room(k);
    if (!room)
        return OK;
    for (int i = 0; i < MOST_PIECES; i++)
        if (pieces[i].bytes)
            packed_put(room, pieces[i].data, pieces[i].bytes, 1);
    return kept_save(k, e);
}
