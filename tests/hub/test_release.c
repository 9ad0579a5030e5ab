/* The table of releases: SAELens's own list, the facts of the best known, the user's table, and
 * what is suggested instead of a name that is wrong. */
#include "test.h"
#include "hub/common.h"
#include "hub/name.h"
#include "hub/release.h"
#include "base/io.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

static release_table builtin(void)
{
    return release_table_builtin();
}

static const char *repo_or(const char *model)
{
    const char *repo = repo_of_model(model, test_arena());
    return repo ? repo : model;
}

/* One line of the fixture: release, id, repository, folder, model, factor. */
static int check_line(char *line, bool *used)
{
    char *field[6];
    for (int i = 0; i < 6; i++) {
        field[i] = line;
        line += strcspn(line, "\t");
        if (*line)
            *line++ = '\0';
    }
    release_table t = builtin();
    repo_ref place;
    hub_sae_facts facts, again;
    err e;
    if (release_find(&place, &facts, &t, arena_printf(test_arena(), "%s/%s", field[0], field[1]),
                     test_arena(), &e)) {
        print_message("# %s\n", e.text);
        return 1;
    }
    /* The same SAE by its place has the same facts. */
    if (strcmp(place.repo, field[2]) || strcmp(place.folder, field[3]) || !facts.layout ||
        strcmp(repo_or(facts.model), repo_or(field[4])) ||
        facts.norm_scaling_factor != strtod(field[5], NULL) ||
        !release_of_folder(&again, &t, &place, test_arena()) ||
        again.norm_scaling_factor != facts.norm_scaling_factor ||
        again.center_writing_weights != facts.center_writing_weights ||
        strcmp(again.hook ? again.hook : "", facts.hook ? facts.hook : "") != 0) {
        print_message("# %s/%s: %s, %s, %s\n", field[0], field[1], place.repo, place.folder,
                      facts.model);
        return 1;
    }
    for (int i = 0; i < t.n; i++)
        used[i] |= !strcmp(facts.layout, t.rows[i].layout);
    return 0;
}

static void as_saelens_lists_them(void **state)
{
    (void)state;
    static const char fixture[] = "tests/hub/fixtures/releases.tsv";
    release_table t = builtin();
    bool *used = arena_push(test_arena(), (size_t)t.n, sizeof *used);
    char *text = arena_strdup(test_arena(), file_text(fixture));
    int n = 0, wrong = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (line[0] != '#') {
            wrong += check_line(line, used);
            n++;
        }
    assert_int_equal(wrong, 0);
    assert_true(n >= 200);
    for (int i = 0; i < t.n; i++) /* no layout goes unchecked */
        assert_true(used[i]);
}

/* No row is dead: its own first layer leads to a valid repository and folder, through that row. */
static void every_row_resolves(void **state)
{
    (void)state;
    release_table t = builtin();
    for (int i = 0; i < t.n; i++) {
        const release_row *row = &t.rows[i];
        str name = {0};
        for (const char *p = arena_printf(test_arena(), "%s/%s", row->release, row->id); *p; p++)
            if (p[0] == '{' && p[2] == '}') {
                p[1] == 'L' ? str_addf(&name, "%d", row->last_layer) : str_add(&name, "16k");
                p += 2;
            } else {
                str_add_char(&name, *p);
            }
        release_table one = {row, 1};
        repo_ref alone, place;
        hub_sae_facts facts;
        err e;
        assert_int_equal(release_find(&alone, &facts, &one, str_text(&name), test_arena(), &e), OK);
        assert_int_equal(release_find(&place, &facts, &t, str_text(&name), test_arena(), &e), OK);
        assert_string_equal(alone.folder, place.folder); /* no earlier row takes its names */
        assert_null(strchr(place.folder, '{'));
        assert_true(repo_id_valid(repo_or(facts.model)));
        str_release(&name);
    }
}

