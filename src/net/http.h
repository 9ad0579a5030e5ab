/* HTTP through libcurl: one request at a time, redirects followed here, the token sent only where
 * it belongs. Only http.c and url.c know libcurl. */
#ifndef NET_HTTP_H
#define NET_HTTP_H
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* libcurl's own state. Once per process, before there are other threads. */
err_code http_global_start(err *e);
void http_global_end(void);

/* A connection that is kept between requests. */
typedef struct http http;

/* The token (NULL: none) goes to the scheme, host and port of `endpoint` alone, never after a
 * redirect has left them, and never unencrypted except to this machine. A connection that brings
 * nothing for stall_seconds is given up. E_CONFIG when endpoint is no http(s) address or the token
 * could not stand in a header. Owner: caller, http_close(). */
err_code http_open(http **out, const char *endpoint, const char *token, double stall_seconds,
                   err *e);
void http_close(http *h);

enum { HTTP_TEXT = 160 };
/* What the last answer said; texts that were absent or too long are empty, numbers -1. */
typedef struct http_reply {
    long status;          /* 0: there was no answer */
    bool retry;           /* the same request may succeed later */
    bool unreachable;     /* no connection was made */
    bool elsewhere;       /* the answer of a store that the endpoint redirected to */
    int64_t length;       /* Content-Length */
    int64_t start, total; /* Content-Range */
    int64_t linked_size;  /* X-Linked-Size */
    int64_t retry_after;  /* seconds from now, whichever way it was said */
    char etag[HTTP_TEXT], linked_etag[HTTP_TEXT]; /* without W/ and quotes */
    char commit[HTTP_TEXT];                       /* X-Repo-Commit, of whichever answer had one */
    char error_code[HTTP_TEXT];                   /* X-Error-Code */
} http_reply;

/* Takes the body of a 200 or 206. `begin` sees the headers first; false from either ends the
 * transfer, and the request fails as `stopped`. */
typedef struct http_sink {
    bool (*begin)(void *context, const http_reply *reply);
    bool (*take)(void *context, const void *data, size_t n);
    void *context;
} http_sink;

/* GET from byte `from` on, up to 10 redirects. OK when the whole body of a 200 or 206 was taken.
 * Else E_IO (or E_CANCELLED after Ctrl-C): reply->retry says whether to try again, reply->status
 * what the server said; the sink's own refusal leaves *e as the sink set it. */
err_code http_get(http_reply *reply, http *h, const char *url, uint64_t from, http_sink *sink,
                  err *e);
/* HEAD; a redirect within the endpoint is followed, one that leaves it is the answer (OK: its
 * headers describe the file). OK for 200 and 3xx. */
err_code http_head(http_reply *reply, http *h, const char *url, err *e);

/* What a POST sends. */
typedef struct http_body {
    const char *type; /* "application/json" */
    const void *data;
    size_t n;
    double seconds; /* until the whole answer must be there */
} http_body;
/* POST. As http_get(), but a redirect is not followed: it is a status like others. */
err_code http_post(http_reply *reply, http *h, const char *url, const http_body *body,
                   http_sink *sink, err *e);

/* Seconds to wait after so many failures (at least one): the first wait, doubled each time. */
double http_backoff(int failures, double first_seconds, double longest_seconds);

#endif
