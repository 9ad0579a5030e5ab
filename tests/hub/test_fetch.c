/* Fetching when all is well, or goes wrong the way networks do: what the cache holds afterwards. */
#include "test.h"
#include "hub/common.h"
#include "hub/common_hub.h"
#include "base/io.h"
#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MODEL "model.safetensors"

static const char *blob(const char *cache, const char *file, const char *more)
{
    return arena_printf(test_arena(), "%s/models--o--n/blobs/%s%s", cache,
                        hub_file_named(file)->etag, more);
}

/* A model without being told which files: exactly those, the ref, and names that work. */
static void a_model(void **state)
{
    (void)state;
    hub_state *hub = hub_reset();
    const char *cache = scratch("model");
    fetch_says(OK, cache, "o/n", NULL, 0);
    assert_fetched(cache, "config.json");
    assert_fetched(cache, "tokenizer.json");
    assert_fetched(cache, MODEL);
    assert_false(file_there(scratch("model/models--o--n/snapshots/" COMMIT_A "/README.md")));
    assert_false(file_there(blob(cache, MODEL, ".incomplete")));
    assert_string_equal(file_text(scratch("model/models--o--n/refs/main")), COMMIT_A);
    hub_settings s = {.cache = cache};
    hub_place place;
    err e;
    assert_int_equal(hub_find_model(&place, "o/n", &s, test_arena(), &e), OK);
    /* The token went to the endpoint with every request, and never to the store. */
    assert_int_equal(hub->tokens, hub->listings + hub->heads + hub->gets);
    assert_true(hub->tokens >= 5 && hub->store_gets == 1);
    assert_int_equal(hub->store_tokens, 0);
    /* Again: nothing is transferred. */
    hub = hub_reset();
    fetch_says(OK, cache, "o/n", NULL, 0);
    assert_int_equal(hub->gets + hub->store_gets, 0);
}

static void chosen_files(void **state)
{
    (void)state;
    hub_reset();
    const char *cache = scratch("chosen");
    static const char *const names[] = {"sub/", "READ*", "empty.txt", "a b/\xc3\xa9?.txt"};
    fetch_says(OK, cache, "o/n@refs/pr/1", names, COUNT_OF(names));
    assert_fetched(cache, "sub/dir/params.npz"); /* its link goes up two folders more */
    assert_fetched(cache, "sub/dir/cfg.json");
    assert_fetched(cache, "README.md");
    assert_fetched(cache, "empty.txt");
    assert_fetched(cache, names[3]);
    assert_false(file_there(scratch("chosen/models--o--n/snapshots/" COMMIT_A "/config.json")));
    assert_string_equal(file_text(scratch("chosen/models--o--n/refs/refs/pr/1")), COMMIT_A);

    /* A folder by its name, and a file in it by a pattern. */
    cache = scratch("folder");
    static const char *const glob[] = {"*.npz"};
    fetch_says(OK, cache, "o/n/sub/dir", glob, 1);
    assert_fetched(cache, "sub/dir/params.npz");
    assert_false(
        file_there(scratch("folder/models--o--n/snapshots/" COMMIT_A "/sub/dir/cfg.json")));
    fetch_says(OK, cache, "o/n/sub/dir", NULL, 0);
    assert_fetched(cache, "sub/dir/cfg.json");

    static const char *const wrong[] = {"modle.safetensors"};
    const char *said = fetch_says(E_CONFIG, cache, "o/n", wrong, 1);
    assert_true(says(said, MODEL)); /* the nearest */
    assert_true(says(fetch_says(E_CONFIG, cache, "o/n/sub/dri", NULL, 0), "sub/dri"));
    assert_true(says(fetch_says(E_CONFIG, cache, "o/n@v9", NULL, 0), "no revision v9"));
    assert_true(says(fetch_says(E_CONFIG, cache, "o/other", NULL, 0), "o/other"));
    assert_true(says(fetch_says(E_USAGE, cache, "./o", NULL, 0), "path"));
}

