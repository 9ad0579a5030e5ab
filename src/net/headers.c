/* Lines of headers into what callers ask about. */
#include "net/headers.h"
#include "base/memory.h"
#include "base/str.h"
#include <string.h>
#include <strings.h>

/* Digits only; what is too large to be true stays too large. */
static int64_t read_number(const char *p, size_t n)
{
    const int64_t largest = INT64_MAX / 2;
    int64_t value = 0;
    if (!n)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9')
            return -1;
        value = value > (largest - 9) / 10 ? largest : 10 * value + (p[i] - '0');
    }
    return value;
}

static void read_text(char out[HTTP_TEXT], const char *p, size_t n)
{
    out[0] = '\0';
    if (n < HTTP_TEXT && !memchr(p, '\0', n)) {
        memcpy(out, p, n);
        out[n] = '\0';
    }
}

static void read_etag(char out[HTTP_TEXT], const char *p, size_t n)
{
    if (n > 2 && !memcmp(p, "W/", 2)) {
        p += 2;
        n -= 2;
    }
    if (n > 1 && p[0] == '"' && p[n - 1] == '"') {
        p++;
        n -= 2;
    }
    read_text(out, p, n);
}

/* "bytes 100-199/1000". */
static void read_range(http_reply *r, const char *p, size_t n)
{
    const char *dash = memchr(p, '-', n), *slash = memchr(p, '/', n);
    if (n < 6 || strncasecmp(p, "bytes ", 6) || !dash || !slash)
        return;
    r->start = read_number(p + 6, (size_t)(dash - p) - 6);
    r->total = read_number(slash + 1, n - (size_t)(slash + 1 - p));
}

static void read_header(http_reply *r, char **location, const char *name, size_t name_n,
                        const char *p, size_t n)
{
#define IS(text) (name_n == sizeof(text) - 1 && !strncasecmp(name, text, name_n))
    if (IS("content-length"))
        r->length = read_number(p, n);
    else if (IS("content-range"))
        read_range(r, p, n);
    else if (IS("x-linked-size"))
        r->linked_size = read_number(p, n);
    else if (IS("retry-after"))
        r->retry_after = read_number(p, n);
    else if (IS("etag"))
        read_etag(r->etag, p, n);
    else if (IS("x-linked-etag"))
        read_etag(r->linked_etag, p, n);
    else if (IS("x-repo-commit"))
        read_text(r->commit, p, n);
    else if (IS("x-error-code"))
        read_text(r->error_code, p, n);
    else if (IS("location")) {
        mem_free(*location);
        str copy = {0};
        str_add_bytes(&copy, p, n);
        *location = copy.data;
    }
#undef IS
}

/* A status line starts afresh (after 100 Continue, or a proxy's); the commit stays. */
static void start_afresh(http_reply *r, char **location, bool elsewhere)
{
    char commit[HTTP_TEXT];
    memcpy(commit, r->commit, sizeof commit);
    *r = (http_reply){.elsewhere = elsewhere,
                      .length = -1,
                      .start = -1,
                      .total = -1,
                      .linked_size = -1,
                      .retry_after = -1};
    memcpy(r->commit, commit, sizeof commit);
    mem_free(*location);
    *location = NULL;
}

void headers_take(http_reply *reply, char **location, bool elsewhere, const char *line, size_t n)
{
    if (n > 5 && !memcmp(line, "HTTP/", 5)) {
        start_afresh(reply, location, elsewhere);
        return;
    }
    const char *colon = memchr(line, ':', n);
    if (!colon)
        return;
    const char *p = colon + 1, *end = line + n;
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    while (end > p && strchr(" \t\r\n", end[-1]))
        end--;
    read_header(reply, location, line, (size_t)(colon - line), p, (size_t)(end - p));
}
