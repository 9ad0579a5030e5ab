/* Fetching from a hub that lies: nothing outside the cache is written, nothing wrong counts as
 * fetched, the token stays at home, and every wait ends. */
#include "test.h"
#include "hub/common.h"
#include "hub/common_hub.h"
#include "base/io.h"
#include "base/memory.h"
#include <stdio.h>
#include <string.h>

#define MODEL "model.safetensors"

static const char *fresh(void)
{
    static int n;
    return scratch(arena_printf(test_arena(), "cache%d", n++));
}

static void assert_nothing(const char *cache)
{
    const char *repo = arena_printf(test_arena(), "%s/models--o--n", cache);
    assert_false(io_exists(arena_printf(test_arena(), "%s/refs/main", repo)));
    assert_false(io_exists(arena_printf(test_arena(), "%s/snapshots/%s/" MODEL, repo, COMMIT_A)));
    assert_false(
        io_exists(arena_printf(test_arena(), "%s/blobs/%s", repo, hub_file_named(MODEL)->etag)));
}

static void lying_answers(void **state)
{
    (void)state;
    static const struct {
        fault fault;
        err_code code;
        const char *says;
    } cases[] = {
        {FLIP, E_FORMAT, "hash"},
        {ENDLESS, E_FORMAT, "more than the 400000 bytes"},
        {LONG_LENGTH, E_FORMAT, "4611686018427387903 bytes where 400000"},
        {SHORT_LENGTH, E_FORMAT, "399990 bytes where 400000"},
        {LOOP, E_IO, "redirects"},
        {TO_FILE, E_IO, "redirects badly"},
        {TO_NOWHERE, E_IO, "where to"},
        {NO_ETAG, E_FORMAT, "ETag"},
        {BAD_ETAG, E_FORMAT, "ETag"},
        {HUGE_SIZE, E_IO, "--cache-dir"},
        {OTHER_COMMIT, E_FORMAT, "instead of " COMMIT_A},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        static const char *const model[] = {MODEL};
        hub_state *hub = hub_reset();
        hub->fault = cases[i].fault;
        hub->times = ALWAYS;
        const char *cache = fresh(), *said = fetch_says(cases[i].code, cache, "o/n", model, 1);
        assert_true(says(said, cases[i].says));
        assert_nothing(cache);
        assert_int_equal(hub->store_tokens, 0);
        assert_true(hub->heads + hub->gets + hub->store_gets < 40);
    }
}

/* Damaged once on the way: what was damaged is not gone on with. */
static void damaged_once(void **state)
{
    (void)state;
    hub_state *hub = hub_reset();
    hub->fault = FLIP;
    hub->times = 1;
    const char *cache = fresh();
    static const char *const model[] = {MODEL};
    fetch_says(E_FORMAT, cache, "o/n", model, 1);
    assert_nothing(cache);
    fetch_says(OK, cache, "o/n", model, 1);
    assert_fetched(cache, MODEL);
    assert_int_equal(hub->ranges, 0);

    /* The same for git's hash of a small file. */
    hub = hub_reset();
    hub->fault = FLIP;
    hub->times = 1;
    static const char *const small[] = {"config.json"};
    fetch_says(E_FORMAT, cache, "o/n", small, 1);
    fetch_says(OK, cache, "o/n", small, 1);
    assert_fetched(cache, "config.json");
}

static void parts_that_are_not_asked_for(void **state)
{
    (void)state;
    hub_state *hub = hub_reset();
    hub->fault = OTHER_RANGE;
    hub->times = ALWAYS;
    const char *cache = fresh();
    static const char *const model[] = {MODEL};
    const char *partial = arena_printf(test_arena(), "%s/models--o--n/blobs/%s.incomplete", cache,
                                       hub_file_named(MODEL)->etag);
    put_file(partial, "half");
    assert_true(says(fetch_says(E_FORMAT, cache, "o/n", model, 1), "another part"));
    assert_nothing(cache);
}

/* Sizes come from the listing when the answer has none. */
static void no_size(void **state)
{
    (void)state;
    hub_state *hub = hub_reset();
    hub->fault = NO_SIZE;
    hub->times = ALWAYS;
    const char *cache = fresh();
    static const char *const model[] = {MODEL};
    fetch_says(OK, cache, "o/n", model, 1);
    assert_fetched(cache, MODEL);
    snprintf(hub->listing, sizeof hub->listing,
             "{\"sha\": \"%s\", \"siblings\": [{\"rfilename\": \"" MODEL "\"}]}", COMMIT_A);
    assert_true(says(fetch_says(E_FORMAT, fresh(), "o/n", model, 1), "how large"));
}

