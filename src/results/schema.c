/* The members of every record struct, in the order of the keys in the files. */
#include "results/schema_fields.h"

/* ---- the run ---- */

static const field config_fields[] = {
    TEXT(record_config, group, "stage that reads the key"),
    TEXT(record_config, key, "name in the config file"),
    TEXT(record_config, value, "value of this run"),
    TEXT(record_config, unit, "unit of the value"),
    TEXT(record_config, description, "what it does"),
    TEXT(record_config, default_value, "value when nothing is set"),
    BOOL(record_config, is_default, "whether this run left it alone"),
};
static SCHEMA(config_schema, record_config, config_fields);

static const field library_fields[] = {
    TEXT(record_library, name, "library"),
    TEXT(record_library, version, "its version"),
};
static SCHEMA(library_schema, record_library, library_fields);

static const field model_fields[] = {
    TEXT(record_model, source, "where the weights came from"),
    TEXT(record_model, family, "architecture"),
    INT(record_model, n_layers, "blocks"),
    INT(record_model, d_model, "width of the residual stream"),
    INT(record_model, n_heads, "attention heads a block"),
    INT(record_model, n_kv_heads, "heads that have keys and values of their own"),
    INT(record_model, d_head, "width of a head"),
    INT(record_model, d_mlp, "width of the MLP's hidden layer"),
    INT(record_model, d_vocab, "tokens in the vocabulary"),
    INT(record_model, context, "longest input in tokens"),
    INT64(record_model, n_parameters, "weights"),
    TEXT(record_model, stored, "types the matrices are stored in"),
    TEXT(record_model, sha256, "of config, weights and tokenizer"),
    TEXT(record_model, tokenizer_sha256, "of the tokenizer's files"),
};
SCHEMA(SCHEMA_MODEL, record_model, model_fields);

static const field sae_fields[] = {
    TEXT(record_sae, source, "where the SAE came from"),
    TEXT(record_sae, architecture, "activation function and training kind"),
    TEXT(record_sae, hook, "activation it reads, TransformerLens name"),
    TEXT(record_sae, hook_out, "activation a transcoder predicts"),
    TEXT(record_sae, layout, "whose files they are"),
    TEXT(record_sae, trained_on, "model its files name"),
    TEXT(record_sae, processing, "of the activation before the SAE reads it"),
    INT(record_sae, layer, "block of the hook"),
    INT(record_sae, d_in, "width of its input"),
    INT(record_sae, d_sae, "features in the dictionary"),
    TEXT(record_sae, normalisation, "of its input"),
    BOOL(record_sae, apply_b_dec, "whether the decoder bias is subtracted from the input"),
    TEXT(record_sae, notes, "choices its files leave open, and what is not done"),
    TEXT(record_sae, sha256, "of the weight file"),
};
static SCHEMA(sae_schema, record_sae, sae_fields);

static const field data_fields[] = {
    TEXT(record_data, source, "where the prompts came from"),
    INT(record_data, n_prompts, "prompts"),
    INT64(record_data, n_tokens, "token positions in the statistics"),
    INT64(record_data, n_special, "special positions left out"),
    INT(record_data, min_tokens, "tokens in the shortest prompt"),
    INT(record_data, max_tokens, "tokens in the longest prompt"),
    TEXT(record_data, sha256, "of the prompts"),
};
static SCHEMA(data_schema, record_data, data_fields);

static const field run_fields[] = {
    TEXT(record_run, title, "heading of the report"),
    TEXT(record_run, label, "short name of the run"),
    TEXT(record_run, tool_version, "version of saeinv"),
    TEXT(record_run, commit, "it was built from, or unknown"),
    BOOL(record_run, modified, "whether its sources differed from that commit"),
    TEXT(record_run, command, "command line"),
    TEXT(record_run, seed, "of every random stream"),
    TEXT(record_run, backend, "that did the arithmetic"),
    TEXT(record_run, precision, "of the arithmetic"),
    TEXT(record_run, reproducibility, "bitwise or tolerance"),
    TEXT(record_run, config_sha256, "of the resolved config"),
    STRUCT(record_run, model, SCHEMA_MODEL, "language model"),
    STRUCT(record_run, sae, sae_schema, "sparse autoencoder"),
    STRUCT(record_run, data, data_schema, "prompts"),
    LIST(record_run, config, n_config, config_schema, "resolved config"),
    LIST(record_run, libraries, n_libraries, library_schema, "libraries the program runs with"),
};
SCHEMA(SCHEMA_RUN, record_run, run_fields);