/* design: the three releases of the first experiments, with everything that is known of them. */
static void best_known(void **state)
{
    (void)state;
    release_table t = builtin();
    repo_ref r;
    hub_sae_facts f;
    err e;
    assert_int_equal(release_find(&r, &f, &t, "pythia-70m-deduped-mlp-sm/blocks.3.hook_mlp_out",
                                  test_arena(), &e),
                     OK);
    assert_string_equal(r.repo, "ctigges/pythia-70m-deduped__mlp-sm_processed");
    assert_string_equal(r.folder, "3-mlp-sm");
    assert_string_equal(r.revision, "main");
    assert_string_equal(f.model, "pythia-70m-deduped");
    assert_string_equal(f.layout, "sae_lens");
    assert_int_equal(f.center_writing_weights, HUB_UNSAID); /* trained on the model as it is */

    assert_int_equal(
        release_find(&r, &f, &t, "gpt2-small-res-jb/blocks.11.hook_resid_post", test_arena(), &e),
        OK);
    assert_string_equal(r.repo, "jbloom/GPT2-Small-SAEs-Reformatted");
    assert_string_equal(r.folder, "blocks.11.hook_resid_post");
    assert_int_equal(f.center_writing_weights, HUB_YES);

    assert_int_equal(release_find(&r, &f, &t,
                                  "gemma-scope-2b-pt-res-canonical/layer_20/width_16k/canonical",
                                  test_arena(), &e),
                     OK);
    assert_string_equal(r.repo, "google/gemma-scope-2b-pt-res");
    assert_string_equal(r.folder, "layer_20/width_16k/average_l0_71");
    assert_string_equal(f.hook, "blocks.20.hook_resid_post");
    assert_string_equal(f.layout, "gemma_2");
    assert_int_equal(f.context, 1024);
    assert_int_equal(f.prepend_bos, HUB_YES);
    assert_string_equal(f.normalize_activations, "none");
    assert_string_equal(f.model, "gemma-2-2b");
}

/* "canonical" of gemma-scope-2b-pt-res, every layer of both widths that have them all. */
static void canonical_l0(void **state)
{
    (void)state;
    static const int l0[2][26] = {{105, 102, 141, 59, 124, 68, 70, 69, 71, 73, 77, 80, 82,
                                   84,  84,  78,  78, 77,  74, 73, 71, 70, 72, 75, 73, 116},
                                  {73, 121, 77,  89,  89,  105, 107, 107, 111, 118, 128, 70,  72,
                                   75, 73,  127, 128, 125, 116, 115, 114, 111, 116, 123, 124, 93}};
    static const char *const width[2] = {"16k", "65k"};
    release_table t = builtin();
    for (int w = 0; w < 2; w++)
        for (int layer = 0; layer < 26; layer++) {
            repo_ref r;
            hub_sae_facts f;
            err e;
            const char *name = arena_printf(
                test_arena(), "gemma-scope-2b-pt-res-canonical/layer_%d/width_%s/canonical", layer,
                width[w]);
            assert_int_equal(release_find(&r, &f, &t, name, test_arena(), &e), OK);
            assert_string_equal(r.folder,
                                arena_printf(test_arena(), "layer_%d/width_%s/average_l0_%d", layer,
                                             width[w], l0[w][layer]));
        }
}

static const char *refusal(const char *name, const char *user_table)
{
    repo_ref r;
    hub_sae_facts f;
    err e = {0};
    hub_settings s = {.cache = "/nowhere", .releases = user_table};
    assert_int_not_equal(name_sae(&r, &f, name, &s, test_arena(), &e), OK);
    return arena_strdup(test_arena(), e.text);
}

static void nearest_names(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"gpt2-small-res-bj/blocks.8.hook_resid_pre", "gpt2-small-res-jb"},
        {"gpt2-smal-res-jb", "gpt2-small-res-jb"},
        {"gpt2-small-res-jb/blocks.8.hook_resid_per", "gpt2-small-res-jb/blocks.8.hook_resid_pre"},
        {"gpt2-small-res-jb/blocks.12.hook_resid_pre", "gpt2-small-res-jb/blocks.1"},
        {"gpt2-small-res-jb", "say which"},
        {"gpt2-small-res-jb@../x/blocks.8.hook_resid_pre", "gpt2-small-res-jb"},
        {"gemma-scope-2b-pt-res-canonical/layer_26/width_16k/canonical", "layer_2"},
        {"gemma-scope-2b-pt-res-canonical/layer_12/width_16k/canonica", "width_16k/canonical"},
        {"pythia-70m-deduped-mlp-sm/blocks.03.hook_mlp_out", "blocks.0.hook_mlp_out"},
        {"llama_scope_lxr_8x/l3r_32x", "llama_scope_lxr_8x/l3r_"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_true(says(refusal(cases[i][0], NULL), cases[i][1]));
}

