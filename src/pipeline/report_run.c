/* The record's first part: what was run, with what, and how to run it again. */
#include "base/memory.h"
#include "pipeline/report.h"
#include "pipeline/version.h"
#include <string.h>

static record_model describe_model(const study *s)
{
    const model_config *c = model_describe(s->model);
    return (record_model){.source = s->model_files.label,
                          .family = "GPT-NeoX",
                          .n_layers = c->n_layers,
                          .d_model = c->d_model,
                          .n_heads = c->n_heads,
                          .d_mlp = c->d_mlp,
                          .d_vocab = c->d_vocab,
                          .context = c->context,
                          .n_parameters = (int64_t)config_parameters(c),
                          .sha256 = s->model_sha256};
}

static record_sae describe_sae(const study *s)
{
    static const char *const normalisations[] = {
        [SAE_NORMALIZE_NONE] = "none",
        [SAE_NORMALIZE_NORM] = "constant_norm_rescale",
        [SAE_NORMALIZE_LAYER_NORM] = "layer_norm",
    };
    const sae_config *c = sae_describe(s->sae);
    return (record_sae){.source = s->sae_files.label,
                        .architecture = c->architecture == SAE_JUMPRELU ? "jumprelu" : "standard",
                        .hook = s->hook.name,
                        .layer = s->hook.layer,
                        .d_in = c->d_in,
                        .d_sae = c->d_sae,
                        .normalisation = normalisations[c->normalization],
                        .apply_b_dec = c->apply_b_dec_to_input,
                        .sha256 = s->sae_sha256};
}

static record_data describe_data(const study *s)
{
    record_data d = {.source = s->config->collect.data,
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
        const char *dot = strchr(keys[i].name, '.');
        run->config[run->n_config++] = (record_config){
            .group = arena_strndup(&s->memory, keys[i].name, (size_t)(dot - keys[i].name)),
            .key = dot + 1,
            .value = arena_strdup(&s->memory, str_text(&value)),
            .unit = keys[i].unit,
            .description = keys[i].help,
            .default_value = keys[i].initial,
            .is_default = !strcmp(str_text(&value), keys[i].initial)};
        sha256_add(&hash, keys[i].name, strlen(keys[i].name) + 1);
        sha256_add(&hash, str_text(&value), value.len + 1);
        str_release(&value);
    }
    sha256_finish(&hash, hex);
    run->config_sha256 = hex;
}

static const char *title_of(study *s)
{
    if (s->config->run.title[0])
        return s->config->run.title;
    return arena_printf(&s->memory, "%s, %s", s->model_files.label, s->hook.name);
}

void report_run(record *r, study *s, const run_request *request)
{
    r->run = (record_run){.title = title_of(s),
                          .label = request->label,
                          .tool_version = SAEINV_VERSION,
                          .command = request->command,
                          .seed = arena_printf(&s->memory, "%lld", (long long)s->config->run.seed),
                          .backend = s->backend->name,
                          .precision = "fp32",
                          .reproducibility = "bitwise",
                          .model = describe_model(s),
                          .sae = describe_sae(s),
                          .data = describe_data(s)};
    describe_config(&r->run, s);
    r->run.libraries = version_libraries(&r->run.n_libraries, &s->memory);
}