/* ---- training and evaluation ---- */

static const field lm_point_fields[] = {
    INT(record_lm_point, step, "optimiser step"),
    NUMBER(record_lm_point, tokens, "tokens seen"),
    NUMBER(record_lm_point, loss, "training loss, nats a token"),
    NUMBER(record_lm_point, validation_loss, "loss on held-out text, nats a token"),
    NUMBER(record_lm_point, learning_rate, "learning rate"),
};
SCHEMA(SCHEMA_LM_POINT, record_lm_point, lm_point_fields);

static const field sae_point_fields[] = {
    INT(record_sae_point, step, "optimiser step"),
    NUMBER(record_sae_point, tokens, "tokens seen"),
    NUMBER(record_sae_point, loss, "training loss"),
    NUMBER(record_sae_point, l0, "mean number of active features a token"),
    NUMBER(record_sae_point, explained_variance, "share of the input's variance reconstructed"),
    NUMBER(record_sae_point, dead, "share of the dictionary that is never active"),
};
SCHEMA(SCHEMA_SAE_POINT, record_sae_point, sae_point_fields);

static const field metric_fields[] = {
    TEXT(record_metric, name, "figure"),
    NUMBER(record_metric, value, "value, in `unit`"),
    TEXT(record_metric, unit, "unit"),
    TEXT(record_metric, better, "direction of improvement"),
    NUMBER(record_metric, target, "value it should reach, in `unit`"),
    TEXT(record_metric, note, "what it is measured on"),
};
SCHEMA(SCHEMA_METRIC, record_metric, metric_fields);

static const field concept_fields[] = {
    TEXT(record_concept, name, "concept"),
    TEXT(record_concept, kind, "word, class, topic, syntax, position, state, long-range"),
    TEXT(record_concept, description, "which tokens carry it"),
    NUMBER(record_concept, base_rate, "share of tokens that carry it"),
    INT(record_concept, feature, "id of the feature with the best F1, -1 for none"),
    NUMBER(record_concept, f1, "harmonic mean of precision and recall"),
    NUMBER(record_concept, precision, "share of the feature's active tokens that carry it"),
    NUMBER(record_concept, recall, "share of the tokens that carry it where the feature is active"),
    NUMBER(record_concept, rule_f1, "F1 of the rule that explains that feature"),
    TEXT(record_concept, named, "whether the rule's sentence names the concept"),
    BYTES(record_concept, sentence, "the rule's sentence"),
};
SCHEMA(SCHEMA_CONCEPT, record_concept, concept_fields);

/* ---- features and clusters ---- */

static const field filter_fields[] = {
    TEXT(record_filter, name, "test"),
    TEXT(record_filter, title, "what a feature must satisfy"),
    TEXT(record_filter, keys, "config keys that set its limits"),
    INT(record_filter, dropped, "features dropped by this test"),
    INT(record_filter, remaining, "features left after it"),
};
SCHEMA(SCHEMA_FILTER, record_filter, filter_fields);

