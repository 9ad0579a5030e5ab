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

/* A hub that sends half of the model, and the rest when it is let go. */
static hub_state *holding_hub(void)
{
    hub_state *hub = hub_reset();
    hub->fault = HOLD;
    hub->times = ALWAYS;
    snprintf(hub->where, sizeof hub->where, "%.20s", hub_file_named(MODEL)->etag);
    return hub;
}

static void let_go(hub_state *hub)
{
    __atomic_store_n(&hub->let_go, true, __ATOMIC_SEQ_CST);
}

static bool asked(hub_state *hub, int redirects)
{
    return __atomic_load_n(&hub->redirects, __ATOMIC_SEQ_CST) >= redirects;
}

static bool has_bytes(const char *path)
{
    str text = {0};
    err e;
    bool some = !io_read(&text, path, 1 << 24, &e) && text.len > 0;
    str_release(&text);
    return some;
}

/* For as long as a very busy machine may take. */
#define WAIT_UNTIL(condition)                                                                      \
    for (int tries_ = 0; !(condition); tries_++) {                                                 \
        assert_true(tries_ < 2000);                                                                \
        pause_ms(10);                                                                              \
    }

static void two_at_once(void **state)
{
    (void)state;
    hub_state *hub = holding_hub();
    const char *cache = scratch("two");
    pid_t one = start_fetch(cache, scratch("one.txt")),
          other = start_fetch(cache, scratch("b.txt"));
    WAIT_UNTIL(asked(hub, 2));
    let_go(hub);
    assert_int_equal(status_of(one), OK);
    assert_int_equal(status_of(other), OK);
    assert_fetched(cache, MODEL);
    assert_fetched(cache, "config.json");
    assert_int_equal(hub->store_gets, 1); /* the second waited, and found it there */
}

static const char *partial_of(const char *cache)
{
    return arena_printf(test_arena(), "%s/models--o--n/blobs/%s.incomplete", cache,
                        hub_file_named(MODEL)->etag);
}

static void stopped_and_gone_on_with(void **state)
{
    (void)state;
    holding_hub();
    const char *cache = scratch("stopped"), *said = scratch("said.txt");
    pid_t pid = start_fetch(cache, said);
    WAIT_UNTIL(has_bytes(partial_of(cache)));
    assert_int_equal(kill(pid, SIGINT), 0);
    assert_int_equal(status_of(pid), E_CANCELLED);
    assert_true(says(file_text(said), "goes on"));
    assert_true(says(file_text(said), "400.0 kB of " MODEL));
    assert_false(io_exists(arena_printf(test_arena(), "%s/models--o--n/refs/main", cache)));
    hub_state *hub = hub_reset();
    fetch_says(OK, cache, "o/n", NULL, 0);
    assert_fetched(cache, MODEL);
    assert_int_equal(hub->ranges, 1);
}

/* Stopped while it waits for another's lock. */
static void stopped_while_waiting(void **state)
{
    (void)state;
    hub_state *hub = holding_hub();
    const char *cache = scratch("waiting");
    pid_t one = start_fetch(cache, scratch("first.txt"));
    WAIT_UNTIL(has_bytes(partial_of(cache)));
    pid_t other = start_fetch(cache, scratch("second.txt"));
    WAIT_UNTIL(asked(hub, 2));
    pause_ms(150); /* from the answer to the lock */
    assert_int_equal(kill(other, SIGTERM), 0);
    assert_int_equal(status_of(other), E_CANCELLED);
    let_go(hub);
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
