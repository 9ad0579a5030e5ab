/* A chat-completions endpoint that answers well, late, wrongly and with malice. */
#include "test.h"
#include "base/common.h"
#include "net/common_chat.h"
#include "base/arena.h"
#include "base/io.h"
#include "base/memory.h"
#include "net/chat.h"
#include "net/http.h"
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KEY "sk-secret_0123456789"

static const chat_question question = {"Answer in one word.", "What is \"two\"\nand two?"};

static void four(char *answer, size_t room, const char *request)
{
    (void)request;
    snprintf(answer, room, "four");
}

static int start(void **state)
{
    (void)state;
    chat_server_start(four);
    return 0;
}

static int end(void **state)
{
    chat_server_end();
    return scratch_remove(state);
}

/* A folder that no other test uses. */
static const char *fresh(void)
{
    static int n;
    char name[32];
    snprintf(name, sizeof name, "cache%d", n++);
    return scratch(name);
}

static chat_options options(const char *cache)
{
    return (chat_options){.url = chat_server_url(),
                          .model = "small-1",
                          .max_tokens = 50,
                          .key = KEY,
                          .key_name = "TEST_KEY",
                          .timeout_seconds = 30,
                          .retries = 2,
                          .retry_seconds = 0.01,
                          .cache_dir = cache};
}

/* Asks once; the answer and the message stay until the next call. */
static const char *asked(err_code want, const chat_options *o)
{
    static err e;
    static char text[4096];
    str answer = {0};
    reporter quiet = {.level = REPORT_QUIET};
    chat *c = chat_open(o, &quiet);
    e = (err){0};
    err_code rc = chat_ask(&answer, c, &question, &e);
    chat_close(c);
    snprintf(text, sizeof text, "%s", str_text(&answer));
    str_release(&answer);
    if (rc != want)
        fail_msg("%d, not %d: %s", rc, want, e.text);
    return rc ? e.text : text;
}

static void assert_says(const char *message, const char *text)
{
    if (!strstr(message, text))
        fail_msg("\"%s\" does not say \"%s\"", message, text);
}

static int n_files(const char *dir)
{
    arena a = {0};
    char **names;
    int n = 0;
    err e;
    if (io_is_dir(dir))
        assert_int_equal(io_list(&names, &n, dir, &a, &e), OK);
    arena_release(&a);
    return n;
}

static void the_request(void **state)
{
    (void)state;
    chat_state *server = chat_server_reset();
    chat_options o = options(NULL);
    assert_string_equal(asked(OK, &o), "four");
    assert_int_equal(server->requests, 1);
    assert_string_equal(server->authorization, "Bearer " KEY);
    assert_string_equal(server->body, "{\n"
                                      "  \"model\": \"small-1\",\n"
                                      "  \"temperature\": 0,\n"
                                      "  \"max_tokens\": 50,\n"
                                      "  \"messages\": [\n"
                                      "    {\n"
                                      "      \"role\": \"system\",\n"
                                      "      \"content\": \"Answer in one word.\"\n"
                                      "    },\n"
                                      "    {\n"
                                      "      \"role\": \"user\",\n"
                                      "      \"content\": \"What is \\\"two\\\"\\nand two?\"\n"
                                      "    }\n"
                                      "  ]\n"
                                      "}\n");
    chat *c = chat_open(&o, NULL);
    assert_int_equal(chat_request_bytes(c, &question), strlen(server->body));
    chat_close(c);

    o.key = NULL;
    o.key_name = ""; /* an endpoint that wants none */
    assert_string_equal(asked(OK, &o), "four");
    assert_int_equal(server->with_key, 1);
}

static void kept_answers(void **state)
{
    (void)state;
    chat_state *server = chat_server_reset();
    const char *cache = fresh();
    chat_options o = options(cache);
    assert_string_equal(asked(OK, &o), "four");
    assert_int_equal(n_files(cache), 1);
    assert_string_equal(asked(OK, &o), "four");
    assert_int_equal(server->requests, 1);

    o.key = NULL; /* what is kept needs neither key nor patience */
    o.retries = 0;
    assert_string_equal(asked(OK, &o), "four");
    o.key = "another";
    assert_string_equal(asked(OK, &o), "four");
    assert_int_equal(server->requests, 1);

    o.max_tokens = 51; /* another question, another file */
    assert_string_equal(asked(OK, &o), "four");
    o.max_tokens = 50;
    o.model = "small-2";
    assert_string_equal(asked(OK, &o), "four");
    assert_int_equal(server->requests, 3);
    assert_int_equal(n_files(cache), 3);
    o.url = chat_server_nobody();
    assert_says(asked(E_IO, &o), chat_server_nobody());
    assert_int_equal(n_files(cache), 3);
}

