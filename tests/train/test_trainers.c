/* Both trainers on a tiny model: they learn, a run that was stopped and resumed ends with the same
 * bytes as one that was not, and a checkpoint of another run is refused. */
#include "test.h"

#include "base/io.h"
#include "base/memory.h"
#include "train/bpe.h"
#include "train/lm.h"
#include "train/sae_train.h"
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRAIN_ARGUMENT "--train-both"

enum { VOCAB = 400, CONTEXT = 32, GROUP = 4 };

/* The world, a tokenizer trained on a little of it, and a folder for this test. */
typedef struct fixture {
    world *w;
    tokenizer *t;
    pool *p;
    backend *be;
    char dir[64];
} fixture;

static fixture *fixture_make(void)
{
    fixture *x = mem_small(1, sizeof *x);
    err e = {0};
    x->w = world_new();
    x->p = pool_new(2);
    bpe_counter *counter = bpe_counter_new();
    world_text text = {0};
    for (uint64_t i = 0; i < 200; i++) {
        world_document(&text, x->w, 1, i);
        assert_int_equal(bpe_count(counter, text.text.data, text.text.len, &e), OK);
    }
    str json = {0};
    assert_int_equal(bpe_train(&json, counter, VOCAB, &e), OK);
    assert_int_equal(tokenizer_parse(&x->t, json.data, json.len, "test", &e), OK);
    assert_int_equal(backend_cpu(&x->be, x->p, &e), OK);
    str_release(&json);
    world_text_release(&text);
    bpe_counter_free(counter);
    return x;
}

static void fixture_free(fixture *x)
{
    backend_free(x->be);
    pool_free(x->p);
    tokenizer_free(x->t);
    world_free(x->w);
    mem_free(x);
}

static int set_up(void **state)
{
    fixture *x = fixture_make();
    snprintf(x->dir, sizeof x->dir, "/tmp/test_trainers.XXXXXX");
    assert_non_null(mkdtemp(x->dir));
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    fixture *x = *state;
    err e = {0};
    io_remove_tree(x->dir, &e);
    fixture_free(x);
    return 0;
}

static text_stream stream_of(const fixture *x, uint64_t seed)
{
    return (text_stream){.world = x->w,
                         .tokens = x->t,
                         .pool = x->p,
                         .seed = seed,
                         .context = CONTEXT,
                         .group = GROUP};
}

static lm_options tiny_lm(long steps)
{
    model_config c = config_start(FAMILY_GPT_NEOX);
    c.n_layers = 2;
    c.d_model = 16;
    c.n_heads = c.n_kv_heads = 2;
    c.d_head = 8;
    c.d_mlp = 32;
    c.d_vocab = VOCAB;
    c.context = CONTEXT;
    c.rotary = 2;
    c.bos = c.eos = 0;
    return (lm_options){.model = c,
                        .optimiser = {.peak_rate = 1e-2f,
                                      .warmup = 2,
                                      .decay = steps,
                                      .steps = steps,
                                      .beta1 = 0.9f,
                                      .beta2 = 0.98f,
                                      .eps = 1e-8f,
                                      .weight_decay = 0.1f,
                                      .max_norm = 1},
                        .batch = 8,
                        .part = 4,
                        .seed = 5,
                        .report_every = 3,
                        .save_every = 4,
                        .validation_windows = 8};
}

/* A folder of the test's own under the fixture's. */
static char *folder(const fixture *x, const char *name, arena *a)
{
    err e = {0};
    char *dir = path_join(a, x->dir, name);
    assert_int_equal(io_make_dir(dir, &e), OK);
    return dir;
}

static void assert_same_file(const char *dir_a, const char *dir_b, const char *name)
{
    arena paths = {0};
    str a = {0}, b = {0};
    err e = {0};
    assert_int_equal(io_read(&a, path_join(&paths, dir_a, name), 1 << 24, &e), OK);
    assert_int_equal(io_read(&b, path_join(&paths, dir_b, name), 1 << 24, &e), OK);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.data, b.data, a.len);
    str_release(&b);
    str_release(&a);
    arena_release(&paths);
}

