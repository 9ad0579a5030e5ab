/* SAEDashboard's batches, as Neuronpedia's converter reads them. */
#include "base/io.h"
#include "base/memory.h"
#include "export/fields.h"
#include "export/formats.h"
#include "export/statistics.h"

/* ---- features ---------------------------------------------------------------------------------
 */

static void add_example(cJSON *list, const export_example *x)
{
    cJSON *to = json_add_object(list, NULL);
    json_add_number(to, "bin_min", x->bin_min);
    json_add_number(to, "bin_max", x->bin_max);
    json_add_number(to, "bin_contains", x->bin_contains);
    export_add_tokens(to, "tokens", x->context->tokens, x->context->n_tokens);
    export_add_numbers(to, "values", x->context->activations, x->context->n_tokens);
    json_add_number(to, "qualifying_token_index", x->context->peak);
    if (!x->attention)
        return;
    export_add_numbers(to, "dfa_values", x->attention->parts, x->attention->n_parts);
    json_add_number(to, "dfa_maxValue", export_round(export_largest_part(x->attention)));
    json_add_number(to, "dfa_targetIndex", x->context->peak);
}

static void add_feature(cJSON *list, const record *r, const record_target *t, arena *a)
{
    cJSON *to = json_add_object(list, NULL);
    json_add_number(to, "feature_index", t->id);
    export_add_statistics(to, r, t);
    json_add_number(to, "n_prompts_total", r->run.data.n_prompts);
    json_add_number(to, "n_tokens_in_prompt", r->run.data.max_tokens);
    export_add_name(to, "dataset", r->run.data.source);
    int n;
    const export_example *examples = export_examples(&n, r, t, a);
    cJSON *activations = json_add_array(to, "activations");
    for (int i = 0; i < n; i++)
        add_example(activations, &examples[i]);
    export_add_vector(to, t);
}

static err_code write_batch(const char *dir, int batch, const record *r, const export_names *names,
                            err *e)
{
    arena a = {0};
    str text = {0};
    cJSON *tree = cJSON_CreateObject();
    json_add_string(tree, "model_id", names->model);
    json_add_number(tree, "layer", r->run.sae.layer);
    json_add_string(tree, "sae_set", names->set);
    export_add_null(tree, "sae_id_suffix");
    cJSON *features = json_add_array(tree, "features");
    for (int i = batch * EXPORT_BATCH; i < r->n_targets && i < (batch + 1) * EXPORT_BATCH; i++)
        add_feature(features, r, &r->targets[i], &a);
    json_print_line(&text, tree);
    err_code rc = io_write(path_join(&a, dir, arena_printf(&a, "batch-%d.json", batch)), text.data,
                           text.len, e);
    cJSON_Delete(tree);
    str_release(&text);
    arena_release(&a);
    return rc;
}

/* ---- the run ----------------------------------------------------------------------------------
 */

static int most_contexts(const record *r, bool of_intervals)
{
    int most = 0;
    for (int i = 0; i < r->n_targets; i++) {
        const record_target *t = &r->targets[i];
        if (!of_intervals)
            most = t->n_top > most ? t->n_top : most;
        else
            for (int k = 0; k < t->n_intervals; k++)
                most = t->intervals[k].n_contexts > most ? t->intervals[k].n_contexts : most;
    }
    return most;
}

/* The members of SAEDashboard's configuration; null where nothing here corresponds. */
static cJSON *run_settings(const record *r, const export_names *names)
{
    static const char *const unknown[] = {"from_local_sae",
                                          "n_prompts_in_forward_pass",
                                          "quantile_feature_batch_size",
                                          "sae_device",
                                          "activation_store_device",
                                          "model_device",
                                          "model_n_devices",
                                          "shuffle_tokens",
                                          "prefix_str",
                                          "suffix_str",
                                          "ignore_positions",
                                          "prepend_bos",
                                          "ignore_high_activation_norm_multiple",
                                          "sparsity_threshold"};
    cJSON *to = cJSON_CreateObject();
    json_add_string(to, "sae_set", names->set);
    export_add_name(to, "sae_path", r->run.sae.source);
    json_add_string(to, "outputs_dir", ".");
    export_add_null(to, "np_sae_id_suffix");
    json_add_string(to, "np_set_name", names->set);
    export_add_name(to, "huggingface_dataset_path", r->run.data.source);
    json_add_number(to, "n_prompts_total", r->run.data.n_prompts);
    json_add_number(to, "n_tokens_in_prompt", r->run.data.max_tokens);
    json_add_number(to, "n_features_at_a_time", EXPORT_BATCH);
    json_add_number(to, "start_batch", 0);
    json_add_number(to, "end_batch", (r->n_targets + EXPORT_BATCH - 1) / EXPORT_BATCH);
    json_add_number(to, "n_quantiles", r->n_targets ? r->targets[0].n_intervals : 0);
    json_add_number(to, "top_acts_group_size", most_contexts(r, false));
    json_add_number(to, "quantile_group_size", most_contexts(r, true));
    json_add_bool(to, "use_dfa", export_has_attention(r));
    json_add_string(to, "model_dtype", "float32");
    json_add_string(to, "sae_dtype", "float32");
    json_add_string(to, "model_id", names->model);
    json_add_number(to, "layer", r->run.sae.layer);
    json_add_bool(to, "use_wandb", false);
    for (size_t i = 0; i < COUNT_OF(unknown); i++)
        export_add_null(to, unknown[i]);
    return to;
}

/* Every feature of the dictionary but those in the batches. */
static cJSON *skipped_indexes(const record *r, const export_names *names)
{
    cJSON *to = cJSON_CreateObject();
    json_add_string(to, "model_id", names->model);
    char layer[NUMBER_TEXT];
    json_add_string(to, "layer", number_text(layer, r->run.sae.layer));
    json_add_string(to, "sae_set", names->set);
    export_add_null(to, "log_sparsity");
    cJSON *list = json_add_array(to, "skipped_indexes");
    for (int i = 0, next = 0; i < r->n_features; i++) {
        if (next < r->n_targets && r->targets[next].id == i)
            next++;
        else
            json_add_number(list, NULL, i);
    }
    return to;
}

static err_code write_tree(const char *dir, const char *name, cJSON *tree, err *e)
{
    arena a = {0};
    err_code rc = json_write(path_join(&a, dir, name), tree, e);
    cJSON_Delete(tree);
    arena_release(&a);
    return rc;
}

err_code export_saedashboard(const char *dir, const record *r, const export_names *names,
                             str *notes, err *e)
{
    err_code rc = OK;
    for (int batch = 0; batch * EXPORT_BATCH < r->n_targets && !rc; batch++)
        rc = write_batch(dir, batch, r, names, e);
    if (!rc)
        rc = write_tree(dir, "run_settings.json", run_settings(r, names), e);
    if (!rc)
        rc = write_tree(dir, "skipped_indexes.json", skipped_indexes(r, names), e);
    export_note_statistics(notes, r);
    str_add(notes, "- skipped_indexes.json lists every feature that the report has no page of; "
                   "log_sparsity is null, as no such threshold chose them.\n"
                   "- run_settings.json: null where saeinv has no such setting.\n");
    return rc;
}