/* Each damage to the kept file costs one request and is mended. */
static void damaged_answers(void **state)
{
    (void)state;
    static const char *const damages[] = {
        "", "{", "[]", "{\"url\": 3}", "{\"url\": \"x\", \"request\": \"y\", \"answer\": \"z\"}"};
    chat_state *server = chat_server_reset();
    const char *cache = fresh();
    arena a = {0};
    err e;
    chat_options o = options(cache);
    asked(OK, &o);
    char **names;
    int n;
    assert_int_equal(io_list(&names, &n, cache, &a, &e), OK);
    assert_int_equal(n, 1);
    const char *path = path_join(&a, cache, names[0]);
    str whole = {0};
    assert_int_equal(io_read(&whole, path, 1 << 20, &e), OK);
    assert_null(strstr(str_text(&whole), KEY));
    for (size_t i = 0; i < COUNT_OF(damages); i++) {
        put_file(path, damages[i], strlen(damages[i]));
        assert_string_equal(asked(OK, &o), "four");
        assert_int_equal(server->requests, 2 + (int)i);
        assert_true(file_is(path, whole.data, whole.len));
    }
    str_release(&whole);
    arena_release(&a);
}

typedef struct asker {
    chat_options options;
    pthread_barrier_t *together;
    err_code rc;
    str answer;
} asker;

static void *ask_beside(void *given)
{
    asker *a = given;
    err e;
    reporter quiet = {.level = REPORT_QUIET};
    chat *c = chat_open(&a->options, &quiet);
    pthread_barrier_wait(a->together);
    a->rc = chat_ask(&a->answer, c, &question, &e);
    chat_close(c);
    return NULL;
}

/* The first is kept waiting by the server, so that the second comes meanwhile. */
static void two_ask_the_same(void **state)
{
    (void)state;
    chat_state *server = chat_server_reset();
    server->fault = CHAT_STATUS;
    server->status = 503;
    server->times = 1;
    const char *cache = fresh();
    pthread_barrier_t together;
    pthread_t threads[2];
    asker askers[2] = {{.options = options(cache)}, {.options = options(cache)}};
    pthread_barrier_init(&together, NULL, 2);
    for (int i = 0; i < 2; i++) {
        askers[i].together = &together;
        askers[i].options.retry_seconds = 0.3;
        assert_int_equal(pthread_create(&threads[i], NULL, ask_beside, &askers[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(askers[i].rc, OK);
        assert_string_equal(str_text(&askers[i].answer), "four");
        str_release(&askers[i].answer);
    }
    pthread_barrier_destroy(&together);
    assert_int_equal(server->requests, 2); /* one of them twice */
    assert_int_equal(n_files(cache), 1);
}

static void trouble_that_passes(void **state)
{
    (void)state;
    static const int statuses[] = {408, 429, 500, 502, 503, 504};
    chat_options o = options(NULL);
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        chat_state *server = chat_server_reset();
        server->fault = CHAT_STATUS;
        server->status = statuses[i];
        server->times = 2;
        assert_string_equal(asked(OK, &o), "four");
        assert_int_equal(server->requests, 3);
        server->times = CHAT_ALWAYS;
        const char *said = asked(E_IO, &o);
        char status[32];
        snprintf(status, sizeof status, "status %d", statuses[i]);
        assert_says(said, status);
        assert_says(said, chat_server_url());
        assert_int_equal(server->requests, 6);
    }
    chat_state *server = chat_server_reset();
    server->fault = CHAT_CUT;
    server->times = 1;
    assert_string_equal(asked(OK, &o), "four");
}

static void retry_after(void **state)
{
    (void)state;
    chat_state *server = chat_server_reset();
    chat_options o = options(NULL);
    server->fault = CHAT_STATUS;
    server->status = 429;
    server->times = 1;
    snprintf(server->headers, sizeof server->headers, "Retry-After: 1\r\n");
    double started = clock_seconds();
    assert_string_equal(asked(OK, &o), "four");
    assert_true(clock_seconds() - started >= 1);
    assert_int_equal(server->requests, 2);

    server = chat_server_reset(); /* no one waits for an hour */
    server->fault = CHAT_STATUS;
    server->status = 429;
    server->times = 1;
    snprintf(server->headers, sizeof server->headers, "Retry-After: 3600\r\n");
    const char *said = asked(E_IO, &o);
    assert_says(said, "status 429");
    assert_says(said, "3600 s");
    assert_int_equal(server->requests, 1);
}

static void backoff(void **state)
{
    (void)state;
    assert_true(http_backoff(1, 0.5, 60) == 0.5);
    assert_true(http_backoff(2, 0.5, 60) == 1);
    assert_true(http_backoff(7, 0.5, 60) == 32);
    assert_true(http_backoff(8, 0.5, 60) == 60);
    assert_true(http_backoff(1000000, 0.5, 60) == 60);
}

/* Nothing that lasts is tried again, or kept. */
static void refusals(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *headers, *says;
    } cases[] = {{401, "", "TEST_KEY"},
                 {403, "", "TEST_KEY"},
                 {404, "", "/chat/completions"},
                 {400, "", "small-1"},
                 {422, "", "small-1"},
                 {302, "Location: http://127.0.0.1:1/\r\n", "redirect"},
                 {307, "Location: /v1/chat/completions\r\n", "redirect"},
                 {501, "", "status 501"}};
    const char *cache = fresh();
    chat_options o = options(cache);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        chat_state *server = chat_server_reset();
        server->fault = CHAT_STATUS;
        server->times = CHAT_ALWAYS;
        server->status = cases[i].status;
        snprintf(server->headers, sizeof server->headers, "%s", cases[i].headers);
        snprintf(server->text, sizeof server->text, "<b>the key " KEY " is wrong</b>");
        char status[32];
        snprintf(status, sizeof status, "status %d", cases[i].status);
        const char *said = asked(cases[i].status == 501 ? E_IO : E_CONFIG, &o);
        assert_says(said, cases[i].says);
        assert_says(said, status);
        assert_says(said, chat_server_url());
        assert_null(strstr(said, KEY));
        assert_null(strstr(said, "<b>"));
        assert_int_equal(server->requests, 1);
        assert_int_equal(n_files(cache), 0);
    }
}

