/* A small HTTP server for the tests: a process of its own on 127.0.0.1, a child per
 * connection, so that the test's process stays without threads. */
#ifndef TESTS_NET_COMMON_SERVER_H
#define TESTS_NET_COMMON_SERVER_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct request {
    bool head;
    char path[1024];         /* with the query */
    char authorization[256]; /* "" when absent */
    long long from;          /* of "Range: bytes=FROM-"; -1: none */
    char *body;              /* NULL when there is none */
    int fd;                  /* to answer on */
} request;

typedef void handler(const request *r);

typedef struct server {
    pid_t pid;
    int port;
} server;

/* Binds to a free port; the server begins to answer with server_run. */
int server_listen(int *port);
/* Forks; the child answers every connection on fd with `answer`. */
pid_t server_run(int fd, handler *answer);
void server_stop(pid_t pid);

/* One answer and the end of the connection. `headers` are whole lines ("A: b\r\n") or "". */
void reply_head(const request *r, int status, const char *headers);
void reply(const request *r, int status, const char *headers, const void *body, size_t n);
/* False when the other side has gone. */
bool send_all(int fd, const void *data, size_t n);

#endif
