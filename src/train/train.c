/* The order in which the built-in model is made. */
#include "train/train.h"
#include "base/io.h"
#include "base/memory.h"
#include "train/bpe.h"
#include "train/evaluate.h"
#include "train/lm.h"
#include "train/sae_train.h"
#include <stdio.h>
#include <string.h>

enum { TEXT_GROUP = 8, PART = 16 };

typedef struct workshop {
    const train_options *o;
    backend *be;
    reporter *r;
    arena memory; /* of the paths */
    const char *model_dir, *sae_dir, *training_dir, *checkpoint_dir;
    world *w;
    tokenizer *t;
    model *m;
    sae *s;
} workshop;

train_options train_defaults(const char *out)
{
    return (train_options){.out = out,
                           .seed = 1,
                           .d_vocab = 2048,
                           .n_layers = 6,
                           .d_model = 128,
                           .n_heads = 4,
                           .d_mlp = 512,
                           .context = 128,
                           .rotary_share = 0.25,
                           .tokenizer_documents = 20000,
                           .lm_batch = 16,
                           .lm_steps = 3600,
                           .lm_rate = 2.5e-3,
                           .d_sae = 4096,
                           .sae_batch = 2048,
                           .sae_k = 12,
                           .sae_rate = 2e-3,
                           .sae_steps = 8000,
                           .evaluate_windows = 8192};
}

static text_stream stream_of(const workshop *b, const char *purpose)
{
    return (text_stream){.world = b->w,
                         .tokens = b->t,
                         .pool = b->be->pool,
                         .seed = text_seed(b->o->seed, purpose),
                         .context = b->o->context,
                         .group = TEXT_GROUP};
}

/* ---- parts -------------------------------------------------------------------------------------
 */

static err_code make_tokenizer(workshop *b, err *e)
{
    const train_options *o = b->o;
    bpe_counter *counter = bpe_counter_new();
    world_text text = {0};
    str json = {0};
    uint64_t seed = text_seed(o->seed, "tokenizer text");
    progress bar = progress_start(b->r, "tokenizer", o->tokenizer_documents);
    err_code rc = OK;
    for (int i = 0; i < o->tokenizer_documents && !rc; i++) {
        world_document(&text, b->w, seed, (uint64_t)i);
        rc = bpe_count(counter, text.text.data, text.text.len, e);
        if (!rc)
            rc = cancel_check(e);
        progress_step(&bar, i + 1, NULL);
    }
    progress_end(&bar);
    if (!rc)
        rc = bpe_train(&json, counter, o->d_vocab, e);
    if (!rc)
        rc =
            io_write(path_join(&b->memory, b->model_dir, "tokenizer.json"), json.data, json.len, e);
    str_release(&json);
    world_text_release(&text);
    bpe_counter_free(counter);
    return rc;
}

static err_code open_tokenizer(workshop *b, err *e)
{
    files folder = files_from_dir(b->model_dir);
    return tokenizer_open(&b->t, &folder, e);
}

static model_config config_of(const train_options *o)
{
    model_config c = config_start(FAMILY_GPT_NEOX);
    c.n_layers = o->n_layers;
    c.d_model = o->d_model;
    c.n_heads = o->n_heads;
    c.n_kv_heads = o->n_heads;
    c.d_head = o->d_model / o->n_heads;
    c.d_mlp = o->d_mlp;
    c.d_vocab = o->d_vocab;
    c.context = o->context;
    c.rotary = (int)(c.d_head * o->rotary_share);
    c.bos = TEXT_BOS;
    c.eos = TEXT_BOS;
    return c;
}

static err_code make_model(workshop *b, err *e)
{
    const train_options *o = b->o;
    text_stream train = stream_of(b, "language model text");
    text_stream validation = stream_of(b, "validation curve text");
    lm_options lm = {.model = config_of(o),
                     .optimiser = {.peak_rate = (float)o->lm_rate,
                                   .final_share = 0.02f,
                                   .warmup = o->lm_steps / 20 + 1,
                                   .decay = o->lm_steps - o->lm_steps / 20 - 1,
                                   .steps = o->lm_steps,
                                   .beta1 = 0.9f,
                                   .beta2 = 0.98f,
                                   .eps = 1e-8f,
                                   .weight_decay = 0.05f,
                                   .max_norm = 1},
                     .batch = o->lm_batch,
                     .part = o->lm_batch < PART ? o->lm_batch : PART,
                     .seed = o->seed,
                     .report_every = 50,
                     .save_every = 200,
                     .validation_windows = 64};
    err_code rc = lm_train(&b->m, b->be, &lm, &train, &validation, b->checkpoint_dir,
                           b->training_dir, b->r, e);
    return rc ? rc : model_save(b->m, b->model_dir, e);
}

static err_code make_sae(workshop *b, err *e)
{
    const train_options *o = b->o;
    char hook_name[64];
    snprintf(hook_name, sizeof hook_name, "blocks.%d.hook_resid_post", o->n_layers / 2 - 1);
    text_stream text = stream_of(b, "sae text");
    sae_train_options s = {
        .learner = {.d_in = o->d_model,
                    .d_sae = o->d_sae,
                    .batch = o->sae_batch,
                    .k = (float)o->sae_k,
                    .dead_after = 100,
                    .k_aux = o->d_model / 2,
                    .aux_weight = 1.0f / 32,
                    .threshold_rate = 0.01f,
                    .optimiser = {.peak_rate = (float)o->sae_rate,
                                  .warmup = o->sae_steps / 20 + 1,
                                  .decay = o->sae_steps / 3,
                                  .steps = o->sae_steps,
                                  .beta1 = 0.9f,
                                  .beta2 = 0.999f,
                                  .eps = 1e-8f,
                                  .max_norm = 1},
                    .seed = o->seed},
        .hook = o->hook ? o->hook : hook_name,
        .model_name = "saeinv-builtin",
        .chunk_windows = 512,
        .part = PART,
        .report_every = 50,
        .save_every = 500,
    };
    return sae_train(&b->s, b->m, &s, &text, b->checkpoint_dir, b->training_dir, b->r, e);
}