static model *train(const fixture *x, const lm_options *o, const char *dir)
{
    text_stream text = stream_of(x, 11), validation = stream_of(x, 12);
    model *m;
    err e = {0};
    if (lm_train(&m, x->be, o, &text, &validation, dir, dir, NULL, &e))
        fail_msg("%s", e.text);
    return m;
}

static sae_train_options tiny_sae(long steps)
{
    return (sae_train_options){.learner = {.d_in = 16,
                                           .d_sae = 64,
                                           .batch = 64,
                                           .k = 4,
                                           .dead_after = 5,
                                           .k_aux = 4,
                                           .aux_weight = 0.1f,
                                           .threshold_rate = 0.1f,
                                           .seed = 6,
                                           .optimiser = {.peak_rate = 3e-3f,
                                                         .warmup = 2,
                                                         .decay = steps / 2,
                                                         .steps = steps,
                                                         .beta1 = 0.9f,
                                                         .beta2 = 0.999f,
                                                         .eps = 1e-8f,
                                                         .max_norm = 1}},
                               .hook = "blocks.0.hook_resid_post",
                               .model_name = "test",
                               .chunk_windows = 16,
                               .part = 8,
                               .report_every = 7,
                               .save_every = 6};
}

/* Trains a model of few steps and an SAE on it; what a killed run does and a resumed one repeats.
 */
static err_code train_both(const fixture *x, const char *dir, err *e)
{
    lm_options lm = tiny_lm(30);
    sae_train_options o = tiny_sae(150);
    text_stream text = stream_of(x, 11), validation = stream_of(x, 12), fresh = stream_of(x, 13);
    model *m = NULL;
    sae *s = NULL;
    err_code rc = lm_train(&m, x->be, &lm, &text, &validation, dir, dir, NULL, e);
    if (!rc)
        rc = sae_train(&s, m, &o, &fresh, dir, dir, NULL, e);
    if (!rc)
        rc = sae_save(s, NULL, dir, e);
    sae_free(s);
    model_free(m);
    return rc;
}

/* Runs train_both in a process of its own, which gets `number` as soon as `file` is there. The
 * process is this program again (see main): threads do not survive a fork alone. */
static void train_and_stop(const char *dir, const char *file, int number)
{
    arena paths = {0};
    const char *checkpoint = path_join(&paths, dir, file);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execl("/proc/self/exe", "test_trainers", TRAIN_ARGUMENT, dir, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 60000 && !io_exists(checkpoint); i++)
        usleep(1000);
    kill(child, number);
    waitpid(child, NULL, 0);
    assert_true(io_exists(checkpoint));
    arena_release(&paths);
}

static const struct {
    const char *name, *file;
    int signal;
} stops[] = {
    {"killed-lm", "lm.safetensors", SIGKILL},   /* power cut while the language model trains */
    {"asked-lm", "lm.safetensors", SIGTERM},    /* a checkpoint at whatever step it was */
    {"killed-sae", "sae.safetensors", SIGKILL}, /* the model is finished, the SAE is not */
    {"asked-sae", "sae.safetensors", SIGTERM},
};

static void test_resume(void **state)
{
    const fixture *x = *state;
    arena a = {0};
    err e = {0};
    const char *whole = folder(x, "whole", &a);
    assert_int_equal(train_both(x, whole, &e), OK);
    for (size_t i = 0; i < COUNT_OF(stops); i++) {
        const char *dir = folder(x, stops[i].name, &a);
        train_and_stop(dir, stops[i].file, stops[i].signal);
        if (train_both(x, dir, &e))
            fail_msg("%s", e.text);
        static const char *const results[] = {"lm.safetensors",          "lm.csv",
                                              "sae.safetensors",         "sae.csv",
                                              "sae_weights.safetensors", "cfg.json"};
        for (size_t f = 0; f < COUNT_OF(results); f++)
            assert_same_file(whole, dir, results[f]);
    }
    arena_release(&a);
}

