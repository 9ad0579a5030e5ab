/* Names to folders: caches with links and with plain files, revisions, and what is missing. */
#include "test.h"
#include "hub/common.h"
#include "hub/hub.h"
#include "base/io.h"
#include "base/memory.h"
#include <string.h>
#include <unistd.h>

#define PYTHIA "models--EleutherAI--pythia-70m-deduped"
#define SNAPSHOT "/snapshots/" COMMIT_A

static const char *cache(void)
{
    return scratch("cache");
}

static hub_settings settings(void)
{
    return (hub_settings){.cache = cache()};
}

static void put_model(const char *repo, const char *commit, bool links)
{
    put_snapshot_file(cache(), repo, commit, "config.json", links ? "c1" : NULL, "{}");
    put_snapshot_file(cache(), repo, commit, "model.safetensors", links ? "c2" : NULL, "weights");
    put_snapshot_file(cache(), repo, commit, "tokenizer.json", links ? "c3" : NULL, "{}");
}

static int make_caches(void **state)
{
    (void)state;
    put_model(PYTHIA, COMMIT_A, true);
    put_model(PYTHIA, COMMIT_B, false);
    put_ref(cache(), PYTHIA, "main", COMMIT_A "\n"); /* as `echo` leaves it */
    put_ref(cache(), PYTHIA, "refs/pr/1", COMMIT_B);
    put_model("models--gpt2", COMMIT_A, false); /* a cache from before gpt2 had an organisation */
    put_ref(cache(), "models--gpt2", "main", COMMIT_A);
    return free_arena(state);
}

static const char *model_dir(const char *name)
{
    hub_place p;
    err e = {0};
    hub_settings s = settings();
    if (hub_find_model(&p, name, &s, test_arena(), &e))
        fail_msg("%s: %s", name, e.text);
    return p.dir;
}

/* The error of a name that leads nowhere. */
static const char *refusal(const char *name, bool model)
{
    hub_place p;
    hub_sae_facts facts;
    err e = {0};
    hub_settings s = settings();
    err_code rc = model ? hub_find_model(&p, name, &s, test_arena(), &e)
                        : hub_find_sae(&p, &facts, name, &s, test_arena(), &e);
    assert_int_equal(rc, E_CONFIG);
    return arena_strdup(test_arena(), e.text);
}

static void revisions(void **state)
{
    (void)state;
    const char *a = arena_printf(test_arena(), "%s/%s/snapshots/%s", cache(), PYTHIA, COMMIT_A);
    const char *b = arena_printf(test_arena(), "%s/%s/snapshots/%s", cache(), PYTHIA, COMMIT_B);
    assert_string_equal(model_dir("EleutherAI/pythia-70m-deduped"), a);
    assert_string_equal(model_dir("EleutherAI/pythia-70m-deduped@main"), a);
    assert_string_equal(model_dir("EleutherAI/pythia-70m-deduped@refs/pr/1"), b);
    assert_string_equal(model_dir("EleutherAI/pythia-70m-deduped@" COMMIT_B), b);
    assert_string_equal(model_dir("EleutherAI/pythia-70m-deduped@0123456789a"), a);
    assert_string_equal(model_dir("pythia-70m-deduped"), a);
    assert_string_equal(model_dir("pythia-70m-deduped@0123456f"), b);
    assert_string_equal(model_dir("PYTHIA-70M-deduped"), a);
    hub_place p;
    err e;
    hub_settings s = settings();
    assert_int_equal(hub_find_model(&p, "pythia-70m-deduped", &s, test_arena(), &e), OK);
    assert_string_equal(p.repo, "EleutherAI/pythia-70m-deduped");
    assert_string_equal(p.commit, COMMIT_A);
    assert_string_equal(p.folder, "");
}