static const field feature_fields[] = {
    INT(record_feature, id, "index in the dictionary"),
    TEXT(record_feature, name, "what it is, when it was given by hand"),
    INT64(record_feature, n_active, "tokens with activation > 0"),
    NUMBER(record_feature, density,
           "share of tokens with activation > 0; with `mean_active` it gives the mean over all "
           "tokens, "
           "their product"),
    NUMBER(record_feature, prompt_share, "share of prompts active above activation_threshold"),
    NUMBER(record_feature, entropy, "entropy of the activation over prompts, nats"),
    NUMBER(record_feature, mean, "mean activation over all tokens"),
    NUMBER(record_feature, mean_active, "mean activation over active tokens"),
    NUMBER(record_feature, max, "largest activation"),
    NUMBER(record_feature, variance, "variance of the non-zero activations"),
    NUMBER(record_feature, skewness, "skewness of the non-zero activations"),
    NUMBER(record_feature, kurtosis, "kurtosis of the non-zero activations"),
    BYTES(record_feature, best_token,
          "of all tokens, the one that drives it most when it stands alone"),
    INT(record_feature, best_token_id, "its id, -1 when it was not sought"),
    NUMBER(record_feature, best_token_pre_activation, "pre-activation on that token alone"),
    TEXT(record_feature, dropped_by, "test that dropped it, empty when kept"),
    INT(record_feature, cluster, "label of its cluster, -1 for noise, -2 when not clustered"),
    BOOL(record_feature, selected, "whether it is a target"),
    NUMBER(record_feature, x, "first map coordinate, no unit"),
    NUMBER(record_feature, y, "second map coordinate, no unit"),
};
SCHEMA(SCHEMA_FEATURE, record_feature, feature_fields);

static const field token_stat_fields[] = {
    BYTES(record_token_stat, token, "token"),
    INT(record_token_stat, id, "token id"),
    INT64(record_token_stat, count, "active occurrences"),
    NUMBER(record_token_stat, activation, "mean activation over them"),
    INT64(record_token_stat, occurrences, "in the whole data, active or not, 0 when not known"),
    NUMBER(record_token_stat, fires, "share of the occurrences on which the feature is active"),
    NUMBER(record_token_stat, fires_low, "lower end of its 95% interval (Wilson)"),
    NUMBER(record_token_stat, fires_high, "upper end"),
    NUMBER(record_token_stat, share, "share of the feature's active tokens that are this one"),
};
SCHEMA(SCHEMA_TOKEN_STAT, record_token_stat, token_stat_fields);

static const field cluster_fields[] = {
    INT(record_cluster, label, "smallest member id"),
    TEXT(record_cluster, name, "top tokens as a name"),
    INT(record_cluster, size, "members"),
    INT(record_cluster, medoid, "id of the most central member"),
    BOOL(record_cluster, selected, "whether it gave target features"),
    NUMBER(record_cluster, score, "score that ranked it"),
    NUMBER(record_cluster, score_size, "score by size"),
    NUMBER(record_cluster, score_activation, "score by mean activation"),
    NUMBER(record_cluster, score_max_activation, "score by largest activation"),
    NUMBER(record_cluster, score_sparsity, "score by rarity"),
    NUMBER(record_cluster, score_composite, "all four together"),
    INTS(record_cluster, members, n_members, "feature ids"),
    LIST(record_cluster, tokens, n_tokens, SCHEMA_TOKEN_STAT, "tokens it is active on"),
};
SCHEMA(SCHEMA_CLUSTER, record_cluster, cluster_fields);

static const field quality_fields[] = {
    TEXT(record_quality, method, "clustering method"),
    TEXT(record_quality, space, "what is clustered"),
    TEXT(record_quality, settings, "settings of the method"),
    TEXT(record_quality, map_settings, "settings of the map"),
    TEXT(record_quality, score_kind, "score that ranks the clusters"),
    INT(record_quality, n_features, "features clustered"),
    INT(record_quality, n_clusters, "clusters found"),
    NUMBER(record_quality, noise_share, "share of features in no cluster"),
    NUMBER(record_quality, silhouette, "mean silhouette over clustered features, -1 to 1"),
    NUMBER(record_quality, trustworthiness, "of the map, 0 to 1"),
    NUMBER(record_quality, neighbour_overlap, "share of nearest neighbours kept by the map"),
    INT(record_quality, n_neighbours, "neighbours the last two count"),
};
static SCHEMA(quality_schema, record_quality, quality_fields);

static const field matrix_fields[] = {
    INT(record_matrix, rows, "clusters, in the order of the list"),
    INT(record_matrix, columns, "groups of prompts"),
    INT(record_matrix, prompts_per_column, "prompts in a group"),
    NUMBERS(record_matrix, values, n_values, "mean activation, row by row"),
};
static SCHEMA(matrix_schema, record_matrix, matrix_fields);