static void listing_and_dry_run(void **state)
{
    (void)state;
    hub_state *hub = hub_reset();
    const char *cache = scratch("listed");
    hub_settings s = {.cache = cache};
    hub_network network = hub_test_network();
    fetch_result result;
    err e;
    fetch_request list = {.name = "o/n", .list = true}, dry = {.name = "o/n", .dry_run = true};
    assert_int_equal(hub_fetch(&result, &list, &s, &network, NULL, test_arena(), &e), OK);
    assert_int_equal(result.n_files, 8);
    assert_string_equal(result.files[5].name, MODEL);
    assert_int_equal(result.files[5].size, 400000);
    assert_int_equal(hub_fetch(&result, &dry, &s, &network, NULL, test_arena(), &e), OK);
    assert_int_equal(result.n_files, 3);
    assert_false(result.files[0].present);
    assert_string_equal(result.commit, COMMIT_A);
    assert_int_equal(hub->heads + hub->gets + hub->store_gets, 0);
    assert_false(io_exists(cache)); /* not a folder was made */
    fetch_says(OK, cache, "o/n", NULL, 0);
    assert_int_equal(hub_fetch(&result, &dry, &s, &network, NULL, test_arena(), &e), OK);
    assert_true(result.files[0].present && result.files[2].present);
    char text[SIZE_TEXT];
    assert_string_equal(size_text(text, 999), "999 B");
    assert_string_equal(size_text(text, 134217728), "134.2 MB");
    assert_string_equal(size_text(text, -1), "?");
}

/* A repository that was renamed answers with relative redirects; the old name stays the cache's. */
static void renamed_repository(void **state)
{
    (void)state;
    hub_state *hub = hub_reset();
    const char *cache = scratch("renamed");
    fetch_says(OK, cache, "old/name", NULL, 0);
    assert_true(io_exists(scratch("renamed/models--old--name/snapshots/" COMMIT_A "/" MODEL)));
    assert_int_equal(hub->tokens, hub->listings + hub->heads + hub->gets);
    assert_int_equal(hub->store_tokens, 0);
}

/* The store's requests for the model alone. */
static hub_state *break_model(fault f, int times)
{
    hub_state *hub = hub_reset();
    snprintf(hub->where, sizeof hub->where, "%.20s", hub_file_named(MODEL)->etag);
    hub->fault = f;
    hub->times = times;
    return hub;
}

static void cut_connections(void **state)
{
    (void)state;
    hub_state *hub = break_model(CUT, 2);
    fetch_says(OK, scratch("cut"), "o/n", NULL, 0);
    assert_fetched(scratch("cut"), MODEL);
    assert_int_equal(hub->ranges, 2); /* it went on, and did not start again */

    hub = break_model(CUT, ALWAYS); /* bounded, and what came is kept */
    const char *said = fetch_says(E_IO, scratch("cut2"), "o/n", NULL, 0);
    assert_true(says(said, "127.0.0.1"));
    assert_false(io_exists(scratch("cut2/models--o--n/refs/main"))); /* the ref comes last */
    hub = hub_reset();
    fetch_says(OK, scratch("cut2"), "o/n", NULL, 0); /* the same command later goes on */
    assert_fetched(scratch("cut2"), MODEL);
    assert_int_equal(hub->ranges, 1);
}

static void stalled_connections(void **state)
{
    (void)state;
    err e = {0};
    fetch_result result;
    fetch_request wanted = {.name = "o/n"};
    hub_settings settings = {.cache = scratch("stall")};
    hub_network network = hub_test_network();
    network.stall_seconds = 1;
    network.attempts = 2;
    hub_state *hub = break_model(STALL, ALWAYS);
    assert_int_equal(hub_fetch(&result, &wanted, &settings, &network, NULL, test_arena(), &e),
                     E_IO);
    assert_true(says(e.text, "nothing came for 1 s"));
    assert_int_equal(hub->store_gets, 2);

    hub = hub_reset();
    fetch_says(OK, scratch("stall"), "o/n", NULL, 0);
    assert_fetched(scratch("stall"), MODEL);
    assert_int_equal(hub->ranges, 1);
}

static void put_partial(const char *cache, size_t n, bool damaged)
{
    const hub_content *c = hub_file_named(MODEL);
    const char *path = blob(cache, MODEL, ".incomplete");
    put_file(path, "");
    char *bytes = mem_small(n + 1, 1);
    memcpy(bytes, c->bytes, n < c->n ? n : c->n);
    bytes[0] = (char)(bytes[0] + damaged);
    err e;
    assert_int_equal(io_write(path, bytes, n, &e), OK);
    mem_free(bytes);
}

static void partial_files(void **state)
{
    (void)state;
    static const struct {
        const char *cache;
        size_t n;
        bool damaged;
        fault fault;
        int store_gets, ranges;
    } cases[] = {
        {"part1", 250000, false, FINE, 1, 1},      /* the rest is fetched */
        {"part2", 400000, false, FINE, 0, 0},      /* whole already: only the hash is taken */
        {"part3", 400001, false, FINE, 1, 0},      /* longer than the file: from the start */
        {"part4", 250000, true, FINE, 2, 1},       /* of something else: once more, whole */
        {"part5", 250000, false, NO_RANGES, 1, 1}, /* a server without ranges: the whole again */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        hub_state *hub = hub_reset();
        hub->fault = cases[i].fault;
        hub->times = ALWAYS;
        const char *cache = scratch(cases[i].cache);
        put_partial(cache, cases[i].n, cases[i].damaged);
        fetch_says(OK, cache, "o/n", NULL, 0);
        assert_fetched(cache, MODEL);
        assert_int_equal(hub->store_gets, cases[i].store_gets);
        assert_int_equal(hub->ranges, cases[i].ranges);
        assert_false(io_exists(blob(cache, MODEL, ".incomplete")));
    }
}