/* Status 200 and no chat completion. */
static void hostile_bodies(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "four",
        "<html><script>alert(1)</script></html>",
        "null",
        "[]",
        "{}",
        "[[[[",
        "{\"choices\": []}",
        "{\"choices\": {}}",
        "{\"choices\": [3]}",
        "{\"choices\": [{\"text\": \"four\"}]}",
        "{\"choices\": [{\"message\": []}]}",
        "{\"choices\": [{\"message\": {\"content\": 4}}]}",
        "{\"choices\": [{\"message\": {\"content\": [\"four\"]}}]}",
        "{\"choices\": [{\"message\": {\"content\": \"four\"}}]",
        "{\"choices\": [{\"message\": {\"content\": \"fo\\u0000ur\"}}]}",
        "{\"choices\": [{\"message\": {\"content\": \"\x01\"}}]}",
        "{\"choices\": [{\"message\": {\"content\": \"\xff\xfe\"}}]}",
        "{\"choices\": [{\"message\": {\"content\": \"\\ud800\"}}]}",
        "{\"" KEY "\": 1, \"" KEY "\": 2}"};
    const char *cache = fresh();
    chat_options o = options(cache);
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        chat_state *server = chat_server_reset();
        server->fault = CHAT_BODY;
        server->times = CHAT_ALWAYS;
        snprintf(server->text, sizeof server->text, "%s", bodies[i]);
        const char *said = asked(E_FORMAT, &o);
        assert_says(said, "status 200");
        assert_says(said, chat_server_url());
        assert_null(strstr(said, KEY));
        assert_null(strstr(said, "<"));
        assert_int_equal(server->requests, 1);
        assert_int_equal(n_files(cache), 0);
    }
    chat_state *server = chat_server_reset();
    server->fault = CHAT_ENDLESS;
    server->times = CHAT_ALWAYS;
    assert_says(asked(E_FORMAT, &o), "longer than 1 MB");
    server = chat_server_reset();
    server->fault = CHAT_ECHO;
    server->times = CHAT_ALWAYS;
    const char *said = asked(E_FORMAT, &o);
    assert_says(said, "repeats the key");
    assert_null(strstr(said, KEY));
    assert_int_equal(n_files(cache), 0);
}