/* A finished checkpoint made with another learning rate is not silently taken for this run's. */
static void test_other_options(void **state)
{
    const fixture *x = *state;
    arena a = {0};
    const char *dir = folder(x, "options", &a);
    lm_options o = tiny_lm(6);
    model_free(train(x, &o, dir));
    o.optimiser.peak_rate = 2e-2f;
    text_stream text = stream_of(x, 11);
    model *m;
    err e = {0};
    assert_int_equal(lm_train(&m, x->be, &o, &text, &text, dir, dir, NULL, &e), E_CONFIG);
    assert_non_null(strstr(e.text, "lm.safetensors was made with other options"));
    assert_null(m);
    arena_release(&a);
}

/* A checkpoint cut short by a broken disk is an error with its name, not a crash. */
static void test_broken_checkpoint(void **state)
{
    const fixture *x = *state;
    arena a = {0};
    const char *dir = folder(x, "broken", &a);
    lm_options o = tiny_lm(6);
    model_free(train(x, &o, dir));
    assert_int_equal(truncate(path_join(&a, dir, "lm.safetensors"), 5000), 0);
    text_stream text = stream_of(x, 11);
    model *m;
    err e = {0};
    assert_int_equal(lm_train(&m, x->be, &o, &text, &text, dir, dir, NULL, &e), E_FORMAT);
    assert_non_null(strstr(e.text, "lm.safetensors"));
    arena_release(&a);
}

static void test_lm_learns(void **state)
{
    const fixture *x = *state;
    arena a = {0};
    lm_options o = tiny_lm(40);
    char *dir = folder(x, "learns", &a);
    model *m = train(x, &o, dir);
    text_stream text = stream_of(x, 99);
    double loss;
    err e = {0};
    assert_int_equal(lm_loss(&loss, m, &text, 0, 16, 8, &e), OK);
    assert_true(loss < 0.9 * log(VOCAB)); /* well below guessing */
    double other_part;
    assert_int_equal(lm_loss(&other_part, m, &text, 0, 16, 4, &e), OK);
    assert_true(fabs(loss - other_part) < 1e-6);
    model_free(m);
    arena_release(&a);
}

static void test_sae_learns(void **state)
{
    const fixture *x = *state;
    arena a = {0};
    const char *dir = folder(x, "sae", &a);
    lm_options lm = tiny_lm(20);
    model *m = train(x, &lm, dir);
    sae_train_options o = tiny_sae(300);
    text_stream fresh = stream_of(x, 13);
    sae *s;
    err e = {0};
    if (sae_train(&s, m, &o, &fresh, dir, dir, NULL, &e))
        fail_msg("%s", e.text);
    str csv = {0};
    assert_int_equal(io_read(&csv, path_join(&a, dir, "sae.csv"), 1 << 20, &e), OK);
    double first = 0, last = 0; /* explained variance, the fourth column */
    for (char *line = strchr(csv.data, '\n') + 1; *line; line = strchr(line, '\n') + 1) {
        double value;
        assert_int_equal(sscanf(line, "%*f,%*f,%*f,%lf", &value), 1);
        first = line == strchr(csv.data, '\n') + 1 ? value : first;
        last = value;
    }
    assert_true(last > first && last > 0.6);
    str_release(&csv);
    sae_free(s);
    o.hook = "blocks.7.hook_resid_post";
    assert_int_equal(sae_train(&s, m, &o, &fresh, dir, dir, NULL, &e), E_CONFIG);
    model_free(m);
    arena_release(&a);
}

/* What the child of train_and_stop does. */
static int train_until_stopped(const char *dir)
{
    fixture *x = fixture_make();
    err e = {0};
    cancel_install();
    err_code rc = train_both(x, dir, &e);
    fixture_free(x);
    return (int)rc;
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], TRAIN_ARGUMENT))
        return train_until_stopped(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lm_learns),
        cmocka_unit_test(test_sae_learns),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_other_options),
        cmocka_unit_test(test_broken_checkpoint),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
