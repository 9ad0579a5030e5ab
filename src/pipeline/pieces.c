/* Pieces have no marks between them: their sizes follow from the study. */
#include "pipeline/pieces.h"
#include <string.h>

bool pieces_load(const piece pieces[MOST_PIECES], const study *s, const char *kind, store_key *k,
                 char hex[SHA256_HEX])
{
    str payload = {0};
    size_t bytes = 0;
    for (int i = 0; i < MOST_PIECES; i++)
        bytes += pieces[i].bytes;
    store_key_finish(k, hex);
    bool there = study_load(&payload, s, kind, hex) && payload.len == bytes;
    const char *from = str_text(&payload);
    for (int i = 0; i < MOST_PIECES && there; i++) {
        if (pieces[i].bytes)
            memcpy(pieces[i].data, from, pieces[i].bytes);
        from += pieces[i].bytes;
    }
    str_release(&payload);
    return there;
}

err_code pieces_save(const piece pieces[MOST_PIECES], const study *s, const char *kind,
                     const char *hex, err *e)
{
    if (!study_keeps(s))
        return OK;
    str payload = {0};
    for (int i = 0; i < MOST_PIECES; i++)
        if (pieces[i].bytes)
            store_put(&payload, pieces[i].data, pieces[i].bytes, 1);
    err_code rc = store_save(s->cache_dir, kind, hex, &payload, e);
    str_release(&payload);
    return rc;
}
