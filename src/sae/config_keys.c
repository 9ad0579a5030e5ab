/* The keys of cfg.json one by one: read, for training only, or unknown.
 *
 * Names from SAELens 3.9, 5.5 and 6.54: sae.py, config.py and the dataclasses of saes/. */
#include "sae/config_keys.h"
#include "base/memory.h"
#include <string.h>

/* Read by config.c. */
static const char *const read_keys[] = {
    "architecture",
    "d_in",
    "d_sae",
    "d_out",
    "dtype",
    "apply_b_dec_to_input",
    "normalize_activations",
    "reshape_activations",
    "k",
    "rescale_acts_by_decoder_norm",
    "activation_fn",
    "activation_fn_str",
    "activation_fn_kwargs",
    "finetuning_scaling_factor",
    "metadata",
    "sae_lens_version",
    "model_name",
    "hook_name",
    "hook_point",
    "hook_head_index",
    "hook_point_head_index",
    "hook_name_out",
    "hook_head_index_out",
    "context_size",
    "prepend_bos",
    "seqpos_slice",
    "exclude_special_tokens",
    "model_from_pretrained_kwargs",
};

/* Where, how and how long the SAE was trained: nothing that encode, decode or its hook depend on.
 */
static const char *const training_keys[] = {
    /* the SAE's own training settings */
    "decoder_init_norm",
    "l1_coefficient",
    "l1_warm_up_steps",
    "lp_norm",
    "l0_coefficient",
    "l0_warm_up_steps",
    "target_l0",
    "jumprelu_init_threshold",
    "jumprelu_bandwidth",
    "jumprelu_sparsity_loss_mode",
    "jumprelu_tanh_scale",
    "jumprelu_ste_to_input",
    "pre_act_loss_coefficient",
    "aux_loss_coefficient",
    "use_sparse_activations",
    "topk_threshold_lr",
    "matryoshka_widths",
    "use_matryoshka_aux_loss",
    "detach_matryoshka_losses",
    "mse_loss_normalization",
    "normalize_sae_decoder",
    "noise_scale",
    "scale_sparsity_penalty_by_decoder_norm",
    "decoder_heuristic_init",
    "decoder_orthogonal_init",
    "init_encoder_as_decoder_transpose",
    "b_dec_init_method",
    "use_ghost_grads",
    "expansion_factor",
    "finetuning_method",
    "finetuning_tokens",
    "from_pretrained_path",
    "training_architecture",
    "training_architecture_details",
    /* where it came from and what it is called */
    "device",
    "hook_layer",
    "hook_point_layer",
    "hook_eval",
    "hook_point_eval",
    "hf_hook_name",
    "hf_hook_name_out",
    "model_class_name",
    "model_kwargs",
    "dataset_path",
    "dataset_trust_remote_code",
    "neuronpedia_id",
    "sae_lens_training_version",
    "release",
    "sae_id",
    "name",
    "run_name",
    /* the runner */
    "streaming",
    "is_dataset_tokenized",
    "use_chat_formatting",
    "use_cached_activations",
    "cached_activations_path",
    "new_cached_activations_path",
    "n_batches_in_buffer",
    "training_tokens",
    "total_training_tokens",
    "total_training_steps",
    "store_batch_size_prompts",
    "store_batch_size",
    "train_batch_size_tokens",
    "train_batch_size",
    "disable_concat_sequences",
    "sequence_separator_token",
    "activations_mixing_fraction",
    "llm_device",
    "act_store_device",
    "prefetch_llm_batches",
    "seed",
    "autocast",
    "autocast_lm",
    "compile_llm",
    "llm_compilation_mode",
    "compile_sae",
    "sae_compilation_mode",
    "adam_beta1",
    "adam_beta2",
    "lr",
    "lr_scheduler_name",
    "lr_warm_up_steps",
    "lr_end",
    "lr_decay_steps",
    "n_restart_cycles",
    "dead_feature_window",
    "feature_sampling_window",
    "dead_feature_threshold",
    "dead_feature_estimation_method",
    "n_eval_batches",
    "n_eval_seqs",
    "eval_batch_size_prompts",
    "logger",
    "n_checkpoints",
    "checkpoint_path",
    "save_final_checkpoint",
    "output_path",
    "resume",
    "resume_from_checkpoint",
    "verbose",
    "n_batches_for_norm_estimate",
    "log_to_wandb",
    "wandb_project",
    "wandb_id",
    "wandb_entity",
    "wandb_log_frequency",
    "eval_every_n_wandb_logs",
    "log_activations_store_to_wandb",
    "log_optimizer_state_to_wandb",
    "tokens_per_buffer",
    "shuffle",
    "model_batch_size",
    "begin_batch_token",
    "begin_sequence_token",
    "buffer_size_gb",
};

