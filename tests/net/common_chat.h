/* A chat-completions endpoint on 127.0.0.1. It answers well, or goes wrong as the test asks. */
#ifndef TESTS_NET_COMMON_CHAT_H
#define TESTS_NET_COMMON_CHAT_H
#include <stddef.h>

typedef enum {
    CHAT_FINE,
    CHAT_STATUS,  /* `status` with `headers` */
    CHAT_TEXT,    /* a completion whose text is `text` */
    CHAT_BODY,    /* status 200 and `text` as it is */
    CHAT_ECHO,    /* a completion that repeats the Authorization */
    CHAT_ENDLESS, /* a body without an end */
    CHAT_DRIP,    /* a byte now and then */
    CHAT_SILENCE, /* nothing at all */
    CHAT_CUT      /* the connection ends in the middle of the body */
} chat_fault;

enum { CHAT_ALWAYS = 1 << 30 };

/* Shared with the server's processes. */
typedef struct chat_state {
    chat_fault fault;
    int times;  /* how often it still goes wrong */
    int status; /* for CHAT_STATUS */
    char headers[256];
    char text[8192];
    char where[64];          /* only requests whose body holds this; "": all */
    int requests, with_key;  /* seen */
    char authorization[256]; /* of the last one */
    char body[65536];        /* of the last one, cut */
} chat_state;

/* Writes the answer to a request that is fine. */
typedef void chat_answer(char *answer, size_t room, const char *request);

/* The server, and libcurl. The server's process is forked here, so no thread may have been started.
 */
void chat_server_start(chat_answer *fine);
void chat_server_end(void);
/* Everything fine, nothing seen. */
chat_state *chat_server_reset(void);
/* "http://127.0.0.1:PORT/v1/chat/completions" */
const char *chat_server_url(void);
/* An address on which nobody listens. */
const char *chat_server_nobody(void);

#endif
