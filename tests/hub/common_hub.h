/* A hub of one repository, o/n, on two ports: the endpoint, and the store that it redirects large
 * files to. What goes wrong is chosen by the test while it runs. */
#ifndef TESTS_HUB_COMMON_HUB_H
#define TESTS_HUB_COMMON_HUB_H
#include "hub/fetch.h"
#include <stdbool.h>
#include <stddef.h>

typedef enum {
    FINE,
    /* of the store */
    CUT,          /* half the body, then the connection ends */
    STALL,        /* half the body, then silence */
    HOLD,         /* half the body, then nothing until the test lets go */
    FLIP,         /* one byte is another */
    ENDLESS,      /* no Content-Length, and more than announced */
    LONG_LENGTH,  /* Content-Length 2^62 */
    SHORT_LENGTH, /* ten bytes too few announced and sent */
    NO_RANGES,    /* a range is answered with the whole */
    OTHER_RANGE,  /* the range starts elsewhere */
    /* of the endpoint */
    LOOP,       /* a redirect to itself */
    TO_FILE,    /* a redirect to file:///etc/passwd */
    TO_NOWHERE, /* a redirect without Location */
    NO_ETAG,
    BAD_ETAG, /* one with a path in it */
    NO_SIZE,
    HUGE_SIZE, /* 2^60 bytes */
    OTHER_COMMIT,
    STATUS /* `status` instead of an answer */
} fault;

enum { ALWAYS = 1 << 30 };

/* Shared with the server's processes. */
typedef struct hub_state {
    fault fault;
    int times;           /* how often it still goes wrong */
    int status;          /* for STATUS */
    char error_code[32]; /* X-Error-Code with it */
    char where[64];      /* only requests whose path holds this; "": all that a fault can hit */
    char listing[8192];  /* instead of the real one, when not empty */
    bool let_go;         /* for HOLD: the rest may come */
    int listings, heads, gets, store_gets, ranges; /* requests seen */
    int redirects;                                 /* of them sent on to the store */
    int tokens, store_tokens;                      /* of them with an Authorization */
} hub_state;

/* A file of the repository; large ones lie in the store, named by their SHA-256. */
typedef struct hub_content {
    const char *name;
    bool large;
    size_t n;
    char *bytes;
    char etag[65];
} hub_content;

/* cmocka group setup and teardown: the servers, and libcurl. */
int hub_start(void **state);
int hub_end(void **state);
/* Everything fine, nothing seen. */
hub_state *hub_reset(void);
const hub_content *hub_file_named(const char *name);
/* Settings for that hub: few attempts, short waits. */
hub_network hub_test_network(void);

/* Fetches into `cache` and checks the result code; the message stays until the next call. */
const char *fetch_says(err_code want, const char *cache, const char *name,
                       const char *const *patterns, int n_patterns);
/* The snapshot's file is there, byte for byte, as a link into blobs. */
void assert_fetched(const char *cache, const char *name);

#endif