static const struct {
    const char *key, *why;
} refused_keys[] = {
    {"residual_threshold", "matching pursuit SAEs are not computed here"},
    {"max_iterations", "matching pursuit SAEs are not computed here"},
    {"stop_on_duplicate_support", "matching pursuit SAEs are not computed here"},
    {"activation_normalization_factor", "temporal SAEs are not computed here"},
    {"n_attn_layers", "temporal SAEs are not computed here"},
    {"kval_topk", "temporal SAEs are not computed here"},
};

static bool listed(const char *key, const char *const *keys, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(keys[i], key))
            return true;
    return false;
}

err_code config_keys_check(const cJSON *object, str *notes, const char *where, err *e)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, object) {
        for (size_t i = 0; i < COUNT_OF(refused_keys); i++)
            if (!strcmp(item->string, refused_keys[i].key))
                return err_set(e, E_CONFIG, "%s: \"%s\": %s", where, item->string,
                               refused_keys[i].why);
        if (!listed(item->string, read_keys, COUNT_OF(read_keys)) &&
            !listed(item->string, training_keys, COUNT_OF(training_keys)))
            note_add(notes,
                     "%s has a setting \"%.60s\" that is not known here; it is ignored, as SAELens "
                     "ignores what it does not know.",
                     where, item->string);
    }
    return OK;
}

/* ---- what was done to the model ----------------------------------------------------------------
 */

/* Arguments of TransformerLens's from_pretrained that leave activations as they are: places,
 * number formats, tokenizer settings, and the unembedding, which no hook of an SAE comes after. */
static const char *const harmless_kwargs[] = {
    "device",
    "n_devices",
    "device_map",
    "move_to_device",
    "dtype",
    "torch_dtype",
    "default_padding_side",
    "default_prepend_bos",
    "tokenizer",
    "trust_remote_code",
    "cache_dir",
    "local_files_only",
    "token",
    "low_cpu_mem_usage",
    "attn_implementation",
    "center_unembed",
    "first_n_layers",
    "hf_model",
    "use_auth_token",
    "force_download",
};

/* Which checkpoint of the model: the folder that is given as the model decides that. */
static const char *const checkpoint_kwargs[] = {"revision", "checkpoint_index", "checkpoint_value",
                                                "checkpoint_label"};

static err_code model_kwarg(sae_config *c, const cJSON *kwargs, const cJSON *item, str *notes,
                            const char *where, err *e)
{
    const struct {
        const char *key;
        bool *value;
    } kept[] = {
        {"center_writing_weights", &c->center_writing_weights},
        {"fold_ln", &c->fold_ln},
        {"fold_value_biases", &c->fold_value_biases},
    };
    const char *key = item->string;
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        if (!strcmp(key, kept[i].key))
            return field_bool(kept[i].value, kwargs, key, where, e);
    if (listed(key, harmless_kwargs, COUNT_OF(harmless_kwargs)) || cJSON_IsNull(item))
        return OK;
    if (!strcmp(key, "refactor_factored_attn_matrices") && cJSON_IsFalse(item))
        return OK;
    if (listed(key, checkpoint_kwargs, COUNT_OF(checkpoint_kwargs))) {
        char number[NUMBER_TEXT];
        note_add(notes,
                 "The SAE was trained on the model's checkpoint \"%.60s\" = %.60s; give that "
                 "checkpoint as the model.",
                 key,
                 cJSON_IsString(item) ? item->valuestring
                                      : number_text(number, cJSON_GetNumberValue(item)));
        return OK;
    }
    return err_set(e, E_CONFIG,
                   "%s: \"model_from_pretrained_kwargs\" has \"%.60s\", which may change the "
                   "activations the SAE was trained on; supported: center_writing_weights, "
                   "fold_ln, fold_value_biases",
                   where, key);
}

err_code config_keys_model(sae_config *c, const cJSON *kwargs, str *notes, const char *where,
                           err *e)
{
    if (!cJSON_IsObject(kwargs))
        return err_set(e, E_FORMAT, "%s: \"model_from_pretrained_kwargs\" should be an object",
                       where);
    err_code rc = OK;
    const cJSON *item;
    cJSON_ArrayForEach(item, kwargs) {
        rc = model_kwarg(c, kwargs, item, notes, where, e);
        if (rc)
            return rc;
    }
    return OK;
}
