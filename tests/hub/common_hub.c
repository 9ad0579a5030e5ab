/* The hub that the tests fetch from. */
#include "test.h"
#include "hub/common_hub.h"
#include "hub/common.h"
#include "net/common_server.h"
#include "hub/sha1.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/sha256.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static hub_content contents[] = {
    {.name = "config.json", .n = 300},
    {.name = "tokenizer.json", .n = 5000},
    {.name = "README.md", .n = 10},
    {.name = "empty.txt", .n = 0},
    {.name = "a b/\xc3\xa9?.txt", .n = 20}, /* to be escaped in addresses */
    {.name = "model.safetensors", .large = true, .n = 400000},
    {.name = "sub/dir/params.npz", .large = true, .n = 70000},
    {.name = "sub/dir/cfg.json", .n = 40},
};
static hub_state *shared;
static pid_t endpoint_pid, store_pid;
static int endpoint_port, store_port;

const hub_content *hub_file_named(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(contents); i++)
        if (!strcmp(contents[i].name, name))
            return &contents[i];
    return NULL;
}

/* Bytes from a small linear generator, and their name. */
static void make_contents(void)
{
    uint32_t x = 1;
    for (size_t i = 0; i < COUNT_OF(contents); i++) {
        hub_content *c = &contents[i];
        c->bytes = mem_small(c->n + 1, 1);
        for (size_t k = 0; k < c->n; k++) {
            x = x * 1664525 + 1013904223;
            c->bytes[k] = (char)(x >> 24);
        }
        if (c->large) {
            sha256_of(c->etag, c->bytes, c->n);
        } else {
            char header[32];
            sha1 h;
            sha1_start(&h);
            sha1_add(&h, header, (size_t)snprintf(header, sizeof header, "blob %zu", c->n) + 1);
            sha1_add(&h, c->bytes, c->n);
            sha1_finish(&h, c->etag);
        }
    }
}

/* Does the fault hit this request? Counts it down. */
static bool goes_wrong(fault f, const request *r)
{
    if (shared->fault != f || !strstr(r->path, shared->where))
        return false;
    return __atomic_fetch_sub(&shared->times, 1, __ATOMIC_SEQ_CST) > 0;
}

static void count(int *counter)
{
    __atomic_fetch_add(counter, 1, __ATOMIC_SEQ_CST);
}

/* ---- the store --------------------------------------------------------------------------------
 */

/* Until the test says so; the process's own alarm ends it otherwise. */
static void wait_for_the_test(void)
{
    struct timespec pause = {0, 5000000};
    while (!__atomic_load_n(&shared->let_go, __ATOMIC_SEQ_CST))
        nanosleep(&pause, NULL);
}

static void send_body(const request *r, const char *p, size_t n)
{
    if (goes_wrong(CUT, r)) {
        send_all(r->fd, p, n / 2);
    } else if (goes_wrong(STALL, r)) {
        struct timespec pause = {25, 0};
        send_all(r->fd, p, n / 2);
        nanosleep(&pause, NULL);
    } else if (goes_wrong(HOLD, r)) {
        send_all(r->fd, p, n / 2);
        wait_for_the_test();
        send_all(r->fd, p + n / 2, n - n / 2);
    } else if (goes_wrong(FLIP, r)) {
        char other = (char)(p[n / 2] + 1);
        send_all(r->fd, p, n / 2);
        send_all(r->fd, &other, 1);
        send_all(r->fd, p + n / 2 + 1, n - n / 2 - 1);
    } else {
        send_all(r->fd, p, n);
    }
}

