/* libcurl's one door. Redirects are followed by hand: which hop may see the token is decided here
 * and not by the version of the library. */
#include "hub/http.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/str.h"
#include <curl/curl.h>
#include <string.h>
#include <strings.h>

enum { MOST_REDIRECTS = 10, CONNECT_SECONDS = 20, MOST_IGNORED = 1 << 20 };

struct http {
    CURL *curl;
    char *origin; /* scheme://host:port of the endpoint */
    char *token;
    bool token_may_travel; /* https, or this machine */
    double stall_seconds;
    char problem[CURL_ERROR_SIZE];
};

/* One request while it runs. */
typedef struct exchange {
    http *http;
    http_reply *reply;
    http_sink *sink;
    char *location;
    bool left; /* the endpoint: this hop goes elsewhere */
    bool begun, refused;
    bool stalled;
    size_t ignored;  /* bytes of error pages */
    curl_off_t seen; /* bytes when something last came, and when that was */
    double seen_at;
} exchange;

err_code http_global_start(err *e)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        return err_set(e, E_IO, "libcurl cannot start");
    return OK;
}

void http_global_end(void)
{
    curl_global_cleanup();
}

/* ---- addresses --------------------------------------------------------------------------------
 */

/* Resolves `location` against `base` (NULL: it is absolute) into *url, and its origin. Only http
 * and https, no user names. Both from mem_strdup. */
static err_code resolve(char **url, char **origin, const char *base, const char *location, err *e)
{
    CURLU *u = curl_url();
    char *text = NULL, *scheme = NULL, *host = NULL, *port = NULL;
    err_code rc = OK;
    *url = *origin = NULL;
    if (!u || (base && curl_url_set(u, CURLUPART_URL, base, 0)) ||
        curl_url_set(u, CURLUPART_URL, location, CURLU_DISALLOW_USER) ||
        curl_url_get(u, CURLUPART_URL, &text, 0) || curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) ||
        curl_url_get(u, CURLUPART_HOST, &host, 0) ||
        curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) ||
        (strcmp(scheme, "http") && strcmp(scheme, "https"))) {
        rc = err_set(e, E_IO, "\"%.200s\" is not an http or https address", location);
    } else {
        str joined = {0};
        str_addf(&joined, "%s://%s:%s", scheme, host, port);
        *origin = joined.data;
        *url = mem_strdup(text);
    }
    curl_free(text);
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(u);
    return rc;
}

static bool is_this_machine(const char *origin)
{
    static const char *const local[] = {"://127.0.0.1:", "://localhost:", "://[::1]:"};
    for (size_t i = 0; i < COUNT_OF(local); i++)
        if (strstr(origin, local[i]))
            return true;
    return false;
}

char *http_escape(const char *text, bool keep_slash)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    str out = {0};
    for (const char *p = text; *p; p++)
        if (strchr(plain, *p) || (*p == '/' && keep_slash))
            str_add_char(&out, *p);
        else
            str_addf(&out, "%%%02X", (unsigned char)*p);
    char *copy = mem_strdup(str_text(&out));
    str_release(&out);
    return copy;
}

/* ---- opening ----------------------------------------------------------------------------------
 */

err_code http_open(http **out, const char *endpoint, const char *token, double stall_seconds,
                   err *e)
{
    char *url;
    http *h = mem_small(1, sizeof *h);
    *out = NULL;
    err_code rc = resolve(&url, &h->origin, NULL, endpoint, e);
    mem_free(url);
    if (!rc && token &&
        (!*token || strspn(token, "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789-._~+/=") < strlen(token)))
        rc = err_set(e, E_CONFIG, "the access token holds characters that no token has");
    if (!rc && !(h->curl = curl_easy_init()))
        rc = err_set(e, E_IO, "libcurl cannot start");
    if (rc) {
        http_close(h);
        return rc == E_IO ? err_set(e, E_CONFIG,
                                    "HF_ENDPOINT: \"%.200s\" is not an http or https "
                                    "address",
                                    endpoint)
                          : rc;
    }
    h->token = token ? mem_strdup(token) : NULL;
    h->token_may_travel = !strncmp(h->origin, "https:", 6) || is_this_machine(h->origin);
    h->stall_seconds = stall_seconds;
    *out = h;
    return OK;
}

