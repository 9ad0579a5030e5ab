/* Fetching in processes of their own: two at once, and one that is stopped with Ctrl-C. */
#include "test.h"
#include "hub/common.h"
#include "hub/common_hub.h"
#include "base/io.h"
#include "base/memory.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MODEL "model.safetensors"

static void pause_ms(int ms)
{
    struct timespec t = {0, 1000000L * ms};
    nanosleep(&t, NULL);
}

/* The child's status is the error code; its message goes to `said`. */
static pid_t start_fetch(const char *cache, const char *said)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid)
        return pid;
    err e = {0};
    fetch_result result;
    fetch_request wanted = {.name = "o/n"};
    hub_settings settings = {.cache = cache};
    hub_network network = hub_test_network();
    cancel_install();
    err_code rc = hub_fetch(&result, &wanted, &settings, &network, NULL, test_arena(), &e);
    put_file(said, rc ? e.text : "");
    _exit((int)rc);
}

static int status_of(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static hub_state *slow_hub(void)
{
    hub_state *hub = hub_reset();
    hub->fault = DRIP;
    hub->times = ALWAYS;
    snprintf(hub->where, sizeof hub->where, "%.20s", hub_file_named(MODEL)->etag);
    return hub;
}

static void two_at_once(void **state)
{
    (void)state;
    hub_state *hub = slow_hub();
    const char *cache = scratch("two");
    pid_t one = start_fetch(cache, scratch("one.txt")),
          other = start_fetch(cache, scratch("b.txt"));
    assert_int_equal(status_of(one), OK);
    assert_int_equal(status_of(other), OK);
    assert_fetched(cache, MODEL);
    assert_fetched(cache, "config.json");
    assert_int_equal(hub->store_gets, 1); /* the second waited, and found it there */
}

/* Waits until a part of the model has come. */
static bool began(const char *partial)
{
    for (int i = 0; i < 200; i++) {
        str text = {0};
        err e;
        bool some = !io_read(&text, partial, 1 << 24, &e) && text.len > 0;
        str_release(&text);
        if (some)
            return true;
        pause_ms(10);
    }
    return false;
}

static void stopped_and_gone_on_with(void **state)
{
    (void)state;
    hub_state *hub = slow_hub();
    const char *cache = scratch("stopped"), *said = scratch("said.txt");
    const char *partial = arena_printf(test_arena(), "%s/models--o--n/blobs/%s.incomplete", cache,
                                       hub_file_named(MODEL)->etag);
    pid_t pid = start_fetch(cache, said);
    assert_true(began(partial));
    assert_int_equal(kill(pid, SIGINT), 0);
    assert_int_equal(status_of(pid), E_CANCELLED);
    assert_true(says(file_text(said), "goes on"));
    assert_true(says(file_text(said), "400.0 kB of " MODEL));
    assert_false(io_exists(arena_printf(test_arena(), "%s/models--o--n/refs/main", cache)));
    hub = hub_reset();
    fetch_says(OK, cache, "o/n", NULL, 0);
    assert_fetched(cache, MODEL);
    assert_int_equal(hub->ranges, 1);
}

/* Stopped while it waits for another's lock. */
static void stopped_while_waiting(void **state)
{
    (void)state;
    slow_hub();
    const char *cache = scratch("waiting");
    const char *partial = arena_printf(test_arena(), "%s/models--o--n/blobs/%s.incomplete", cache,
                                       hub_file_named(MODEL)->etag);
    pid_t one = start_fetch(cache, scratch("first.txt"));
    assert_true(began(partial));
    pid_t other = start_fetch(cache, scratch("second.txt"));
    pause_ms(150);
    assert_int_equal(kill(other, SIGTERM), 0);
    assert_int_equal(status_of(other), E_CANCELLED);
    assert_int_equal(status_of(one), OK);
    assert_fetched(cache, MODEL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(two_at_once, free_arena),
        cmocka_unit_test_teardown(stopped_and_gone_on_with, free_arena),
        cmocka_unit_test_teardown(stopped_while_waiting, free_arena),
    };
    return cmocka_run_group_tests(tests, hub_start, hub_end);
}