/* The body of a file, or the part asked for, by whichever server; `headers` go with it. */
static void send_file(const request *r, const hub_content *c, const char *headers)
{
    char text[1024];
    long long from = r->from >= 0 && !goes_wrong(NO_RANGES, r) ? r->from : 0;
    unsigned long long length = c->n - (size_t)from;
    if (from >= (long long)c->n && from)
        return reply(r, 416, "", "", 0);
    if (goes_wrong(ENDLESS, r)) {
        reply_head(r, 200, headers);
        send_all(r->fd, c->bytes, c->n);
        send_all(r->fd, c->bytes, c->n);
        return;
    }
    if (goes_wrong(LONG_LENGTH, r))
        length = 1ULL << 62;
    if (goes_wrong(SHORT_LENGTH, r))
        length -= 10;
    int n = snprintf(text, sizeof text, "%sContent-Length: %llu\r\n", headers, length);
    if (from)
        snprintf(text + n, sizeof text - (size_t)n, "Content-Range: bytes %lld-%zu/%zu\r\n",
                 goes_wrong(OTHER_RANGE, r) ? from + 1 : from, c->n - 1, c->n);
    reply_head(r, from ? 206 : 200, text);
    if (!r->head)
        send_body(r, c->bytes + from, length < c->n ? (size_t)length : c->n - (size_t)from);
}

static void answer_store(const request *r)
{
    count(&shared->store_gets);
    if (r->from >= 0)
        count(&shared->ranges);
    if (r->authorization[0])
        count(&shared->store_tokens);
    for (size_t i = 0; i < COUNT_OF(contents); i++)
        if (!strcmp(r->path + 1, contents[i].etag))
            return send_file(r, &contents[i], "ETag: \"0123456789abcdef0123456789abcdef-2\"\r\n");
    reply(r, 404, "", "", 0);
}

/* ---- the endpoint -----------------------------------------------------------------------------
 */

static void send_listing(const request *r)
{
    str text = {0};
    str_addf(&text, "{\"id\": \"o/n\", \"sha\": \"%s\", \"siblings\": [", COMMIT_A);
    for (size_t i = 0; i < COUNT_OF(contents); i++)
        str_addf(&text, "%s{\"rfilename\": \"%s\", \"size\": %zu}", i ? ", " : "", contents[i].name,
                 contents[i].n);
    str_add(&text, "]}");
    if (shared->listing[0])
        reply(r, 200, "", shared->listing, strlen(shared->listing));
    else
        reply(r, 200, "", text.data, text.len);
    str_release(&text);
}

/* "%20" and its kind. */
static void unescape(char *out, const char *text, size_t room)
{
    size_t n = 0;
    for (const char *p = text; *p && n + 1 < room; p++) {
        unsigned code;
        if (*p == '%' && sscanf(p + 1, "%2x", &code) == 1) {
            out[n++] = (char)code;
            p += 2;
        } else {
            out[n++] = *p;
        }
    }
    out[n] = '\0';
}

static void redirect_to_store(const request *r, const hub_content *c)
{
    char headers[2048], location[1100], size[64];
    count(&shared->redirects);
    snprintf(location, sizeof location, "Location: http://127.0.0.1:%d/%s\r\n", store_port,
             c->etag);
    if (goes_wrong(LOOP, r))
        snprintf(location, sizeof location, "Location: %s\r\n", r->path);
    if (goes_wrong(TO_FILE, r))
        snprintf(location, sizeof location, "Location: file:///etc/passwd\r\n");
    if (goes_wrong(TO_NOWHERE, r))
        location[0] = '\0';
    snprintf(size, sizeof size, "X-Linked-Size: %llu\r\n",
             goes_wrong(HUGE_SIZE, r) ? 1ULL << 60 : (unsigned long long)c->n);
    snprintf(headers, sizeof headers, "X-Repo-Commit: %s\r\nX-Linked-ETag: \"%s\"\r\n%s%s",
             goes_wrong(OTHER_COMMIT, r) ? COMMIT_B : COMMIT_A,
             goes_wrong(NO_ETAG, r)    ? ""
             : goes_wrong(BAD_ETAG, r) ? "../../../../tmp/x"
                                       : c->etag,
             goes_wrong(NO_SIZE, r) ? "" : size, location);
    reply(r, 302, headers, "moved", 5);
}

static void send_resolved(const request *r, const char *path)
{
    char name[256], headers[512];
    unescape(name, path, sizeof name);
    const hub_content *c = hub_file_named(name);
    if (!c)
        return reply(r, 404, "X-Error-Code: EntryNotFound\r\n", "no", 2);
    if (c->large)
        return redirect_to_store(r, c);
    snprintf(headers, sizeof headers, "X-Repo-Commit: %s\r\nETag: W/\"%s\"\r\n", COMMIT_A, c->etag);
    send_file(r, c, headers);
}

