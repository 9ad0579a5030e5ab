/* Sockets and just enough HTTP/1.1: one request per connection. */
#include "test.h"
#include "net/common_server.h"
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LONGEST_LIFE = 30 }; /* seconds: nothing outlives a broken test for long */

int server_listen(int *port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof address;
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, n), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

/* Up to the empty line; what came of the body stands behind it. */
static bool read_request(int fd, char *text, size_t room, size_t *n)
{
    *n = 0;
    while (*n + 1 < room) {
        ssize_t got = read(fd, text + *n, room - 1 - *n);
        if (got <= 0)
            return false;
        *n += (size_t)got;
        text[*n] = '\0';
        if (strstr(text, "\r\n\r\n"))
            return true;
    }
    return false;
}

/* The rest of the body, of which `there` has come. */
static void read_body(request *r, size_t length, const char *there, size_t n)
{
    r->body = calloc(length + 1, 1);
    if (!r->body || n > length)
        _exit(1);
    memcpy(r->body, there, n);
    while (n < length) {
        ssize_t got = read(r->fd, r->body + n, length - n);
        if (got <= 0)
            _exit(1);
        n += (size_t)got;
    }
}

static void parse_request(request *r, const char *text, size_t n)
{
    char method[8] = "";
    const char *body = strstr(text, "\r\n\r\n") + 4;
    r->from = -1;
    if (sscanf(text, "%7s %1023s", method, r->path) != 2)
        _exit(1);
    r->head = !strcmp(method, "HEAD");
    for (const char *line = strstr(text, "\r\n"); line && line[2] != '\r';
         line = strstr(line + 2, "\r\n")) {
        if (!strncasecmp(line + 2, "authorization: ", 15))
            snprintf(r->authorization, sizeof r->authorization, "%.*s",
                     (int)strcspn(line + 17, "\r"), line + 17);
        if (!strncasecmp(line + 2, "range: bytes=", 13))
            r->from = strtoll(line + 15, NULL, 10);
        if (!strncasecmp(line + 2, "content-length: ", 16))
            read_body(r, strtoul(line + 18, NULL, 10), body, n - (size_t)(body - text));
    }
}

static void serve(int fd, handler *answer)
{
    char text[8192];
    size_t n;
    request r = {.fd = fd};
    if (read_request(fd, text, sizeof text, &n)) {
        parse_request(&r, text, n);
        answer(&r);
    }
    shutdown(fd, SHUT_WR);
    while (read(fd, text, sizeof text) > 0) /* so that the last bytes are not lost to a reset */
        ;
}

pid_t server_run(int fd, handler *answer)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid) {
        close(fd);
        return pid;
    }
    const char *limit = getenv("SAEINV_TEST_SECONDS"); /* as tests/run.sh, longer for sanitizers */
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    alarm(limit ? (unsigned)strtoul(limit, NULL, 10) : 10 * LONGEST_LIFE);
    for (;;) {
        int connection = accept(fd, NULL, NULL);
        if (connection < 0)
            _exit(1);
        if (fork() == 0) {
            close(fd);
            alarm(LONGEST_LIFE);
            serve(connection, answer);
            _exit(0);
        }
        close(connection);
    }
}

void server_stop(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

bool send_all(int fd, const void *data, size_t n)
{
    for (const char *p = data; n;) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        p += sent;
        n -= (size_t)sent;
    }
    return true;
}

void reply_head(const request *r, int status, const char *headers)
{
    char text[4096];
    int n = snprintf(text, sizeof text, "HTTP/1.1 %d x\r\nConnection: close\r\n%s\r\n", status,
                     headers);
    send_all(r->fd, text, (size_t)n);
}

void reply(const request *r, int status, const char *headers, const void *body, size_t n)
{
    char text[4096];
    snprintf(text, sizeof text, "%sContent-Length: %zu\r\n", headers, n);
    reply_head(r, status, text);
    if (!r->head)
        send_all(r->fd, body, n);
}
