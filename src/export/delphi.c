/* delphi's results: sentences, and the windows that they were judged on, with the judge's answers.
 */
#include "base/io.h"
#include "base/memory.h"
#include "export/explanations.h"
#include "export/fields.h"
#include "export/formats.h"
#include <string.h>

/* ---- the run ----------------------------------------------------------------------------------
 */

static void add_strings(cJSON *to, const char *key, const char *first, const char *second)
{
    cJSON *list = json_add_array(to, key);
    export_add_name(list, NULL, first);
    if (second)
        export_add_name(list, NULL, second);
}

/* The members of delphi's RunConfig; null where nothing here corresponds. */
static cJSON *run_config(const record *r, const export_names *names, const char *hook)
{
    static const char *const unknown[] = {"explainer_model_max_len",
                                          "max_latents",
                                          "load_in_8bit",
                                          "pipeline_num_proc",
                                          "num_gpus",
                                          "max_memory",
                                          "num_examples_per_scorer_prompt",
                                          "hf_token"};
    const int window = 32, per_tenth = 5, silent = 50; /* of record_rule.windows */
    cJSON *to = cJSON_CreateObject();
    cJSON *cache = json_add_object(to, "cache_cfg");
    export_add_name(cache, "dataset_repo", r->run.data.source);
    json_add_number(cache, "cache_ctx_len", r->run.data.max_tokens);
    json_add_number(cache, "n_tokens", (double)r->run.data.n_tokens);
    cJSON *constructor = json_add_object(to, "constructor_cfg");
    json_add_number(constructor, "example_ctx_len", window);
    json_add_number(constructor, "min_examples", 0);
    json_add_number(constructor, "n_non_activating", silent);
    json_add_bool(constructor, "center_examples", false);
    json_add_string(constructor, "non_activating_source", "random");
    cJSON *sampler = json_add_object(to, "sampler_cfg");
    json_add_number(sampler, "n_examples_train", 0);
    json_add_number(sampler, "n_examples_test", per_tenth * 10);
    json_add_number(sampler, "n_quantiles", 10);
    json_add_string(sampler, "test_type", "quantiles");
    export_add_name(to, "model", r->run.model.source);
    export_add_name(to, "sparse_model", r->run.sae.source);
    add_strings(to, "hookpoints", hook, NULL);
    json_add_string(to, "explainer_model", "saeinv rules");
    json_add_string(to, "explainer_provider", "none");
    json_add_string(to, "explainer", "none");
    add_strings(to, "scorers", "fuzz", "detection");
    json_add_string(to, "fuzz_type", "default");
    json_add_string(to, "name", names->source);
    json_add_bool(to, "filter_bos", true);
    json_add_bool(to, "log_probs", false);
    export_add_name(to, "seed", r->run.seed);
    json_add_bool(to, "verbose", false);
    json_add_array(to, "overwrite");
    for (size_t i = 0; i < COUNT_OF(unknown); i++)
        export_add_null(to, unknown[i]);
    return to;
}

/* ---- latents ----------------------------------------------------------------------------------
 */

static void add_window(cJSON *list, const record_window *w, bool answer)
{
    enum { TENTHS = 10, NOT_A_NEIGHBOUR = -1 };
    bool active = w->tenth > 0;
    cJSON *to = json_add_object(list, NULL);
    export_add_tokens(to, "str_tokens", w->tokens, w->n_tokens);
    cJSON *activations = json_add_array(to, "activations");
    for (int i = 0; i < w->n_tokens; i++)
        json_add_number(activations, NULL, w->activations[i]);
    json_add_number(to, "distance", active ? TENTHS - w->tenth : NOT_A_NEIGHBOUR);
    json_add_bool(to, "activating", active);
    json_add_bool(to, "prediction", answer);
    export_add_null(to, "probability");
    json_add_bool(to, "correct", answer == active);
}

static err_code write_line(const char *path, cJSON *tree, err *e)
{
    str line = {0};
    json_print_line(&line, tree);
    err_code rc = io_write(path, line.data, line.len - 1, e); /* theirs have no newline */
    str_release(&line);
    cJSON_Delete(tree);
    return rc;
}