static void ids_without_organisation(void **state)
{
    (void)state;
    const char *dir = arena_printf(test_arena(), "%s/models--gpt2/snapshots/%s", cache(), COMMIT_A);
    static const char *const names[] = {"gpt2", "gpt2-small", "openai-community/gpt2"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_string_equal(model_dir(names[i]), dir);
    put_model("models--openai-community--gpt2", COMMIT_A, true);
    put_ref(cache(), "models--openai-community--gpt2", "main", COMMIT_A);
    /* Both are there: the one that was asked for. */
    assert_string_equal(model_dir("gpt2-small"), dir);
    assert_true(says(model_dir("openai-community/gpt2"), "models--openai-community--gpt2"));
}

static void folders_win(void **state)
{
    (void)state;
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    put_file(scratch("here/EleutherAI/pythia-70m-deduped/config.json"), "{}");
    put_file(scratch("here/gpt2-small-res-jb/blocks.8.hook_resid_pre/cfg.json"), "{}");
    const char *here = scratch("here");
    assert_int_equal(chdir(here), 0);
    hub_place p, q;
    hub_sae_facts facts;
    err e;
    hub_settings s = settings();
    err_code model = hub_find_model(&p, "EleutherAI/pythia-70m-deduped", &s, test_arena(), &e);
    err_code sae =
        hub_find_sae(&q, &facts, "gpt2-small-res-jb/blocks.8.hook_resid_pre", &s, test_arena(), &e);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(model, OK);
    assert_string_equal(p.dir, "EleutherAI/pythia-70m-deduped");
    assert_null(p.repo);
    assert_int_equal(sae, OK);
    assert_null(q.repo);
    assert_null(facts.release);
}

static void what_is_not_there(void **state)
{
    (void)state;
    const char *said = refusal("google/gemma-2-2b", true);
    assert_true(says(said, "/cache/models--google--gemma-2-2b"));
    assert_true(says(said, "saeinv fetch google/gemma-2-2b"));
    said = refusal("pythia-70m-deduped@step3000", true);
    assert_true(says(said, "step3000"));
    assert_true(says(said, "0123456789ab")); /* what there is instead */
    assert_true(says(said, "saeinv fetch pythia-70m-deduped@step3000"));
    assert_true(says(refusal("pythia-70m-deduped@0123456", true), "more digits"));
    assert_true(says(refusal("pythia-70m-deduped@012345", true), "no revision")); /* too short */
    assert_true(says(refusal("pythia-70m-dedupd", true), "pythia-70m-deduped"));
    static const char *const paths[] = {"./nowhere", "/nowhere", "nowhere/", "../nowhere", ""};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        assert_true(says(refusal(paths[i], true), "not a folder"));
        assert_true(says(refusal(paths[i], false), "not a folder"));
    }
    refusal("../../etc/passwd", true);
    refusal("a/b@../../../x", true);
    refusal("a/b/../../../x", false);
}

static void incomplete_snapshots(void **state)
{
    (void)state;
    const char *repo = "models--o--n", *name = "o/n";
    put_ref(cache(), repo, "main", COMMIT_A);
    put_snapshot_file(cache(), repo, COMMIT_A, "README.md", NULL, "x");
    const char *said = refusal(name, true);
    assert_true(says(said, "config.json, model.safetensors, tokenizer.json"));
    assert_true(says(said, "saeinv fetch o/n"));
    put_snapshot_file(cache(), repo, COMMIT_A, "config.json", NULL, "{}");
    put_snapshot_file(cache(), repo, COMMIT_A, "vocab.json", NULL, "{}");
    assert_null(strstr(refusal(name, true), "config.json"));
    put_snapshot_file(cache(), repo, COMMIT_A, "model.safetensors.index.json", NULL,
                      "{\"weight_map\": {\"a\": \"s1.safetensors\", \"b\": \"s2.safetensors\","
                      " \"c\": \"../../x\", \"d\": 3}}");
    said = refusal(name, true);
    assert_true(says(said, "s1.safetensors, s2.safetensors;"));
    put_snapshot_file(cache(), repo, COMMIT_A, "s1.safetensors", "b1", "x");
    put_snapshot_file(cache(), repo, COMMIT_A, "s2.safetensors", "b2", "x");
    assert_true(says(model_dir(name), "models--o--n" SNAPSHOT));
    /* A link whose blob somebody removed is as good as nothing. */
    assert_int_equal(unlink(arena_printf(test_arena(), "%s/%s/blobs/b2", cache(), repo)), 0);
    assert_true(says(refusal(name, true), "lacks s2.safetensors"));
}