static const field clustering_fields[] = {
    STRUCT(record, quality, quality_schema, "quality of clusters and map"),
    LIST(record, clusters, n_clusters, SCHEMA_CLUSTER, "clusters, largest first"),
    STRUCT(record, matrix, matrix_schema, "activation of clusters over prompts"),
};
const schema SCHEMA_CLUSTERING = {"record (clustering)", sizeof(record), clustering_fields,
                                  COUNT_OF(clustering_fields)};

/* ---- targets ---- */

static const field histogram_fields[] = {
    BOOL(record_histogram, log_edges, "whether bins have equal width in log10"),
    NUMBERS(record_histogram, edges, n_edges, "values at the bin edges"),
    NUMBERS(record_histogram, counts, n_counts, "tokens in each bin"),
};
SCHEMA(SCHEMA_HISTOGRAM, record_histogram, histogram_fields);

static const field context_fields[] = {
    INT(record_context, prompt, "index of the prompt"),
    INT(record_context, start, "position of the first token in the prompt"),
    INT(record_context, peak, "index of the token it is shown for"),
    TOKENS(record_context, tokens, n_tokens, "tokens"),
    NUMBERS(record_context, activations, n_tokens, "activation on each"),
};
SCHEMA(SCHEMA_CONTEXT, record_context, context_fields);

static const field restart_fields[] = {
    INT(record_restart, index, "restart"),
    BOOL(record_restart, is_best, "whether it is the one analysed"),
    BOOL(record_restart, converged, "whether it stopped before max_steps"),
    INT(record_restart, last_step, "steps taken"),
    NUMBER(record_restart, activation, "activation at the end"),
    NUMBER(record_restart, pre_activation, "pre-activation at the end"),
    NUMBERS(record_restart, step, n_steps, "step"),
    NUMBERS(record_restart, loss, n_steps, "total loss"),
    NUMBERS(record_restart, objective, n_steps, "pre-activation that is maximised"),
    NUMBERS(record_restart, activation_curve, n_steps, "activation"),
    NUMBERS(record_restart, nearest_distance, n_steps, "distance to the nearest token embeddings"),
    NUMBERS(record_restart, diversity, n_steps, "diversity penalty"),
    NUMBERS(record_restart, repetition, n_steps, "repetition penalty"),
};
static SCHEMA(restart_schema, record_restart, restart_fields);

static const field neighbour_fields[] = {
    BYTES(record_neighbour, token, "token"),
    INT(record_neighbour, id, "token id"),
    NUMBER(record_neighbour, cosine, "cosine to its embedding"),
};
static SCHEMA(neighbour_schema, record_neighbour, neighbour_fields);

static const field position_fields[] = {
    NUMBER(record_position, activation, "activation"),
    NUMBER(record_position, pre_activation, "pre-activation"),
    NUMBER(record_position, snapped, "activation when the nearest real tokens are run"),
    LIST(record_position, neighbours, n_neighbours, neighbour_schema, "nearest tokens"),
};
static SCHEMA(position_schema, record_position, position_fields);

static const field optimum_fields[] = {
    NUMBER(record_optimum, activation, "largest activation of the optimised input"),
    INT(record_optimum, position, "where it is, from 0"),
    NUMBER(record_optimum, mean, "mean activation over positions"),
    NUMBER(record_optimum, skewness, "skewness over positions"),
    NUMBER(record_optimum, specificity, "target against the mean of all features"),
    NUMBER(record_optimum, snapped_activation, "largest activation of its nearest real tokens"),
    NUMBER(record_optimum, data_ratio, "activation over the maximum on the data"),
    NUMBER(record_optimum, snapped_ratio, "snapped activation over the maximum on the data"),
    NUMBER(record_optimum, restart_mean, "mean final activation over restarts"),
    NUMBER(record_optimum, restart_deviation, "its standard deviation"),
    NUMBER(record_optimum, restart_min, "lowest final activation"),
    NUMBER(record_optimum, restart_max, "highest final activation"),
    NUMBER(record_optimum, restart_cosine, "mean cosine between restarts, by position"),
    NUMBER(record_optimum, restart_token_overlap, "share of positions with equal nearest token"),
    LIST(record_optimum, positions, n_positions, position_schema, "positions of the best input"),
    LIST(record_optimum, restarts, n_restarts, restart_schema, "restarts"),
};
static SCHEMA(optimum_schema, record_optimum, optimum_fields);

