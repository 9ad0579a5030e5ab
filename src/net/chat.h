/* Questions to a language model behind an OpenAI-compatible chat-completions endpoint.
 *
 * Each is asked once: answers are kept on disk, a file each, named by the hash of the address and
 * the request (never of the key), so that asking again costs nothing, needs no network and gives
 * the same bytes. */
#ifndef NET_CHAT_H
#define NET_CHAT_H
#include "base/progress.h"
#include "base/str.h"

typedef struct chat_options {
    const char *url;        /* whole: "https://host/v1/chat/completions" */
    const char *model;      /* as the endpoint calls it */
    int max_tokens;         /* of an answer */
    const char *key;        /* NULL: none. Never sent unencrypted, but to this machine */
    const char *key_name;   /* where it comes from, for messages; "": none is meant to be sent */
    double timeout_seconds; /* for one answer */
    int retries;            /* further attempts after 408, 429, 5xx and lost connections */
    double retry_seconds;   /* wait before the first of them, then doubled up to a minute; the
                               server's Retry-After when that is longer */
    const char *cache_dir;  /* made when needed; NULL: nothing is kept */
} chat_options;

/* Valid UTF-8 without NUL. */
typedef struct chat_question {
    const char *instruction; /* the system's part */
    const char *content;     /* the user's */
} chat_question;

typedef struct chat chat;

/* libcurl's own state. Once per process, before there are other threads. */
err_code chat_global_start(err *e);
void chat_global_end(void);

/* E_CONFIG for what is no http(s) address, and for unencrypted http to another machine unless
 * allow_http. */
err_code chat_check_url(const char *url, bool allow_http, err *e);

/* Options and reporter are borrowed. Nothing is sent yet. Owner: caller, chat_close(). */
chat *chat_open(const chat_options *o, reporter *r);
void chat_close(chat *c);

/* Bytes of the request that a question makes. */
size_t chat_request_bytes(const chat *c, const chat_question *q);
/* True and the answer when it is kept. A damaged file is warned of and counts as missing. */
bool chat_recall(str *answer, const chat *c, const chat_question *q);
/* E_CONFIG when the key is wanted and not there, or cannot be one. */
err_code chat_check_key(const chat *c, err *e);

/* The answer's text, "" when the model gave none; valid UTF-8 without NUL, at most 1 MB; it may say
 * anything. From the cache, else from the endpoint, whose answer is then kept. Temperature 0.
 * E_CONFIG for a key or an address that is not accepted, E_FORMAT for an answer that is no chat
 * completion, E_IO when the endpoint cannot be reached or stays in trouble; each names the address
 * and, where there was one, the status. The server's own words are never repeated. E_CANCELLED
 * within about a second of Ctrl-C. */
err_code chat_ask(str *answer, chat *c, const chat_question *q, err *e);

#endif