static err_code write_scores(const char *dir, const char *latent, const record_rule *rule, arena *a,
                             err *e)
{
    cJSON *detection = cJSON_CreateArray(), *fuzz = cJSON_CreateArray();
    for (int i = 0; i < rule->n_windows; i++) {
        add_window(detection, &rule->windows[i], rule->windows[i].detected);
        add_window(fuzz, &rule->windows[i], rule->windows[i].marks_fit);
    }
    const char *file = arena_printf(a, "%s.txt", latent);
    err_code rc =
        write_line(path_join(a, path_join(a, dir, "scores/detection"), file), detection, e);
    err_code second =
        write_line(path_join(a, path_join(a, dir, "scores/fuzz"), file), fuzz, rc ? &(err){0} : e);
    return rc ? rc : second;
}

/* Sentence and scores are of the rule, so a target that none explains has only scores. */
static err_code write_latent(const char *dir, const char *hook, const record *r,
                             const record_target *t, int *n_sentences, arena *a, err *e)
{
    const char *latent = arena_printf(a, "%s_latent%d", hook, t->id);
    int n;
    const export_explanation *said = export_explanations(&n, r, t, a);
    err_code rc = OK;
    if (n && !strcmp(said[0].type, "rule-v1")) {
        ++*n_sentences;
        const char *file = arena_printf(a, "%s.txt", latent);
        rc = write_line(path_join(a, path_join(a, dir, "explanations"), file),
                        cJSON_CreateString(said[0].text), e);
    }
    if (!rc && t->rule.n_windows)
        rc = write_scores(dir, latent, &t->rule, a, e);
    return rc;
}

/* A hook's name as a file's: "/" would be a folder, anything but letters, digits and "._-" nobody
 * expects. */
static const char *file_name(const char *hook, arena *a)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    char *name = arena_strdup(a, hook && *hook && *hook != '.' ? hook : "hook");
    for (char *p = name + strspn(name, plain); *p; p += strspn(p, plain))
        *p = '-';
    return name;
}

static void add_notes(str *notes, const record *r, int n_sentences)
{
    int without = 0;
    for (int i = 0; i < r->n_targets; i++)
        without += r->targets[i].rule.n_windows == 0;
    if (n_sentences < r->n_targets)
        str_addf(notes, "- %d of %d features have no sentence: no rule explains them.\n",
                 r->n_targets - n_sentences, r->n_targets);
    if (without)
        str_addf(notes, "- %d of %d features have no scores: no rule was measured.\n", without,
                 r->n_targets);
    str_add(notes,
            "- the judge is the rule itself, not a language model; its windows are of documents "
            "that it was not made from.\n"
            "- a silent window's distance is -1, an active one's its tenth, 0 the strongest; "
            "probability is null.\n"
            "- fuzz: prediction says whether the rule fires on at least half of the marked tokens; "
            "which were drawn in silent windows is not kept.\n"
            "- not written, as a report does not hold every activation: "
            "latents/HOOK/START_END.safetensors, log/hookpoint_firing_counts.pt.\n");
}

err_code export_delphi(const char *dir, const record *r, const export_names *names, str *notes,
                       err *e)
{
    static const char *const folders[] = {"explanations", "scores/detection", "scores/fuzz"};
    arena a = {0};
    const char *hook = file_name(r->run.sae.hook, &a);
    int n_sentences = 0;
    err_code rc = OK;
    for (size_t i = 0; i < COUNT_OF(folders) && !rc; i++)
        rc = io_make_dir(path_join(&a, dir, folders[i]), e);
    if (!rc) {
        cJSON *config = run_config(r, names, hook);
        rc = json_write(path_join(&a, dir, "run_config.json"), config, e);
        cJSON_Delete(config);
    }
    for (int i = 0; i < r->n_targets && !rc; i++)
        rc = write_latent(dir, hook, r, &r->targets[i], &n_sentences, &a, e);
    add_notes(notes, r, n_sentences);
    arena_release(&a);
    return rc;
}
