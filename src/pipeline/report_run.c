/* The record's first part: what was run, with what, and how to run it again. */
#include "base/memory.h"
#include "pipeline/places.h"
#include "pipeline/report.h"
#include "pipeline/version.h"
#include <ctype.h>
#include <string.h>

/* The types that matrices are stored in: "BF16". */
static const char *stored_types(study *s)
{
    static const char *const names[] = {
        [NUMBER_F32] = "F32", [NUMBER_F16] = "F16", [NUMBER_BF16] = "BF16"};
    bool present[COUNT_OF(names)] = {0};
    parameter *list;
    int n = model_parameters(&list, s->model);
    for (int i = 0; i < n; i++)
        if (list[i].decays) /* a matrix; vectors are widened when they are read */
            present[list[i].type] = true;
    const char *types = "";
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (present[i])
            types = arena_printf(&s->memory, "%s%s%s", types, *types ? ", " : "", names[i]);
    return types;
}

static record_model describe_model(study *s)
{
    const model_config *c = model_describe(s->model);
    return (record_model){.source = place_shown(s->model_files.label, &s->memory),
                          .family = config_family_name(c->family),
                          .n_layers = c->n_layers,
                          .d_model = c->d_model,
                          .n_heads = c->n_heads,
                          .n_kv_heads = c->n_kv_heads,
                          .d_head = c->d_head,
                          .d_mlp = c->d_mlp,
                          .d_vocab = c->d_vocab,
                          .context = c->context,
                          .n_parameters = (int64_t)config_parameters(c),
                          .stored = stored_types(s),
                          .sha256 = s->model_sha256,
                          .tokenizer_sha256 = s->tokenizer_sha256};
}

static record_sae describe_sae(study *s)
{
    const sae_config *c = sae_describe(s->sae);
    char *architecture = arena_push(&s->memory, SAE_ARCHITECTURE_TEXT, 1);
    char *processing = arena_push(&s->memory, SAE_PROCESSING_TEXT, 1);
    return (record_sae){.source = place_shown(s->sae_label, &s->memory),
                        .architecture = sae_architecture_name(architecture, c),
                        .hook = s->hook.head < 0 ? s->hook.name
                                                 : arena_printf(&s->memory, "%s, head %d",
                                                                s->hook.name, s->hook.head),
                        .hook_out = c->hook_out,
                        .layout = sae_layout_name(s->sae),
                        .trained_on = c->model,
                        .processing = sae_processing_text(processing, c),
                        .layer = s->hook.layer,
                        .d_in = c->d_in,
                        .d_sae = c->d_sae,
                        .normalisation = sae_normalization_name(c),
                        .apply_b_dec = c->apply_b_dec_to_input,
                        .notes = s->sae_notes,
                        .sha256 = s->sae_sha256};
}

static record_data describe_data(study *s)
{
    record_data d = {.source = place_shown(s->config->collect.data, &s->memory),
                     .n_prompts = s->prompts.n,
                     .n_tokens = s->collected.n_tokens,
                     .n_special = s->collected.n_special,
                     .sha256 = s->data_sha256};
    for (int i = 0; i < s->prompts.n; i++) {
        int length = prompts_length(&s->prompts, i) - (s->bos >= 0);
        if (i == 0 || length < d.min_tokens)
            d.min_tokens = length;
        if (length > d.max_tokens)
            d.max_tokens = length;
    }
    return d;
}

/* Keys that cannot change the result (threads, caching) are left out: two runs that differ only
 * there are the same run. */
static void describe_config(record_run *run, study *s)
{
    int n;
    const config_key *keys = run_config_keys(&n);
    sha256 hash;
    char *hex = arena_push(&s->memory, SHA256_HEX, 1);
    sha256_start(&hash);
    run->config = arena_push(&s->memory, (size_t)n, sizeof *run->config);
    for (int i = 0; i < n; i++) {
        if (!keys[i].affects_result)
            continue;
        str value = {0};
        run_config_value(&value, s->config, &keys[i]);
        const char *shown = place_shown(str_text(&value), &s->memory);
        const char *dot = strchr(keys[i].name, '.');
        run->config[run->n_config++] = (record_config){
            .group = arena_strndup(&s->memory, keys[i].name, (size_t)(dot - keys[i].name)),
            .key = dot + 1,
            .value = shown,
            .unit = keys[i].unit,
            .description = keys[i].help,
            .default_value = keys[i].initial,
            .is_default = !strcmp(str_text(&value), keys[i].initial)};
        sha256_add(&hash, keys[i].name, strlen(keys[i].name) + 1);
        sha256_add(&hash, shown, strlen(shown) + 1);
        str_release(&value);
    }
    sha256_finish(&hash, hex);
    run->config_sha256 = hex;
}

/* The keys that differ from their defaults, as a command that repeats the run. The report's own
 * place is left out: two equal runs into two folders are equal. */
static const char *repeat_command(const record_run *run, arena *a)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/,+";
    str command = {0};
    str_add(&command, "saeinv run");
    for (int i = 0; i < run->n_config; i++) {
        const record_config *c = &run->config[i];
        bool bare = c->value[0] && !c->value[strspn(c->value, plain)];
        if (!c->is_default)
            str_addf(&command, bare ? " --set %s.%s=%s" : " --set '%s.%s=%s'", c->group, c->key,
                     c->value);
    }
    const char *kept = arena_strdup(a, str_text(&command));
    str_release(&command);
    return kept;
}

static const char *title_of(study *s)
{
    if (s->config->run.title[0])
        return s->config->run.title;
    char *title = arena_printf(&s->memory, "%s, %s", place_shown(s->model_files.label, &s->memory),
                               s->hook.name);
    if (!s->model_files.dir) /* the built-in model's label is words, a folder's is a name */
        title[0] = (char)toupper((unsigned char)title[0]);
    return title;
}

void report_run(record *r, study *s)
{
    static const char *const precisions[] = {
        [PRODUCTS_F32] = "fp32", [PRODUCTS_TF32] = "tf32", [PRODUCTS_BF16] = "bf16"};
    r->run = (record_run){.title = title_of(s),
                          .label = place_shown(s->sae_label, &s->memory),
                          .tool_version = SAEINV_VERSION,
                          .commit = version_commit(),
                          .modified = version_modified(),
                          .seed = arena_printf(&s->memory, "%lld", (long long)s->config->run.seed),
                          .backend = s->backend->name,
                          .precision = precisions[s->backend->products],
                          .reproducibility = s->backend->in_host_memory ? "bitwise" : "tolerance",
                          .model = describe_model(s),
                          .sae = describe_sae(s),
                          .data = describe_data(s)};
    describe_config(&r->run, s);
    r->run.command = repeat_command(&r->run, &s->memory);
    r->run.libraries = version_libraries(&r->run.n_libraries, &s->memory);
}