void http_close(http *h)
{
    if (!h)
        return;
    curl_easy_cleanup(h->curl);
    mem_free(h->origin);
    mem_free(h->token);
    mem_free(h);
}

/* ---- headers ----------------------------------------------------------------------------------
 */

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

static void read_header(exchange *x, const char *name, size_t name_n, const char *p, size_t n)
{
    http_reply *r = x->reply;
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
        mem_free(x->location);
        str copy = {0};
        str_add_bytes(&copy, p, n);
        x->location = copy.data;
    }
#undef IS
}

/* Called once per header line; a status line starts afresh (after 100 Continue, or a proxy's). */
static size_t on_header(char *line, size_t size, size_t count, void *context)
{
    exchange *x = context;
    size_t n = size * count;
    char commit[HTTP_TEXT];
    if (n > 5 && !memcmp(line, "HTTP/", 5)) {
        memcpy(commit, x->reply->commit, sizeof commit);
        *x->reply = (http_reply){.elsewhere = x->left,
                                 .length = -1,
                                 .start = -1,
                                 .total = -1,
                                 .linked_size = -1,
                                 .retry_after = -1};
        memcpy(x->reply->commit, commit, sizeof commit);
        mem_free(x->location);
        x->location = NULL;
        return n;
    }
    const char *colon = memchr(line, ':', n);
    if (!colon)
        return n;
    const char *p = colon + 1, *end = line + n;
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    while (end > p && strchr(" \t\r\n", end[-1]))
        end--;
    read_header(x, line, (size_t)(colon - line), p, (size_t)(end - p));
    return n;
}

/* ---- one request ------------------------------------------------------------------------------
 */

static long status_of(http *h)
{
    long status = 0;
    curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    exchange *x = context;
    size_t n = size * count;
    x->reply->status = status_of(x->http);
    if (x->reply->status != 200 && x->reply->status != 206) {
        x->ignored += n; /* an error's page, a redirect's note */
        return x->ignored > MOST_IGNORED ? 0 : n;
    }
    if (!x->begun && x->sink->begin && !x->sink->begin(x->sink->context, x->reply))
        x->refused = true;
    x->begun = true;
    if (x->refused || !x->sink->take(x->sink->context, data, n)) {
        x->refused = true;
        return 0;
    }
    return n;
}

/* Called about once a second, also when nothing comes: libcurl's own limit looks at a speed
 * averaged over five seconds, and would notice that much later. */
static int on_progress(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total,
                       curl_off_t up)
{
    exchange *x = context;
    double time = clock_seconds();
    (void)total, (void)up_total, (void)up;
    if (now != x->seen) {
        x->seen = now;
        x->seen_at = time;
    }
    x->stalled = time - x->seen_at > x->http->stall_seconds;
    return x->stalled || cancel_requested();
}

/* Would the same request work a moment later? Names, certificates and refusals would not. */
static bool passes(CURLcode code)
{
    return code == CURLE_OPERATION_TIMEDOUT || code == CURLE_PARTIAL_FILE ||
           code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR || code == CURLE_GOT_NOTHING ||
           code == CURLE_COULDNT_CONNECT || code == CURLE_HTTP2 || code == CURLE_HTTP2_STREAM;
}

static struct curl_slist *headers_for(http *h, const char *origin, bool left)
{
    struct curl_slist *list = curl_slist_append(NULL, "Accept-Encoding: identity");
    if (h->token && h->token_may_travel && !left && !strcmp(origin, h->origin)) {
        str line = {0};
        str_addf(&line, "Authorization: Bearer %s", h->token);
        list = curl_slist_append(list, str_text(&line));
        str_release(&line);
    }
    return list;
}

