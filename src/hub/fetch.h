/* Downloading what the cache lacks, into the cache that transformers and SAELens read as well.
 *
 * The only part of the program that touches the network, and only `saeinv fetch` calls it. */
#ifndef HUB_FETCH_H
#define HUB_FETCH_H
#include "base/progress.h"
#include "hub/hub.h"
#include <stdint.h>

/* How to reach the hub. */
typedef struct hub_network {
    const char *endpoint; /* without a final '/' */
    const char *token;    /* NULL: none */
    bool offline;         /* every fetch is refused */
    int attempts;         /* per file and without progress, before it is given up */
    double stall_seconds; /* a connection that brings nothing for so long is given up */
    double retry_seconds; /* before the second attempt; doubles each time */
} hub_network;

/* From the environment: HF_ENDPOINT; HF_TOKEN, else HUGGING_FACE_HUB_TOKEN, else the first line of
 * HF_TOKEN_PATH, else of HF_HOME/token; HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE (1, on, yes, true).
 * E_IO when a token file is there and cannot be read. */
err_code hub_network_read(hub_network *out, arena *a, err *e);

/* One file of a repository. */
typedef struct hub_file {
    const char *name;
    int64_t size; /* -1: the hub did not say */
    bool present; /* whole in the cache, when asked with dry_run or after it was fetched */
} hub_file;

typedef struct fetch_request {
    const char *name;            /* as hub_find_model and hub_find_sae take it, or a repository */
    const char *const *patterns; /* names, folders ("a/") or globs, '*' also across '/' */
    int n_patterns;              /* 0: the usual files of a model, or the SAE's folder */
    bool list;                   /* only say what the repository (or the folder) holds */
    bool dry_run;                /* only say what would be fetched */
} fetch_request;

typedef struct fetch_result {
    const char *repo, *commit;
    const char *dir; /* the snapshot, or the folder in it that the name means */
    hub_file *files; /* what was listed or chosen; in the arena */
    int n_files;
    int n_fetched; /* those that were not in the cache before */
} fetch_result;

/* Asks for the revision's commit and its files, then fetches each file that is missing: to
 * blobs/ETAG.incomplete, going on where an earlier run stopped, checked by size and hash, renamed,
 * linked from the snapshot; refs/REVISION comes last. Two at once wait for each other, file by
 * file. Errors say what to do: E_CONFIG for names, files and access, E_IO for the network and the
 * disk, E_FORMAT for answers that no honest hub gives, E_CANCELLED after Ctrl-C (what came so far
 * stays). http_global_start() must have been called. */
err_code hub_fetch(fetch_result *out, const fetch_request *request, const hub_settings *s,
                   const hub_network *network, reporter *r, arena *a, err *e);

/* libcurl's state, once per process, before there are other threads; see hub_fetch. */
err_code hub_network_start(err *e);
void hub_network_end(void);

enum { SIZE_TEXT = 24 };
/* "134.2 MB"; "?" for -1. Returns buf. */
const char *size_text(char buf[SIZE_TEXT], int64_t bytes);

#endif
