/* Pieces have no marks between them: their sizes follow from the study. */
#include "pipeline/pieces.h"

void pieces_put(str *to, const piece pieces[MOST_PIECES])
{
    for (int i = 0; i < MOST_PIECES; i++)
        if (pieces[i].bytes)
            packed_put(to, pieces[i].data, pieces[i].bytes, 1);
}

bool pieces_get(packed_reader *from, const piece pieces[MOST_PIECES])
{
    size_t bytes = 0;
    for (int i = 0; i < MOST_PIECES; i++)
        bytes += pieces[i].bytes;
    if (bytes > from->left)
        return false;
    for (int i = 0; i < MOST_PIECES; i++)
        if (pieces[i].bytes)
            packed_get(from, pieces[i].data, pieces[i].bytes, 1);
    return true;
}

err_code pieces_find(bool *found, kept *k, const piece pieces[MOST_PIECES], study *s,
                     const char *kind, store_key *key, err *e)
{
    char hex[SHA256_HEX];
    store_key_finish(key, hex);
    err_code rc = kept_find(k, s, kind, hex, e);
    packed_reader r = packed_read(&k->payload);
    *found = !rc && k->found && pieces_get(&r, pieces) && r.left == 0;
    return rc;
}

err_code pieces_save(kept *k, const piece pieces[MOST_PIECES], err *e)
{
    str *room = kept_room(k);
    if (!room)
        return OK;
    pieces_put(room, pieces);
    return kept_save(k, e);
}