static err_code load_model(workshop *b, files *folder, err *e)
{
    *folder = files_from_dir(b->model_dir);
    return model_load(&b->m, b->be, folder, e);
}

/* The SAE is saved last of all: its sparsity file is one of the measurements. */
static err_code measure_and_save(workshop *b, err *e)
{
    evaluate_options o = {.part = PART,
                          .validation_windows = 512,
                          .splice_windows = 256,
                          .feature_windows = b->o->evaluate_windows,
                          .concept_windows = b->o->evaluate_windows / 8,
                          .entropy_documents = 4000,
                          .seed = b->o->seed};
    evaluation v;
    size_t F = (size_t)sae_describe(b->s)->d_sae;
    float *frequency_F = mem_array(F, sizeof *frequency_F, "feature frequencies", e);
    if (!frequency_F)
        return e->code;
    err_code rc = evaluate(&v, frequency_F, b->m, b->s, b->w, b->t, &o, b->training_dir, b->r, e);
    if (!rc)
        rc = sae_save(b->s, frequency_F, b->sae_dir, e);
    mem_free(frequency_F);
    return rc;
}

/* ---- all ---------------------------------------------------------------------------------------
 */

static err_code check_options(const train_options *o, const backend *be, err *e)
{
    if (!strcmp(be->name, "cuda"))
        return err_set(e, E_CONFIG, "training runs on the cpu: use backend cpu");
    if (o->lm_batch < TEXT_GROUP || o->lm_batch % TEXT_GROUP || o->lm_steps < 1 || o->sae_steps < 1)
        return err_set(e, E_CONFIG,
                       "a batch is a multiple of %d windows (is %d), and steps are "
                       "positive (are %ld and %ld)",
                       TEXT_GROUP, o->lm_batch, o->lm_steps, o->sae_steps);
    if (o->n_layers < 2 || o->n_heads < 1 || o->d_model % o->n_heads || o->context < 16)
        return err_set(e, E_CONFIG,
                       "a model has at least 2 layers (has %d), a width (%d) that its "
                       "heads (%d) divide, and a context of at least 16 (is %d)",
                       o->n_layers, o->d_model, o->n_heads, o->context);
    if (o->sae_k < 1 || o->sae_k > o->d_sae || o->sae_batch < 1 ||
        o->sae_batch > 256 * (o->context - 1))
        return err_set(e, E_CONFIG, "k is 1 to d_sae (%g, %d), an SAE batch at most %d tokens (%d)",
                       o->sae_k, o->d_sae, 256 * (o->context - 1), o->sae_batch);
    return OK;
}

static err_code make_dirs(workshop *b, err *e)
{
    const char **dirs[] = {&b->model_dir, &b->sae_dir, &b->training_dir, &b->checkpoint_dir};
    const char *names[] = {"model", "sae", "training", "checkpoint"};
    err_code rc = OK;
    for (size_t i = 0; i < COUNT_OF(dirs) && !rc; i++) {
        *dirs[i] = path_join(&b->memory, b->o->out, names[i]);
        rc = io_make_dir(*dirs[i], e);
    }
    return rc;
}

/* The tokenizer is kept when a checkpoint made with it is there. */
static err_code make_all(workshop *b, err *e)
{
    files folder; /* must outlive the model's use of its mapped weights */
    bool going_on = io_exists(path_join(&b->memory, b->checkpoint_dir, "lm.safetensors"));
    err_code rc = going_on || b->o->keep_model ? OK : make_tokenizer(b, e);
    if (!rc)
        rc = open_tokenizer(b, e);
    if (!rc)
        rc = b->o->keep_model ? load_model(b, &folder, e) : make_model(b, e);
    if (!rc)
        rc = make_sae(b, e);
    if (!rc)
        rc = measure_and_save(b, e);
    return rc ? rc : io_remove_tree(b->checkpoint_dir, e);
}

static err_code measure_existing(workshop *b, err *e)
{
    files model_files, sae_files = files_from_dir(b->sae_dir);
    err_code rc = open_tokenizer(b, e);
    if (!rc)
        rc = load_model(b, &model_files, e);
    if (!rc)
        rc = sae_load(&b->s, b->be, &sae_files, NULL, e);
    if (!rc)
        rc = measure_and_save(b, e);
    return rc;
}

err_code train_builtin(const train_options *o, backend *be, reporter *r, err *e)
{
    workshop b = {.o = o, .be = be, .r = r};
    err_code rc = check_options(o, be, e);
    if (!rc)
        rc = make_dirs(&b, e);
    if (!rc) {
        b.w = world_new();
        rc = o->evaluate_only ? measure_existing(&b, e) : make_all(&b, e);
    }
    sae_free(b.s);
    model_free(b.m);
    tokenizer_free(b.t);
    if (b.w)
        world_free(b.w);
    arena_release(&b.memory);
    return rc;
}
