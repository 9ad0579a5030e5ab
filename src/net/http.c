/* Requests through libcurl. Redirects are followed by hand: which hop may see the token is decided
 * here and not by the version of the library. */
#include "net/http.h"
#include "net/headers.h"
#include "net/url.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/str.h"
#include <curl/curl.h>
#include <string.h>

enum { MOST_REDIRECTS = 10, CONNECT_SECONDS = 20, MOST_IGNORED = 1 << 20 };

struct http {
    CURL *curl;
    char *origin; /* scheme://host:port of the endpoint */
    char *token;
    double stall_seconds;
    char problem[CURL_ERROR_SIZE];
};

/* One request while it runs. */
typedef struct exchange {
    http *http;
    http_reply *reply;
    http_sink *sink;
    const http_body *body; /* NULL: GET or HEAD */
    char *location;
    bool left; /* the endpoint: this hop goes elsewhere */
    bool begun, refused;
    bool stalled, late;
    size_t ignored;  /* bytes of error pages */
    curl_off_t seen; /* bytes when something last came, and when that was */
    double started, seen_at;
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

/* ---- opening ----------------------------------------------------------------------------------
 */

static bool is_token(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789-._~+/=";
    return *text && !text[strspn(text, plain)];
}

err_code http_open(http **out, const char *endpoint, const char *token, double stall_seconds,
                   err *e)
{
    char *url;
    http *h = mem_small(1, sizeof *h);
    *out = NULL;
    err_code rc = url_resolve(&url, &h->origin, NULL, endpoint, e) ? E_CONFIG : OK;
    mem_free(url);
    if (!rc && token && !is_token(token))
        rc = err_set(e, E_CONFIG, "the access token holds characters that no token has");
    if (!rc && !(h->curl = curl_easy_init()))
        rc = err_set(e, E_IO, "libcurl cannot start");
    if (rc) {
        http_close(h);
        return e->code = rc;
    }
    h->token = token ? mem_strdup(token) : NULL;
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

/* ---- one request ------------------------------------------------------------------------------
 */

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
    exchange *x = context;
    headers_take(x->reply, &x->location, x->left, line, size * count);
    return size * count;
}

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
    x->late = x->body && time - x->started > x->body->seconds;
    return x->stalled || x->late || cancel_requested();
}

/* Would the same request work a moment later? Names, certificates and refusals would not. */
static bool passes(CURLcode code)
{
    return code == CURLE_OPERATION_TIMEDOUT || code == CURLE_PARTIAL_FILE ||
           code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR || code == CURLE_GOT_NOTHING ||
           code == CURLE_COULDNT_CONNECT || code == CURLE_HTTP2 || code == CURLE_HTTP2_STREAM;
}

static struct curl_slist *headers_for(const exchange *x, const char *origin)
{
    const http *h = x->http;
    struct curl_slist *list = curl_slist_append(NULL, "Accept-Encoding: identity");
    str line = {0};
    if (h->token && url_is_private(origin) && !x->left && !strcmp(origin, h->origin)) {
        str_addf(&line, "Authorization: Bearer %s", h->token);
        list = curl_slist_append(list, str_text(&line));
    }
    if (x->body) {
        str_clear(&line);
        str_addf(&line, "Content-Type: %s", x->body->type);
        list = curl_slist_append(list, str_text(&line));
        list = curl_slist_append(list, "Expect:"); /* no pause to be told to go on */
    }
    str_release(&line);
    return list;
}

static void set_options(http *h, exchange *x, const char *url, const char *origin)
{
    CURL *c = h->curl;
    curl_easy_reset(c); /* keeps connections, drops options */
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "saeinv");
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L); /* the default, which must stay */
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
    if (url_is_this_machine(origin))
        curl_easy_setopt(c, CURLOPT_PROXY, ""); /* the token must not go through one */
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->problem);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(c, CURLOPT_NOBODY, x->sink ? 0L : 1L);
    if (x->body) {
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->body->n);
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, x->body->data);
    }
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, x);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, x);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, x);
}

/* Retry-After in its two forms, seconds and a date. */
static void read_retry_after(const http *h, http_reply *reply)
{
    curl_off_t seconds = 0;
    if (!curl_easy_getinfo(h->curl, CURLINFO_RETRY_AFTER, &seconds) && seconds > 0)
        reply->retry_after = seconds;
}

/* One hop: no redirect is followed. x->reply and x->location are filled. */
static err_code perform(exchange *x, const char *url, const char *origin, uint64_t from, err *e)
{
    char range[32];
    http *h = x->http;
    struct curl_slist *headers = headers_for(x, origin);
    set_options(h, x, url, origin);
    curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, headers);
    snprintf(range, sizeof range, "%llu-", (unsigned long long)from);
    if (from)
        curl_easy_setopt(h->curl, CURLOPT_RANGE, range);
    h->problem[0] = '\0';
    x->seen = 0;
    x->started = x->seen_at = clock_seconds();
    CURLcode code = curl_easy_perform(h->curl);
    curl_slist_free_all(headers);
    x->reply->status = status_of(h);
    read_retry_after(h, x->reply);
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && !x->refused))
        return OK; /* the second: enough of an error's page; its status says what is wrong */
    if (cancel_check(e))
        return E_CANCELLED;
    if (x->refused)
        return e->code;
    x->reply->retry = passes(code) || x->stalled || x->late;
    x->reply->unreachable = code == CURLE_COULDNT_CONNECT;
    if (x->stalled)
        return err_set(e, E_IO, "nothing came for %.0f s", h->stall_seconds);
    if (x->late)
        return err_set(e, E_IO, "the answer was not whole after %.0f s", x->body->seconds);
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
    err_code rc = url_resolve(&next, &next_origin, *url, x->location, e);
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
                        const http_body *body, http_sink *sink, err *e)
{
    exchange x = {.http = h, .reply = reply, .sink = sink, .body = body};
    char *url, *origin;
    *reply = (http_reply){0};
    err_code rc = url_resolve(&url, &origin, NULL, address, e);
    for (int hop = 0; !rc; hop++) {
        rc = perform(&x, url, origin, from, e);
        if (rc || body || !is_redirect(reply->status))
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
    err_code rc = request(reply, h, url, from, NULL, sink, e);
    return rc ? rc : check_status(reply, false, e);
}

err_code http_head(http_reply *reply, http *h, const char *url, err *e)
{
    err_code rc = request(reply, h, url, 0, NULL, NULL, e);
    return rc ? rc : check_status(reply, true, e);
}

err_code http_post(http_reply *reply, http *h, const char *url, const http_body *body,
                   http_sink *sink, err *e)
{
    err_code rc = request(reply, h, url, 0, body, sink, e);
    return rc ? rc : check_status(reply, false, e);
}

double http_backoff(int failures, double first_seconds, double longest_seconds)
{
    double wait = first_seconds;
    for (int i = 1; i < failures && wait < longest_seconds; i++)
        wait *= 2;
    return wait < longest_seconds ? wait : longest_seconds;
}
