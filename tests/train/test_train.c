/* The whole making of a built-in model, tiny: its files are there and load, measuring them again
 * gives the same figures, an SAE can be made anew for a kept model, bad options are refused. */
#include "test.h"

#include "base/io.h"
#include "base/json.h"
#include "base/memory.h"
#include "model/transformer.h"
#include "sae/sae.h"
#include "train/train.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct fixture {
    char dir[64];
    arena paths;
    pool *p;
    backend *be;
} fixture;

static int set_up(void **state)
{
    fixture *x = mem_small(1, sizeof *x);
    err e = {0};
    snprintf(x->dir, sizeof x->dir, "/tmp/test_train.XXXXXX");
    assert_non_null(mkdtemp(x->dir));
    x->p = pool_new(2);
    assert_int_equal(backend_cpu(&x->be, x->p, &e), OK);
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    fixture *x = *state;
    err e = {0};
    io_remove_tree(x->dir, &e);
    backend_free(x->be);
    pool_free(x->p);
    arena_release(&x->paths);
    mem_free(x);
    return 0;
}

static train_options tiny(const fixture *x)
{
    train_options o = train_defaults(x->dir);
    o.d_vocab = 400;
    o.n_layers = 2;
    o.d_model = 16;
    o.n_heads = 2;
    o.d_mlp = 32;
    o.context = 32;
    o.tokenizer_documents = 200;
    o.lm_batch = 8;
    o.lm_rate = 1e-2;
    o.lm_steps = 200;
    o.d_sae = 64;
    o.sae_batch = 64;
    o.sae_k = 4;
    o.sae_steps = 400;
    o.evaluate_windows = 256;
    return o;
}

static const char *const results[] = {
    "model/config.json",
    "model/model.safetensors",
    "model/tokenizer.json",
    "sae/cfg.json",
    "sae/sae_weights.safetensors",
    "sae/sparsity.safetensors",
    "training/lm.csv",
    "training/sae.csv",
    "training/evaluation.json",
    "training/concepts.csv",
};

static char *read_whole(fixture *x, const char *name)
{
    str text = {0};
    err e = {0};
    assert_int_equal(io_read(&text, path_join(&x->paths, x->dir, name), 1 << 22, &e), OK);
    char *copy = arena_strndup(&x->paths, text.data, text.len);
    str_release(&text);
    return copy;
}

/* Figures a training of seconds must reach, and bounds that hold for any. */
static void check_figures(fixture *x)
{
    cJSON *root;
    err e = {0};
    const char *text = read_whole(x, "training/evaluation.json");
    assert_int_equal(json_parse(&root, text, strlen(text), "evaluation.json", &e), OK);
    static const struct {
        const char *key;
        double least, most;
    } rows[] = {
        {"validation_loss", 1, 5.9},    /* below ln 400 = 5.99 */
        {"source_entropy", 0.2, 2},     /* what the grammar leaves open */
        {"explained_variance", 0.2, 1}, /* better than the mean */
        {"loss_recovered", 0.2, 1.1},   /* better than zeros */
        {"mean_l0", 1, 16},             /* near k */
        {"dead_share", 0, 1},
        {"feature_tokens", 256 * 25, 256 * 31}, /* BOS left out */
        {"concepts", 60, 128},
        {"mean_f1", 0.01, 1},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        double value;
        if (json_double(&value, root, rows[i].key, "evaluation.json", &e))
            fail_msg("%s", e.text);
        if (!(value >= rows[i].least && value <= rows[i].most))
            fail_msg("%s is %g, expected %g to %g", rows[i].key, value, rows[i].least,
                     rows[i].most);
    }
    cJSON_Delete(root);
}

static void test_all(void **state)
{
    fixture *x = *state;
    train_options o = tiny(x);
    err e = {0};
    if (train_builtin(&o, x->be, NULL, &e))
        fail_msg("%s", e.text);
    for (size_t i = 0; i < COUNT_OF(results); i++)
        assert_true(io_exists(path_join(&x->paths, x->dir, results[i])));
    assert_false(io_exists(path_join(&x->paths, x->dir, "checkpoint")));
    check_figures(x);

    files model_files = files_from_dir(path_join(&x->paths, x->dir, "model"));
    files sae_files = files_from_dir(path_join(&x->paths, x->dir, "sae"));
    model *m;
    sae *s = NULL;
    if (model_load(&m, x->be, &model_files, &e) || sae_load(&s, x->be, &sae_files, NULL, &e))
        fail_msg("%s", e.text);
    assert_string_equal(sae_describe(s)->hook, "blocks.0.hook_resid_post");
    assert_non_null(sae_log_sparsity(s));
    sae_free(s);
    model_free(m);

    /* measured again from the files */
    const char *figures = read_whole(x, "training/evaluation.json");
    const char *concepts = read_whole(x, "training/concepts.csv");
    o.evaluate_only = true;
    if (train_builtin(&o, x->be, NULL, &e))
        fail_msg("%s", e.text);
    assert_string_equal(read_whole(x, "training/evaluation.json"), figures);
    assert_string_equal(read_whole(x, "training/concepts.csv"), concepts);

    /* another SAE for the same model */
    const char *weights = read_whole(x, "model/config.json");
    o.evaluate_only = false;
    o.keep_model = true;
    o.sae_k = 6;
    if (train_builtin(&o, x->be, NULL, &e))
        fail_msg("%s", e.text);
    assert_string_equal(read_whole(x, "model/config.json"), weights);
    assert_string_not_equal(read_whole(x, "training/evaluation.json"), figures);
}

static void test_bad_options(void **state)
{
    fixture *x = *state;
    train_options rows[] = {tiny(x), tiny(x), tiny(x), tiny(x), tiny(x)};
    rows[0].lm_batch = 12;       /* not whole groups of windows */
    rows[1].d_model = 17;        /* heads do not divide it */
    rows[2].sae_k = 65;          /* more active features than there are */
    rows[3].sae_batch = 1 << 20; /* more than a chunk holds */
    rows[4].hook = "blocks.9.hook_resid_post";
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        err e = {0};
        rows[i].lm_steps = 1;
        assert_int_equal(train_builtin(&rows[i], x->be, NULL, &e), E_CONFIG);
        assert_true(e.text[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_options, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
