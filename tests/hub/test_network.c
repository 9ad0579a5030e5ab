/* What the environment says about reaching the hub. */
#include "test.h"
#include "hub/common.h"
#include "hub/fetch.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
    "HF_ENDPOINT", "HF_TOKEN",       "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH",
    "HF_HOME",     "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE",   "XDG_CACHE_HOME"};

static int clear(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        unsetenv(names[i]);
    setenv("HOME", scratch("home"), 1);
    return 0;
}

static hub_network now(void)
{
    hub_network n;
    err e;
    assert_int_equal(hub_network_read(&n, test_arena(), &e), OK);
    return n;
}

static void tokens(void **state)
{
    (void)state;
    assert_null(now().token);
    put_file(scratch("home/.cache/huggingface/token"), "of_the_home\n");
    assert_string_equal(now().token, "of_the_home");
    put_file(scratch("hf/token"), "  of_hf_home  \n\n");
    setenv("HF_HOME", scratch("hf"), 1);
    assert_string_equal(now().token, "of_hf_home");
    put_file(scratch("elsewhere"), "of_the_path");
    setenv("HF_TOKEN_PATH", scratch("elsewhere"), 1);
    assert_string_equal(now().token, "of_the_path");
    setenv("HUGGING_FACE_HUB_TOKEN", "old", 1);
    assert_string_equal(now().token, "old");
    setenv("HF_TOKEN", "new\n", 1);
    assert_string_equal(now().token, "new");
    setenv("HF_TOKEN", "", 1);
    assert_string_equal(now().token, "old");
    unsetenv("HUGGING_FACE_HUB_TOKEN");
    put_file(scratch("elsewhere"), " \n");
    assert_null(now().token);
    setenv("HF_TOKEN_PATH", scratch("nothing"), 1); /* nobody has logged in */
    assert_null(now().token);

    hub_network n;
    err e;
    setenv("HF_TOKEN_PATH", scratch("hf"), 1); /* a folder */
    assert_int_equal(hub_network_read(&n, test_arena(), &e), E_IO);
    assert_true(says(e.text, scratch("hf")));
}

static void endpoints(void **state)
{
    (void)state;
    assert_true(says(now().endpoint, "https://"));
    setenv("HF_ENDPOINT", "http://mirror.example/hub//", 1);
    assert_string_equal(now().endpoint, "http://mirror.example/hub");
    setenv("HF_ENDPOINT", "", 1);
    assert_true(says(now().endpoint, "https://"));
}

static void offline(void **state)
{
    (void)state;
    assert_false(now().offline);
    static const char *const yes[] = {"1", "ON", "true", "Yes"}, *const no[] = {"0", "off", ""};
    for (size_t i = 0; i < COUNT_OF(yes); i++) {
        setenv("HF_HUB_OFFLINE", yes[i], 1);
        assert_true(now().offline);
    }
    for (size_t i = 0; i < COUNT_OF(no); i++) {
        setenv("HF_HUB_OFFLINE", no[i], 1);
        assert_false(now().offline);
    }
    setenv("TRANSFORMERS_OFFLINE", "1", 1);
    assert_true(now().offline);
    setenv("HF_HUB_OFFLINE", "0", 1); /* the hub's own variable has the word */
    assert_false(now().offline);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tokens, clear, free_arena),
        cmocka_unit_test_setup_teardown(endpoints, clear, free_arena),
        cmocka_unit_test_setup_teardown(offline, clear, free_arena),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