static const field explanation_fields[] = {
    TEXT(record_explanation, method, "method"),
    TEXT(record_explanation, title, "method in words"),
    BYTES(record_explanation, text, "explanation"),
    BYTES(record_explanation, prefix, "frozen beginning of the text"),
    NUMBER(record_explanation, activation, "activation of the target on the text"),
    NUMBER(record_explanation, specificity, "target against the mean of all features"),
    INT(record_explanation, length, "tokens"),
    NUMBER(record_explanation, coherence, "mean log-probability, nats a token"),
    LIST(record_explanation, scores, n_scores, SCHEMA_METRIC, "further scores"),
};
SCHEMA(SCHEMA_EXPLANATION, record_explanation, explanation_fields);

/* ---- the search for real tokens ---- */

static const field chain_fields[] = {
    NUMBER(record_chain, data, "1, empty where the data never activate the feature"),
    NUMBER(record_chain, data_window, "best data window of the same length, alone"),
    NUMBER(record_chain, single_token, "best single token, alone"),
    NUMBER(record_chain, free, "free input embeddings, which no text makes"),
    NUMBER(record_chain, projected, "real tokens nearest to the free embeddings"),
    NUMBER(record_chain, relaxed, "mixtures of real tokens"),
    NUMBER(record_chain, cold, "real tokens found without the data"),
    NUMBER(record_chain, warm, "real tokens grown from data windows"),
    NUMBER(record_chain, fluent, "real tokens no less likely than the data"),
};
SCHEMA(SCHEMA_CHAIN, record_chain, chain_fields);

static const field sequence_fields[] = {
    TEXT(record_sequence, kind, "bar of the chain it stands for"),
    TEXT(record_sequence, provenance, "what it grew from"),
    BYTES(record_sequence, text, "the tokens decoded together"),
    BOOL(record_sequence, rule_fires, "whether the rule fires at the last token"),
    BOOL(record_sequence, retokenizes, "whether the text gives these tokens again"),
    NUMBER(record_sequence, pre_activation, "pre-activation at the last token"),
    NUMBER(record_sequence, activation, "activation at the last token"),
    NUMBER(record_sequence, ratio, "pre-activation over the data's maximum"),
    NUMBER(record_sequence, cross_entropy, "of the model itself, nats a token"),
    BOOL(record_sequence, unlike_data, "whether the cross-entropy is above the data's"),
    INT(record_sequence, n_contexts, "texts put before it, 0 when not tried"),
    NUMBER(record_sequence, kept_mean, "share of the pre-activation left behind them, mean"),
    NUMBER(record_sequence, kept_least, "the same, least"),
    TOKENS(record_sequence, tokens, n_tokens, "tokens, up to the one that is read"),
    INTS(record_sequence, ids, n_tokens, "their ids"),
    NUMBERS(record_sequence, activations, n_tokens, "activation on each"),
    NUMBERS(record_sequence, lost_most, n_tokens, "share lost under the worst swap of each"),
    NUMBERS(record_sequence, lost_least, n_tokens, "share lost under the best swap of each"),
};
SCHEMA(SCHEMA_SEQUENCE, record_sequence, sequence_fields);

static const field front_fields[] = {
    NUMBER(record_front_point, ratio, "pre-activation over the data's maximum"),
    NUMBER(record_front_point, cross_entropy, "of the model itself, nats a token"),
    TEXT(record_front_point, provenance, "what it grew from"),
    BYTES(record_front_point, text, "the tokens decoded together"),
};
SCHEMA(SCHEMA_FRONT_POINT, record_front_point, front_fields);