/* The model's text may be anything; what it means is for the caller to say. */
static void any_text(void **state)
{
    (void)state;
    const char *cache = fresh();
    chat_options o = options(cache);
    chat_state *server = chat_server_reset();
    server->fault = CHAT_TEXT;
    server->times = 1;
    snprintf(server->text, sizeof server->text, "<script>\x1b[31m\"\\\n\u202e");
    assert_string_equal(asked(OK, &o), "<script>\x1b[31m\"\\\n\u202e");
    assert_string_equal(asked(OK, &o), "<script>\x1b[31m\"\\\n\u202e");
    assert_int_equal(server->requests, 1);

    o.max_tokens = 1;
    server = chat_server_reset();
    server->fault = CHAT_BODY;
    server->times = 1;
    snprintf(server->text, sizeof server->text,
             "{\"choices\": [{\"message\": {\"role\": \"assistant\", \"content\": null}}]}");
    assert_string_equal(asked(OK, &o), "");
    assert_string_equal(asked(OK, &o), "");
    assert_int_equal(server->requests, 1);
}

static void silence(void **state)
{
    (void)state;
    chat_options o = options(NULL);
    o.timeout_seconds = 0.5;
    chat_state *server = chat_server_reset();
    server->fault = CHAT_SILENCE;
    server->times = 1;
    assert_string_equal(asked(OK, &o), "four");
    assert_int_equal(server->requests, 2);
    o.retries = 0;
    server->times = 1;
    assert_says(asked(E_IO, &o), chat_server_url());
    server = chat_server_reset();
    server->fault = CHAT_DRIP; /* something comes all the time, and it never ends */
    server->times = 1;
    double started = clock_seconds();
    assert_says(asked(E_IO, &o), "not whole after");
    assert_true(clock_seconds() - started < 5);
}

static void keys(void **state)
{
    (void)state;
    chat_state *server = chat_server_reset();
    chat_options o = options(NULL);
    o.key = NULL;
    const char *said = asked(E_CONFIG, &o);
    assert_says(said, "TEST_KEY");
    assert_says(said, chat_server_url());
    o.key = "two words\r\nX: y";
    said = asked(E_CONFIG, &o);
    assert_says(said, "TEST_KEY");
    assert_null(strstr(said, "two words"));
    assert_int_equal(server->requests, 0);
}

static void addresses(void **state)
{
    (void)state;
    static const char *const fine[] = {"https://host.example/v1/chat/completions",
                                       "http://127.0.0.1:8080/v1", "http://localhost/v1",
                                       "http://[::1]:1/v1"};
    static const char *const never[] = {"", "x", "file:///etc/passwd", "ftp://x/",
                                        "https://user:secret@host.example/v1"};
    err e;
    for (size_t i = 0; i < COUNT_OF(fine); i++)
        assert_int_equal(chat_check_url(fine[i], false, &e), OK);
    for (size_t i = 0; i < COUNT_OF(never); i++)
        assert_int_equal(chat_check_url(never[i], true, &e), E_CONFIG);
    static const char open[] = "http://host.example/v1", trap[] = "http://127.0.0.1.example/v1";
    assert_int_equal(chat_check_url(open, false, &e), E_CONFIG);
    assert_says(e.text, open);
    assert_int_equal(chat_check_url(open, true, &e), OK);
    assert_int_equal(chat_check_url(trap, false, &e), E_CONFIG);
}

/* Last: the request to stop cannot be taken back. */
static void stopping(void **state)
{
    (void)state;
    chat_options o = options(NULL);
    chat_state *server = chat_server_reset();
    server->fault = CHAT_SILENCE;
    server->times = 1;
    cancel_install();
    pid_t self = getpid();
    if (fork() == 0) {
        usleep(300000);
        kill(self, SIGTERM);
        _exit(0);
    }
    double started = clock_seconds();
    asked(E_CANCELLED, &o);
    assert_true(clock_seconds() - started < 1.8);
    assert_int_equal(server->requests, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request),
        cmocka_unit_test(kept_answers),
        cmocka_unit_test(damaged_answers),
        cmocka_unit_test(two_ask_the_same),
        cmocka_unit_test(trouble_that_passes),
        cmocka_unit_test(retry_after),
        cmocka_unit_test(backoff),
        cmocka_unit_test(refusals),
        cmocka_unit_test(hostile_bodies),
        cmocka_unit_test(any_text),
        cmocka_unit_test(silence),
        cmocka_unit_test(keys),
        cmocka_unit_test(addresses),
        cmocka_unit_test(stopping),
    };
    return cmocka_run_group_tests(tests, start, end);
}
