/* One file into the cache: a blob, and a link to it from the snapshot. */
#ifndef HUB_DOWNLOAD_H
#define HUB_DOWNLOAD_H
#include "hub/server.h"

/* Where one repository's files go. */
typedef struct download {
    const hub_server *server;
    const char *commit;
    const char *repo_dir;  /* CACHE/models--ORG--NAME */
    const char *locks_dir; /* CACHE/.locks/models--ORG--NAME */
} download;

/* Is the file of this snapshot here already? A size of -1 is not compared. */
bool download_present(const download *d, const hub_file *file);

/* Fetches it if it is not here; *fetched tells. What an interrupted run left is gone on with, and
 * in the end size and hash must be what the hub said: on a mismatch nothing is kept and E_FORMAT
 * says so. E_CANCELLED says how much is kept. */
err_code download_file(bool *fetched, const download *d, const hub_file *file, err *e);

#endif