static void hostile_listings(void **state)
{
    (void)state;
    static const char *const names[] = {"../x", "/tmp/x", "a/../../x", "a//b", "..",         ".",
                                        "",     "a\\\\b", "a\\nb",     "a/",   "\\u001b[31m"};
    static const char *const listings[][2] = {
        {"", "valid JSON"},
        {"[]", "sha"},
        {"{\"sha\": 3}", "sha"},
        {"{\"sha\": \"main\", \"siblings\": []}", "commit"},
        {"{\"sha\": \"../../../../../../../../../../../tmp/xyz\", \"siblings\": []}", "commit"},
        {"{\"sha\": \"" COMMIT_A "\"}", "list of files"},
        {"{\"sha\": \"" COMMIT_A "\", \"siblings\": {}}", "list of files"},
        {"{\"sha\": \"" COMMIT_A "\", \"siblings\": [3]}", "rfilename"},
        {"{\"sha\": \"" COMMIT_A "\", \"siblings\": [{\"rfilename\": [1]}]}", "rfilename"},
        {"{\"sha\": \"" COMMIT_A "\", \"siblings\": []}", "nothing that matches"},
        {"<html>", "valid JSON"}};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        hub_state *hub = hub_reset();
        snprintf(hub->listing, sizeof hub->listing,
                 "{\"sha\": \"%s\", \"siblings\": [{\"rfilename\": \"config.json\"},"
                 " {\"rfilename\": \"%s\"}]}",
                 COMMIT_A, names[i]);
        const char *cache = fresh();
        assert_true(says(fetch_says(E_FORMAT, cache, "o/n", NULL, 0), "would leave"));
        assert_false(io_exists(cache));
    }
    for (size_t i = 0; i < COUNT_OF(listings); i++) {
        hub_state *hub = hub_reset();
        snprintf(hub->listing, sizeof hub->listing, "%s", *listings[i][0] ? listings[i][0] : " ");
        err_code code = i == 9 ? E_CONFIG : E_FORMAT;
        assert_true(says(fetch_says(code, fresh(), "o/n", NULL, 0), listings[i][1]));
    }
}

/* A size that no number can mean is as good as none. */
static void odd_sizes(void **state)
{
    (void)state;
    static const char *const sizes[] = {"-5", "1e300", "\"x\"", "null"};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        hub_state *hub = hub_reset();
        snprintf(
            hub->listing, sizeof hub->listing,
            "{\"sha\": \"%s\", \"siblings\": [{\"rfilename\": \"config.json\", \"size\": %s}]}",
            COMMIT_A, sizes[i]);
        const char *cache = fresh();
        static const char *const config[] = {"config.json"};
        fetch_says(OK, cache, "o/n", config, 1);
        assert_fetched(cache, "config.json");
    }
}

/* Who may read it: the message says what to do, and nothing is tried again. */
static void access(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *error_code, *says;
    } cases[] = {
        {401, "RepoNotFound", "does not accept the token"},
        {401, "GatedRepo", "accept its terms"},
        {403, "", "accept its terms"},
        {404, "RepoNotFound", "check the names"},
        {404, "RevisionNotFound", "no revision main"},
        {418, "", "status 418"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        hub_state *hub = hub_reset();
        hub->fault = STATUS;
        hub->times = ALWAYS;
        hub->status = cases[i].status;
        snprintf(hub->error_code, sizeof hub->error_code, "%s", cases[i].error_code);
        err_code code = cases[i].status == 418 ? E_IO : E_CONFIG;
        assert_true(says(fetch_says(code, fresh(), "o/n", NULL, 0), cases[i].says));
        assert_int_equal(hub->listings, 1);
    }
    hub_reset();
    err e;
    fetch_result result;
    fetch_request wanted = {.name = "o/other"};
    hub_settings settings = {.cache = fresh()};
    hub_network network = hub_test_network();
    network.token = NULL;
    assert_int_equal(hub_fetch(&result, &wanted, &settings, &network, NULL, test_arena(), &e),
                     E_CONFIG);
    assert_true(says(e.text, "set HF_TOKEN"));
}

/* A token that would break out of its header, an endpoint that is none. */
static void bad_settings(void **state)
{
    (void)state;
    static const char *const tokens[] = {"a b", "a\r\nX: y", "a\n", "\x01", ""};
    static const char *const endpoints[] = {
        "file:///etc", "ftp://x", "x y", "http://", "/x", "http://user:secret@127.0.0.1:1"};
    hub_state *hub = hub_reset();
    err e;
    fetch_result result;
    fetch_request wanted = {.name = "o/n"};
    hub_settings settings = {.cache = fresh()};
    for (size_t i = 0; i < COUNT_OF(tokens); i++) {
        hub_network network = hub_test_network();
        network.token = tokens[i];
        assert_int_equal(hub_fetch(&result, &wanted, &settings, &network, NULL, test_arena(), &e),
                         E_CONFIG);
        assert_true(says(e.text, "token"));
    }
    for (size_t i = 0; i < COUNT_OF(endpoints); i++) {
        hub_network network = hub_test_network();
        network.endpoint = endpoints[i];
        assert_int_equal(hub_fetch(&result, &wanted, &settings, &network, NULL, test_arena(), &e),
                         E_CONFIG);
        assert_true(says(e.text, "HF_ENDPOINT"));
    }
    assert_int_equal(hub->listings, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(lying_answers, free_arena),
        cmocka_unit_test_teardown(damaged_once, free_arena),
        cmocka_unit_test_teardown(parts_that_are_not_asked_for, free_arena),
        cmocka_unit_test_teardown(no_size, free_arena),
        cmocka_unit_test_teardown(hostile_listings, free_arena),
        cmocka_unit_test_teardown(odd_sizes, free_arena),
        cmocka_unit_test_teardown(access, free_arena),
        cmocka_unit_test_teardown(bad_settings, free_arena),
    };
    return cmocka_run_group_tests(tests, hub_start, hub_end);
}