static void users_table(void **state)
{
    (void)state;
    const char *path = scratch("releases.json");
    put_file(path,
             "{\"releases\": ["
             "{\"release\": \"mine\", \"id\": \"l{L}\", \"repo\": \"me/saes\", \"folder\":"
             " \"w/{L}-{N}\", \"layers\": [2, 4], \"picks\": [7, 8, 9], \"layout\": \"gemma_2\","
             " \"model\": \"gpt2\", \"hook\": \"blocks.{L}.hook_mlp_out\", \"context\": 128,"
             " \"prepend_bos\": false, \"center_writing_weights\": true, \"fold_ln\": true,"
             " \"norm_scaling_factor\": [0.5, 1.5, 2.5]},"
             "{\"release\": \"gpt2-small-res-jb\", \"id\": \"blocks.0.hook_resid_pre\","
             " \"repo\": \"me/own\", \"folder\": \"x\"}]}");
    hub_settings s = {.cache = "/nowhere", .releases = path};
    repo_ref r;
    hub_sae_facts f;
    err e = {0};
    assert_int_equal(name_sae(&r, &f, "mine@v2/l3", &s, test_arena(), &e), OK);
    assert_string_equal(r.repo, "me/saes");
    assert_string_equal(r.folder, "w/3-8");
    assert_string_equal(r.revision, "v2");
    assert_string_equal(f.hook, "blocks.3.hook_mlp_out");
    assert_int_equal(f.context, 128);
    assert_int_equal(f.prepend_bos, HUB_NO);
    assert_int_equal(f.center_writing_weights, HUB_YES);
    assert_int_equal(f.fold_ln, HUB_YES);
    assert_true(f.norm_scaling_factor == 1.5);
    /* The user's rows come first; other rows of that release stay. */
    assert_int_equal(
        name_sae(&r, &f, "gpt2-small-res-jb/blocks.0.hook_resid_pre", &s, test_arena(), &e), OK);
    assert_string_equal(r.repo, "me/own");
    assert_null(f.layout);
    assert_int_equal(
        name_sae(&r, &f, "gpt2-small-res-jb/blocks.1.hook_resid_pre", &s, test_arena(), &e), OK);
    assert_string_equal(r.repo, "jbloom/GPT2-Small-SAEs-Reformatted");
    assert_true(says(refusal("mine/l5", path), "mine/l2"));
    assert_true(says(refusal("mime/layer_3", path), "mine"));
}

#define TABLE(more)                                                                                \
    "{\"releases\": [{\"release\": \"r\", \"id\": \"i\", \"repo\": \"a/b\", " more "}]}"

static void damaged_tables(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"[]", "releases"},
        {"{\"releases\": {}}", "releases"},
        {"{\"releases\": [3]}", "row 1"},
        {"{\"releases\": [", "line 1"},
        {TABLE("\"x\": 1"), "no key \"x\""},
        {TABLE("\"holder\": \"f\""), "folder"}, /* the nearest key */
        {TABLE("\"layers\": [0, 1]"), "row 1: \"folder\""},
        {TABLE("\"folder\": \"f\", \"layers\": [3, 1]"), "[first, last]"},
        {TABLE("\"folder\": \"f\", \"layers\": [0.5, 1]"), "[first, last]"},
        {TABLE("\"folder\": \"f\", \"layers\": [-1, 1]"), "layers"},
        {TABLE("\"folder\": \"f\", \"layers\": [0, 1e9]"), "layers"},
        {TABLE("\"folder\": \"f\", \"layers\": [0, 2], \"picks\": [1, 2]"), "3 layers"},
        {TABLE("\"folder\": \"f\", \"layers\": [0, 2], \"norm_scaling_factor\": [1]"), "3 layers"},
        {TABLE("\"folder\": \"f\", \"norm_scaling_factor\": 0"), "norm_scaling_factor"},
        {TABLE("\"folder\": \"f\", \"norm_scaling_factor\": \"a\""), "norm_scaling_factor"},
        {TABLE("\"folder\": \"f\", \"prepend_bos\": 1"), "prepend_bos"},
        {TABLE("\"folder\": \"f\", \"context\": -1"), "context"},
        {TABLE("\"folder\": \"f\", \"context\": 1e15"), "context"},
        {TABLE("\"folder\": \"../../x\""), "no repository can have"},
        {TABLE("\"folder\": \"/x\""), "no repository can have"},
        {"{\"releases\": [{\"release\": \"a/b\", \"id\": \"i\", \"repo\": \"a/b\","
         " \"folder\": \"\"}]}",
         "release"},
        {"{\"releases\": [{\"release\": \"r\", \"id\": \"i\", \"repo\": \"../b\","
         " \"folder\": \"\"}]}",
         "no repository can have"}};
    const char *path = scratch("damaged.json");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        put_file(path, cases[i][0]);
        const char *said = refusal("r/i", path);
        assert_true(says(said, cases[i][1]));
        if (!strstr(cases[i][1], "no repository"))
            assert_true(says(said, path));
    }
    assert_true(says(refusal("r/i", scratch("missing.json")), "missing.json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(as_saelens_lists_them, free_arena),
        cmocka_unit_test_teardown(every_row_resolves, free_arena),
        cmocka_unit_test_teardown(best_known, free_arena),
        cmocka_unit_test_teardown(canonical_l0, free_arena),
        cmocka_unit_test_teardown(nearest_names, free_arena),
        cmocka_unit_test_teardown(users_table, free_arena),
        cmocka_unit_test_teardown(damaged_tables, free_arena),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