static const field search_restart_fields[] = {
    INT(record_search_restart, index, "restart"),
    TEXT(record_search_restart, provenance, "what it grew from"),
    NUMBER(record_search_restart, first_ratio, "ratio of the start"),
    NUMBER(record_search_restart, ratio, "ratio in the end"),
    BOOL(record_search_restart, dead, "whether the start had no gradient at all"),
    INT(record_search_restart, n_shaken, "times it stalled and started anew"),
    BYTES(record_search_restart, text, "the tokens decoded together"),
};
SCHEMA(SCHEMA_SEARCH_RESTART, record_search_restart, search_restart_fields);

static const field search_step_fields[] = {
    INT(record_search_step, iteration, "iteration"),
    NUMBER(record_search_step, cold, "best ratio found without the data so far"),
    NUMBER(record_search_step, warm, "best ratio grown from data windows so far"),
};
static SCHEMA(search_step_schema, record_search_step, search_step_fields);

static const field search_fields[] = {
    TEXT(record_search, effort, "how much was spent, empty when nothing was sought"),
    TEXT(record_search, kind, "whether one token is enough for the feature or it needs a context"),
    NUMBER(record_search, unit, "the data's maximum, of which all ratios are"),
    STRUCT(record_search, chain, SCHEMA_CHAIN, "how far each kind of input drives the feature"),
    LIST(record_search, sequences, n_sequences, SCHEMA_SEQUENCE, "best sequences"),
    LIST(record_search, front, n_front, SCHEMA_FRONT_POINT, "activation against cross-entropy"),
    NUMBER(record_search, hypervolume, "area under the front up to 9 nats"),
    LIST(record_search, restarts, n_restarts, SCHEMA_SEARCH_RESTART, "restarts"),
    NUMBER(record_search, restart_spread, "(best - median) / best over the restarts"),
    NUMBER(record_search, near_best, "share of restarts within 5% of the best"),
    INT(record_search, n_modes, "unlike sequences among those within 20% of the best"),
    BOOL(record_search, certified, "whether no swap of the last sweep improves the best"),
    INT(record_search, sweep_tokens, "tokens a position that the sweep tried"),
    INT(record_search, n_sweeps, "sweeps"),
    LIST(record_search, curve, n_curve, search_step_schema, "best ratios over the iterations"),
    INT64(record_search, n_forwards, "sequences scored"),
    NUMBER(record_search, tflop, "floating-point operations, 10^12"),
};
static SCHEMA(search_schema, record_search, search_fields);

static const field ratio_fields[] = {
    TEXT(record_ratio, name, "bar of the chain"),
    INT(record_ratio, n, "targets that have it"),
    NUMBER(record_ratio, median, "median ratio"),
    NUMBER(record_ratio, p10, "ratio that nine tenths of the targets reach"),
    NUMBER(record_ratio, above_08, "share with a ratio of 0.8 or more"),
    NUMBER(record_ratio, above_1, "share with a ratio above 1"),
};
SCHEMA(SCHEMA_RATIO, record_ratio, ratio_fields);

static const field stratum_fields[] = {
    TEXT(record_stratum, group, "what the targets are divided by"),
    TEXT(record_stratum, name, "part"),
    INT(record_stratum, n, "targets in it"),
    NUMBER(record_stratum, warm, "median ratio of warm sequences"),
    NUMBER(record_stratum, cold, "median ratio of cold sequences"),
    NUMBER(record_stratum, fluent, "median ratio of fluent sequences"),
    NUMBER(record_stratum, above_1, "share of warm ratios above 1"),
};
SCHEMA(SCHEMA_STRATUM, record_stratum, stratum_fields);