static void answer_endpoint(const request *r)
{
    static const char api[] = "/api/models/o/n/revision/", resolve[] = "/o/n/resolve/" COMMIT_A "/";
    char text[2048];
    bool listing = !strncmp(r->path, "/api/", 5);
    count(listing ? &shared->listings : r->head ? &shared->heads : &shared->gets);
    if (r->authorization[0])
        count(&shared->tokens);
    if (goes_wrong(STATUS, r)) {
        snprintf(text, sizeof text, "X-Error-Code: %s\r\n", shared->error_code);
        reply(r, shared->status, text, "<html>no</html>", 15);
    } else if (!strncmp(r->path, api, sizeof api - 1)) {
        const char *revision = r->path + sizeof api - 1;
        if (strncmp(revision, "main?", 5) && strncmp(revision, "refs%2Fpr%2F1?", 14))
            reply(r, 404, "X-Error-Code: RevisionNotFound\r\n", "no", 2);
        else
            send_listing(r);
    } else if (!strncmp(r->path, resolve, sizeof resolve - 1)) {
        send_resolved(r, r->path + sizeof resolve - 1);
    } else if (strstr(r->path, "old/name")) { /* a repository that was renamed */
        const char *rest = strstr(r->path, "old/name");
        snprintf(text, sizeof text, "Location: %.*so/n%s\r\n", (int)(rest - r->path), r->path,
                 rest + 8);
        reply(r, 307, text, "moved", 5);
    } else {
        reply(r, 401, "X-Error-Code: RepoNotFound\r\n", "no", 2);
    }
}

/* ---- for the tests ----------------------------------------------------------------------------
 */

int hub_start(void **state)
{
    (void)state;
    err e;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    make_contents();
    int endpoint = server_listen(&endpoint_port), store = server_listen(&store_port);
    endpoint_pid = server_run(endpoint, answer_endpoint);
    store_pid = server_run(store, answer_store);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
    assert_int_equal(hub_network_start(&e), OK);
    return 0;
}

int hub_end(void **state)
{
    server_stop(endpoint_pid);
    server_stop(store_pid);
    hub_network_end();
    for (size_t i = 0; i < COUNT_OF(contents); i++)
        mem_free(contents[i].bytes);
    munmap(shared, sizeof *shared);
    return scratch_remove(state);
}

hub_state *hub_reset(void)
{
    *shared = (hub_state){0};
    return shared;
}

hub_network hub_test_network(void)
{
    return (hub_network){.endpoint =
                             arena_printf(test_arena(), "http://127.0.0.1:%d", endpoint_port),
                         .token = "hf_secret",
                         .attempts = 3,
                         .stall_seconds = 30, /* a busy machine is no stalled server */
                         .retry_seconds = 0.01};
}

const char *fetch_says(err_code want, const char *cache, const char *name,
                       const char *const *patterns, int n_patterns)
{
    err e = {0};
    fetch_result result;
    fetch_request wanted = {.name = name, .patterns = patterns, .n_patterns = n_patterns};
    hub_settings settings = {.cache = cache};
    hub_network network = hub_test_network();
    err_code rc = hub_fetch(&result, &wanted, &settings, &network, NULL, test_arena(), &e);
    if (rc != want)
        fail_msg("%s: %d, not %d: %s", name, rc, want, e.text);
    return arena_strdup(test_arena(), rc ? e.text : "");
}

void assert_fetched(const char *cache, const char *name)
{
    const hub_content *c = hub_file_named(name);
    char target[256],
        *at = arena_printf(test_arena(), "%s/models--o--n/snapshots/%s/%s", cache, COMMIT_A, name);
    ssize_t n = readlink(at, target, sizeof target - 1);
    assert_true(n > 0);
    target[n] = '\0';
    assert_true(strstr(target, "/blobs/") && target[0] == '.');
    assert_string_equal(strrchr(target, '/') + 1, c->etag);
    str text = {0};
    err e;
    assert_int_equal(io_read(&text, at, 1 << 24, &e), OK);
    assert_int_equal(text.len, c->n);
    assert_memory_equal(str_text(&text), c->bytes, c->n);
    str_release(&text);
}
