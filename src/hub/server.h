/* The hub as one fetch sees it: requests, when to try again, and what its refusals mean. */
#ifndef HUB_SERVER_H
#define HUB_SERVER_H
#include "hub/fetch.h"
#include "net/http.h"
#include "hub/repo_id.h"

typedef struct hub_server {
    http *http;
    const hub_network *network;
    reporter *reporter;
    const char *repo, *revision; /* as asked for */
} hub_server;

/* What the hub says of a revision. */
typedef struct listing {
    const char *commit;
    hub_file *files;
    int n;
} listing;

/* GET /api/models/REPO/revision/REVISION. Names that would leave the snapshot's folder, and answers
 * too large to be true, are E_FORMAT. */
err_code server_list(listing *out, const hub_server *s, arena *a, err *e);

/* What a file is, before a byte of it is fetched. */
typedef struct file_facts {
    char etag[HTTP_TEXT]; /* names its blob: a SHA-256, git's SHA-1, or something else */
    uint64_t size;
} file_facts;

/* HEAD /REPO/resolve/COMMIT/FILE. listed_size (-1: unknown) stands in when there is no size. */
err_code server_ask(file_facts *out, const hub_server *s, const char *commit, const hub_file *file,
                    err *e);

/* GET of the same from byte `from` on; once, without retries. */
err_code server_get(http_reply *reply, const hub_server *s, const char *commit, const char *file,
                    uint64_t from, http_sink *sink, err *e);

/* Failures so far of one request: `retry r = {0};`. */
typedef struct retry {
    int failures;
} retry;
/* After a failure: is another attempt due? Then it has said so and waited; else *e explains the
 * failure to the user. `progressed` forgets earlier failures. */
bool server_retry(retry *r, const hub_server *s, const http_reply *reply, const char *file,
                  bool progressed, err *e);

#endif