static const field summary_fields[] = {
    TEXT(record_search_summary, effort, "how much was spent, empty when nothing was sought"),
    INT(record_search_summary, length, "tokens of a sequence at most"),
    NUMBER(record_search_summary, cross_entropy_mean, "of data windows, nats a token"),
    NUMBER(record_search_summary, cross_entropy_limit, "mean + 2 standard deviations"),
    NUMBER(record_search_summary, tflop_planned, "expected before it began, 10^12 operations"),
    NUMBER(record_search_summary, tflop, "spent, 10^12 operations"),
    INT(record_search_summary, n_starts, "restarts of all targets"),
    NUMBER(record_search_summary, dead_starts, "share of them without any gradient"),
    LIST(record_search_summary, ratios, n_ratios, SCHEMA_RATIO, "ratios over the targets"),
    LIST(record_search_summary, strata, n_strata, SCHEMA_STRATUM, "the same by kind of target"),
};
SCHEMA(SCHEMA_SEARCH_SUMMARY, record_search_summary, summary_fields);

/* ---- the target ---- */

static const field target_fields[] = {
    INT(record_target, id, "index in the dictionary"),
    TEXT(record_target, reason, "why it was chosen"),
    INT(record_target, cluster, "label of its cluster, -1 for noise, -2 when not clustered"),
    NUMBER(record_target, threshold, "activation threshold of the SAE"),
    INT(record_target, concept_index, "row of concepts.csv that fits best, -1 for none"),
    NUMBER(record_target, concept_f1, "F1 with that concept"),
    NUMBERS(record_target, decoder, n_decoder, "its decoder row, what it adds to the output"),
    STRUCT(record_target, quantiles, SCHEMA_QUANTILES, "order statistics of the activations"),
    STRUCT(record_target, histogram, SCHEMA_HISTOGRAM, "non-zero activations, linear bins"),
    STRUCT(record_target, log_histogram, SCHEMA_HISTOGRAM, "non-zero activations, log bins"),
    LIST(record_target, tokens, n_tokens, SCHEMA_TOKEN_STAT, "tokens it is active on"),
    LIST(record_target, trie, n_trie, SCHEMA_TRIE_NODE, "tokens before it that make it fire"),
    LIST(record_target, position_bins, n_position_bins, SCHEMA_POSITION_BIN, "by position"),
    LIST(record_target, top, n_top, SCHEMA_CONTEXT, "strongest contexts"),
    LIST(record_target, deciles, n_deciles, SCHEMA_VALUE_GROUP, "tenths of the active prompts"),
    LIST(record_target, intervals, n_intervals, SCHEMA_VALUE_GROUP, "active tokens by activation"),
    STRUCT(record_target, rule, SCHEMA_RULE, "what predicts where it is active"),
    LIST(record_target, explanations, n_explanations, SCHEMA_EXPLANATION, "explanations"),
    STRUCT(record_target, search, search_schema, "real tokens that drive it most"),
    STRUCT(record_target, optimum, optimum_schema, "best input of free embeddings"),
    STRUCT(record_target, effects, SCHEMA_EFFECTS, "what it does to the output, and its relatives"),
};
SCHEMA(SCHEMA_TARGET, record_target, target_fields);

/* ---- what may differ ---- */

static const field stage_fields[] = {
    TEXT(record_stage, name, "stage"),
    NUMBER(record_stage, seconds, "wall time, s"),
    BOOL(record_stage, cached, "whether its output was reused"),
    TEXT(record_stage, note, "rate"),
};
static SCHEMA(stage_schema, record_stage, stage_fields);

static const field environment_fields[] = {
    TEXT(record_environment, compiler, "compiler"),
    TEXT(record_environment, flags, "its flags, without paths and warnings"),
    TEXT(record_environment, system, "operating system"),
    TEXT(record_environment, cpu, "processor's name"),
};
SCHEMA(SCHEMA_ENVIRONMENT, record_environment, environment_fields);

static const field volatile_fields[] = {
    TEXT(record_volatile, started, "start, UTC"),
    TEXT(record_volatile, host, "machine"),
    TEXT(record_volatile, processor, "its processor"),
    TEXT(record_volatile, directory, "where the report was written"),
    INT(record_volatile, n_threads, "threads"),
    NUMBER(record_volatile, seconds, "wall time, s"),
    NUMBER(record_volatile, peak_memory, "largest resident size, bytes"),
    LIST(record_volatile, stages, n_stages, stage_schema, "stages"),
};
SCHEMA(SCHEMA_VOLATILE, record_volatile, volatile_fields);
