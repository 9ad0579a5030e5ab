/* The standard cache of repositories, read:
 *
 *   CACHE/models--ORG--NAME/refs/main                     a commit, 40 hex digits
 *                          /snapshots/COMMIT/config.json  a link to ../../blobs/ETAG, or a plain
 * file /blobs/ETAG                    the bytes, named by their hash
 *
 * (huggingface_hub 1.x, file_download.py; older versions wrote the same.) */
#ifndef HUB_CACHE_H
#define HUB_CACHE_H
#include "hub/repo_id.h"

typedef struct snapshot {
    const char *dir;    /* CACHE/models--.../snapshots/COMMIT */
    const char *commit; /* the last part of dir */
} snapshot;

/* The snapshot of a revision: a ref, a whole commit, or the first 7 or more digits of one that is
 * here. E_CONFIG says what was looked for and where; the caller adds how to get it. */
err_code cache_find(snapshot *out, const char *cache, const repo_ref *ref, arena *a, err *e);

/* Follows links; false for folders, for links to nothing, and for what is not there. */
bool cache_has_file(const char *dir, const char *name);

#endif
