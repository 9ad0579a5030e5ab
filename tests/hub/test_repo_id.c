/* Ids, revisions and paths: what may stand in them, and where the environment puts the cache. */
#include "test.h"
#include "hub/common.h"
#include "hub/hub.h"
#include "hub/repo_id.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

static void repository_ids(void **state)
{
    (void)state;
    static const char *const good[] = {"gpt2", "EleutherAI/pythia-70m-deduped",
                                       "ctigges/pythia-70m-deduped__mlp-sm_processed",
                                       "Qwen/Qwen2.5-0.5B", "a/b"};
    static const char *const bad[] = {"",     "/",      "a/",     "/a",     "a/b/c", "..",
                                      "a/..", "../a",   "a..b/c", "-a/b",   "a/b-",  ".a/b",
                                      "a/b.", "a--b/c", "a b/c",  "a\\b/c", "a/b\n", "\xc3\xa9/b"};
    char long_name[200];
    memset(long_name, 'a', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_true(repo_id_valid(good[i]));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(repo_id_valid(bad[i]));
    assert_false(repo_id_valid(long_name));
}

static void relative_paths(void **state)
{
    (void)state;
    static const char *const good[] = {"a",
                                       "a/b/c.npz",
                                       ".gitattributes",
                                       "..a",
                                       "refs/pr/1",
                                       "a b",
                                       "sae_group_gpt2_blocks.0.hook_mlp_out_24576:v1"};
    static const char *const bad[] = {"",     "/",    "/etc/passwd", "a/",   "a//b",
                                      ".",    "..",   "a/../b",      "a/..", "./a",
                                      "a\\b", "a\nb", "a\x7f",       "\xff"};
    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_true(relative_path_valid(good[i]));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(relative_path_valid(bad[i]));
    assert_true(commit_valid(COMMIT_A));
    assert_false(commit_valid("0123456789abcdef"));
    assert_false(commit_valid("0123456789ABCDEF0123456789abcdef01234567"));
}

static void references(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool slash;
        const char *repo, *revision, *folder;
    } cases[] = {
        {"gpt2", true, "gpt2", "main", ""},
        {"gpt2@v1", true, "gpt2", "v1", ""},
        {"a/b@refs/pr/1", true, "a/b", "refs/pr/1", ""}, /* a branch with slashes */
        {"a/b@v1/x/y", false, "a/b", "v1", "x/y"},       /* a folder at a revision */
        {"a/b/x/y", false, "a/b", "main", "x/y"},
        {"a/b/x/", false, "a/b", "main", "x"},
        {"a/b/x@y", false, "a/b", "main", "x@y"}, /* the '@' is the folder's */
    };
    static const char *const bad[] = {"a/b@",   "a/b@..", "a/b@/x", "a/b/../c",
                                      "a/b//c", "a b/c",  ""};
    err e;
    repo_ref r;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(repo_ref_parse(&r, cases[i].text, cases[i].slash, test_arena(), &e), OK);
        assert_string_equal(r.repo, cases[i].repo);
        assert_string_equal(r.revision, cases[i].revision);
        assert_string_equal(r.folder, cases[i].folder);
        repo_ref again;
        assert_int_equal(repo_ref_parse(&again, repo_ref_text(&r, test_arena()), cases[i].slash,
                                        test_arena(), &e),
                         OK);
        assert_string_equal(again.revision, r.revision);
        assert_string_equal(again.folder, r.folder);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(repo_ref_parse(&r, bad[i], false, test_arena(), &e), E_CONFIG);
    assert_string_equal(repo_cache_name("a/b", test_arena()), "models--a--b");
    assert_string_equal(repo_cache_name("gpt2", test_arena()), "models--gpt2");
}

static void short_names(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"gpt2-small", "gpt2"},
        {"gpt2", "gpt2"},
        {"pythia-70m-deduped", "EleutherAI/pythia-70m-deduped"},
        {"gemma-2-2b", "google/gemma-2-2b"},
        {"gemma-3-270m-pt", "google/gemma-3-270m"},
        {"llama-3.2-1b", "meta-llama/Llama-3.2-1B"},
        {"Llama-3.2-1B", "meta-llama/Llama-3.2-1B"},
        {"qwen2-0.5b", "Qwen/Qwen2-0.5B"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(repo_of_model(cases[i][0], test_arena()), cases[i][1]);
    assert_null(repo_of_model("pythia-71m", test_arena()));
    assert_string_equal(repo_nearest_model("pythia-70m-dedupd"), "pythia-70m-deduped");
    assert_string_equal(repo_other_id("openai-community/gpt2"), "gpt2");
    assert_string_equal(repo_other_id("gpt2"), "openai-community/gpt2");
    assert_null(repo_other_id("google/gemma-2-2b"));
}

static const char *cache_now(void)
{
    hub_settings s;
    err e;
    assert_int_equal(hub_settings_read(&s, test_arena(), &e), OK);
    return s.cache;
}

static void cache_places(void **state)
{
    (void)state;
    static const char *const names[] = {"HF_HUB_CACHE",    "HUGGINGFACE_HUB_CACHE",
                                        "HF_HOME",         "XDG_CACHE_HOME",
                                        "SAEINV_RELEASES", "XDG_CONFIG_HOME"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        unsetenv(names[i]);
    setenv("HOME", scratch("home"), 1);
    assert_string_equal(cache_now(), scratch("home/.cache/huggingface/hub"));
    setenv("XDG_CACHE_HOME", "/xdg", 1);
    assert_string_equal(cache_now(), "/xdg/huggingface/hub");
    setenv("HF_HOME", "~/hf", 1);
    assert_string_equal(cache_now(), scratch("home/hf/hub"));
    setenv("HUGGINGFACE_HUB_CACHE", "/legacy", 1);
    assert_string_equal(cache_now(), "/legacy");
    setenv("HF_HUB_CACHE", "/named", 1);
    assert_string_equal(cache_now(), "/named");
    setenv("HF_HUB_CACHE", "", 1); /* empty is unset */
    assert_string_equal(cache_now(), "/legacy");

    hub_settings s;
    err e;
    assert_int_equal(hub_settings_read(&s, test_arena(), &e), OK);
    assert_null(s.releases); /* no file, no table */
    put_file(scratch("home/.config/saeinv/releases.json"), "{}");
    assert_int_equal(hub_settings_read(&s, test_arena(), &e), OK);
    assert_string_equal(s.releases, scratch("home/.config/saeinv/releases.json"));
    setenv("SAEINV_RELEASES", "/mine.json", 1);
    assert_int_equal(hub_settings_read(&s, test_arena(), &e), OK);
    assert_string_equal(s.releases, "/mine.json");

    for (size_t i = 0; i < COUNT_OF(names); i++)
        unsetenv(names[i]);
    unsetenv("HOME");
    assert_int_equal(hub_settings_read(&s, test_arena(), &e), E_CONFIG);
    assert_true(says(e.text, "HOME"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(repository_ids, free_arena),
        cmocka_unit_test_teardown(relative_paths, free_arena),
        cmocka_unit_test_teardown(references, free_arena),
        cmocka_unit_test_teardown(short_names, free_arena),
        cmocka_unit_test_teardown(cache_places, free_arena),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