/* One hop: no redirect is followed. x->reply and x->location are filled. */
static err_code perform(http *h, exchange *x, const char *url, struct curl_slist *headers,
                        uint64_t from, err *e)
{
    char range[32];
    CURL *c = h->curl;
    curl_easy_reset(c); /* keeps connections, drops options */
    h->problem[0] = '\0';
    snprintf(range, sizeof range, "%llu-", (unsigned long long)from);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "saeinv");
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->problem);
    curl_easy_setopt(c, CURLOPT_NOBODY, x->sink ? 0L : 1L);
    if (from)
        curl_easy_setopt(c, CURLOPT_RANGE, range);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, x);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, x);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, x);
    x->seen = 0;
    x->seen_at = clock_seconds();
    CURLcode code = curl_easy_perform(c);
    x->reply->status = status_of(h);
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && !x->refused))
        return OK; /* the second: enough of an error's page; its status says what is wrong */
    if (cancel_check(e))
        return E_CANCELLED;
    if (x->refused)
        return e->code;
    x->reply->retry = passes(code) || x->stalled;
    x->reply->unreachable = code == CURLE_COULDNT_CONNECT;
    if (x->stalled)
        return err_set(e, E_IO, "nothing came for %.0f s", h->stall_seconds);
    return err_set(e, E_IO, "%s", h->problem[0] ? h->problem : curl_easy_strerror(code));
}

static bool is_redirect(long status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Where a redirect leads, into *url and *origin. */
static err_code follow(char **url, char **origin, const exchange *x, err *e)
{
    char *next, *next_origin;
    if (!x->location)
        return err_set(e, E_IO, "the server redirects, but does not say where to");
    err_code rc = resolve(&next, &next_origin, *url, x->location, e);
    if (rc)
        return err_context(e, "the server redirects badly");
    if (!strncmp(*origin, "https:", 6) && strncmp(next_origin, "https:", 6) != 0)
        rc = err_set(e, E_IO, "the server redirects from https to unencrypted http");
    if (rc) {
        mem_free(next);
        mem_free(next_origin);
        return rc;
    }
    mem_free(*url);
    mem_free(*origin);
    *url = next;
    *origin = next_origin;
    return OK;
}

static err_code request(http_reply *reply, http *h, const char *address, uint64_t from,
                        http_sink *sink, err *e)
{
    exchange x = {.http = h, .reply = reply, .sink = sink};
    char *url, *origin;
    *reply = (http_reply){0};
    err_code rc = resolve(&url, &origin, NULL, address, e);
    for (int hop = 0; !rc; hop++) {
        struct curl_slist *headers = headers_for(h, origin, x.left);
        rc = perform(h, &x, url, headers, from, e);
        curl_slist_free_all(headers);
        if (rc || !is_redirect(reply->status))
            break;
        if (hop == MOST_REDIRECTS) {
            rc = err_set(e, E_IO, "more than %d redirects, one after the other", MOST_REDIRECTS);
            break;
        }
        rc = follow(&url, &origin, &x, e);
        x.left = x.left || (!rc && strcmp(origin, h->origin) != 0);
        if (!rc && x.left && !sink)
            break; /* a HEAD's answer */
    }
    mem_free(x.location);
    mem_free(url);
    mem_free(origin);
    return rc;
}

static err_code check_status(http_reply *reply, bool head, err *e)
{
    long s = reply->status;
    if (s == 200 || (s == 206 && !head) || (head && is_redirect(s)))
        return OK;
    reply->retry = s == 408 || s == 429 || s == 500 || s == 502 || s == 503 || s == 504;
    return err_set(e, E_IO, "the server answers with status %ld", s);
}

err_code http_get(http_reply *reply, http *h, const char *url, uint64_t from, http_sink *sink,
                  err *e)
{
    err_code rc = request(reply, h, url, from, sink, e);
    return rc ? rc : check_status(reply, false, e);
}

err_code http_head(http_reply *reply, http *h, const char *url, err *e)
{
    err_code rc = request(reply, h, url, 0, NULL, e);
    return rc ? rc : check_status(reply, true, e);
}