static void damaged_refs(void **state)
{
    (void)state;
    put_ref(cache(), "models--o--ref", "main", "../../../etc");
    err e;
    hub_place p;
    hub_settings s = settings();
    assert_int_equal(hub_find_model(&p, "o/ref", &s, test_arena(), &e), E_FORMAT);
    assert_true(says(e.text, "refs/main"));
    put_ref(cache(), "models--o--gone", "main", COMMIT_A); /* the snapshot was removed */
    assert_true(says(refusal("o/gone", true), "no revision main"));
}

static void saes_in_the_cache(void **state)
{
    (void)state;
    const char *repo = "models--jbloom--GPT2-Small-SAEs-Reformatted";
    const char *id = "blocks.8.hook_resid_pre";
    put_ref(cache(), repo, "main", COMMIT_A);
    put_snapshot_file(cache(), repo, COMMIT_A, "blocks.8.hook_resid_pre/cfg.json", "j1", "{}");
    hub_place p;
    hub_sae_facts facts;
    err e;
    hub_settings s = settings();
    const char *said = refusal("gpt2-small-res-jb/blocks.8.hook_resid_pre", false);
    assert_true(says(said, "lacks sae_weights.safetensors"));
    assert_true(says(said, "saeinv fetch gpt2-small-res-jb/blocks.8.hook_resid_pre"));
    put_snapshot_file(cache(), repo, COMMIT_A, "blocks.8.hook_resid_pre/sae_weights.safetensors",
                      "j2", "w");
    static const char *const names[] = {
        "gpt2-small-res-jb/blocks.8.hook_resid_pre",
        "gpt2-small-res-jb@0123456/blocks.8.hook_resid_pre",
        "jbloom/GPT2-Small-SAEs-Reformatted/blocks.8.hook_resid_pre",
        "jbloom/GPT2-Small-SAEs-Reformatted@main/blocks.8.hook_resid_pre"};
    for (size_t i = 0; i < COUNT_OF(names); i++) { /* the facts hold however it was named */
        assert_int_equal(hub_find_sae(&p, &facts, names[i], &s, test_arena(), &e), OK);
        assert_string_equal(p.folder, id);
        assert_true(io_is_dir(p.dir));
        assert_null(p.file);
        assert_string_equal(facts.release, "gpt2-small-res-jb");
        assert_string_equal(facts.id, id);
        assert_int_equal(facts.center_writing_weights, HUB_YES);
    }
    said = refusal("gpt2-small-res-jb/blocks.9.hook_resid_pre", false);
    assert_true(says(said, "has no blocks.9.hook_resid_pre"));
    assert_true(says(said, "saeinv fetch gpt2-small-res-jb/blocks.9.hook_resid_pre"));
}

static void saes_that_are_a_file(void **state)
{
    (void)state;
    const char *repo = "models--mwhanna--qwen3-4b-transcoders";
    put_ref(cache(), repo, "main", COMMIT_A);
    put_snapshot_file(cache(), repo, COMMIT_A, "layer_3.safetensors", "q3", "w");
    hub_place p;
    hub_sae_facts facts;
    err e;
    hub_settings s = settings();
    assert_int_equal(
        hub_find_sae(&p, &facts, "mwhanna-qwen3-4b-transcoders/layer_3", &s, test_arena(), &e), OK);
    assert_string_equal(p.file, "layer_3.safetensors");
    assert_true(says(p.dir, COMMIT_A));
    assert_string_equal(facts.hook_out, "blocks.3.hook_mlp_out");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(revisions, free_arena),
        cmocka_unit_test_teardown(ids_without_organisation, free_arena),
        cmocka_unit_test_teardown(folders_win, free_arena),
        cmocka_unit_test_teardown(what_is_not_there, free_arena),
        cmocka_unit_test_teardown(incomplete_snapshots, free_arena),
        cmocka_unit_test_teardown(damaged_refs, free_arena),
        cmocka_unit_test_teardown(saes_in_the_cache, free_arena),
        cmocka_unit_test_teardown(saes_that_are_a_file, free_arena),
    };
    return cmocka_run_group_tests(tests, make_caches, scratch_remove);
}