/* Blobs that are there are linked; a link to a blob that somebody removed is made good. */
static void blobs_that_are_there(void **state)
{
    (void)state;
    hub_state *hub = hub_reset();
    const char *cache = scratch("blobs");
    fetch_says(OK, cache, "o/n", NULL, 0);
    const char *pointer = scratch("blobs/models--o--n/snapshots/" COMMIT_A "/" MODEL);
    assert_int_equal(unlink(pointer), 0);
    hub = hub_reset();
    fetch_says(OK, cache, "o/n", NULL, 0);
    assert_fetched(cache, MODEL);
    assert_int_equal(hub->store_gets, 0);
    assert_int_equal(unlink(blob(cache, MODEL, "")), 0);
    fetch_says(OK, cache, "o/n", NULL, 0);
    assert_fetched(cache, MODEL);
    assert_int_equal(hub->store_gets, 1);
    /* A cache of plain files stays one. */
    const char *plain = scratch("plain");
    const hub_content *c = hub_file_named("config.json");
    put_snapshot_file(plain, "models--o--n", COMMIT_A, "config.json", NULL, "");
    err e;
    char *at = scratch("plain/models--o--n/snapshots/" COMMIT_A "/config.json");
    assert_int_equal(io_write(at, c->bytes, c->n, &e), OK);
    static const char *const config[] = {"config.json"};
    hub = hub_reset();
    fetch_says(OK, plain, "o/n", config, 1);
    assert_int_equal(hub->gets, 0);
    char target[8];
    assert_true(readlink(at, target, sizeof target) < 0);
}

static void servers_in_trouble(void **state)
{
    (void)state;
    static const int passing[] = {429, 500, 502, 503, 504};
    for (size_t i = 0; i < COUNT_OF(passing); i++) {
        hub_state *hub = hub_reset();
        hub->fault = STATUS;
        hub->status = passing[i];
        hub->times = 2;
        static const char *const config[] = {"config.json"};
        const char *cache = scratch(arena_printf(test_arena(), "status%d", passing[i]));
        fetch_says(OK, cache, "o/n", config, 1);
        assert_fetched(cache, "config.json");
    }
    hub_state *hub = hub_reset();
    hub->fault = STATUS;
    hub->status = 500;
    hub->times = ALWAYS;
    assert_true(says(fetch_says(E_IO, scratch("down"), "o/n", NULL, 0), "status 500"));
    assert_int_equal(hub->listings, 3); /* as often as was allowed */
    assert_false(io_exists(scratch("down")));
}

static void nobody_there(void **state)
{
    (void)state;
    hub_reset();
    err e;
    fetch_result result;
    fetch_request request = {.name = "o/n"};
    hub_settings s = {.cache = scratch("nobody")};
    hub_network network = hub_test_network();
    network.endpoint = "http://127.0.0.1:1";
    assert_int_equal(hub_fetch(&result, &request, &s, &network, NULL, test_arena(), &e), E_IO);
    assert_true(says(e.text, "http://127.0.0.1:1"));
    network.offline = true;
    assert_int_equal(hub_fetch(&result, &request, &s, &network, NULL, test_arena(), &e), E_CONFIG);
    assert_true(says(e.text, "HF_HUB_OFFLINE"));
    assert_false(io_exists(scratch("nobody")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_model, free_arena),
        cmocka_unit_test_teardown(chosen_files, free_arena),
        cmocka_unit_test_teardown(listing_and_dry_run, free_arena),
        cmocka_unit_test_teardown(renamed_repository, free_arena),
        cmocka_unit_test_teardown(cut_connections, free_arena),
        cmocka_unit_test_teardown(stalled_connections, free_arena),
        cmocka_unit_test_teardown(partial_files, free_arena),
        cmocka_unit_test_teardown(blobs_that_are_there, free_arena),
        cmocka_unit_test_teardown(servers_in_trouble, free_arena),
        cmocka_unit_test_teardown(nobody_there, free_arena),
    };
    return cmocka_run_group_tests(tests, hub_start, hub_end);
}
