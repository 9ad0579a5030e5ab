/* Everything a run can be told: one struct, one table that describes each key.
 *
 * Values come from the defaults, then a preset, then a JSON file, then --set key=value. A key is
 * "section.name"; in JSON a section is an object. An unknown key is an error that suggests the
 * nearest one; so is a value outside its range. */
#ifndef PIPELINE_CONFIG_H
#define PIPELINE_CONFIG_H
#include "base/err.h"
#include "base/str.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONFIG_TEXT = 1024 };

typedef struct run_config {
    struct {
        char title[CONFIG_TEXT];
        int64_t seed;
        char last_stage[CONFIG_TEXT];
        int threads;
        char device[CONFIG_TEXT], products[CONFIG_TEXT];
    } run;
    struct {
        char model[CONFIG_TEXT], sae[CONFIG_TEXT], hook[CONFIG_TEXT], target[CONFIG_TEXT];
    } model;
    struct {
        char data[CONFIG_TEXT], text_field[CONFIG_TEXT], split[CONFIG_TEXT];
        int n_prompts, min_prompt_length, max_prompt_length, batch_size;
        char prompt_activation[CONFIG_TEXT];
        bool cache_data, use_cached_data;
        char cache_dir[CONFIG_TEXT];
    } collect;
    struct {
        double entropy_threshold_low, entropy_threshold_high, sparsity_min, sparsity_max;
        double activation_threshold;
    } filter;
    struct {
        char method[CONFIG_TEXT], vectors[CONFIG_TEXT], reduction[CONFIG_TEXT];
        int reduction_dimensions;
        int min_cluster_size, min_samples;
        double cluster_selection_epsilon;
        char cluster_selection_method[CONFIG_TEXT];
        char eps_search[CONFIG_TEXT];
        double eps_min, eps_max;
        int eps_steps, dbscan_min_samples, n_clusters, kmeans_restarts;
        int n_neighbors;
        double min_dist;
        int umap_epochs;
    } cluster;
    struct {
        char strategy[CONFIG_TEXT], scoring_method[CONFIG_TEXT],
            feature_selection_method[CONFIG_TEXT];
        int num_clusters, features_per_cluster, max_features;
        double activation_percentile;
        char features[CONFIG_TEXT];
    } select;
    struct {
        char free_mode[CONFIG_TEXT];
        int sequence_length, restarts, max_steps, patience;
        double learning_rate, lambda_reg, noise_scale, norm_limit, pull;
        double diversity_penalty, repetition_penalty, convergence_tolerance;
        int diversity_window, repetition_window, batch_sequences;
    } optimise;
    struct {
        char effort[CONFIG_TEXT], method[CONFIG_TEXT], readout[CONFIG_TEXT];
        int restarts, iterations, children, front_iterations, sweep_tokens;
        int windows, single_tokens, batch_features;
        double budget_seconds, budget_tflop;
        bool allow_special, allow_unused, allow_fragments;
    } search;
    struct {
        int prompts, quality_prompts;
    } effects;
    struct {
        int nearest_tokens, contexts_top, contexts_per_decile, contexts_per_interval;
        int context_tokens;
    } analyse;
    struct {
        bool template_sentences, optimised_prompt, use_lm_coherence;
        int top_tokens, keep, max_steps, length, frozen_tokens;
        double learning_rate, lambda_reg, coherence_weight;
    } explain;
    struct {
        double mass, fit_share, choose_share, dense_share, least_f1;
        int most_tokens, resamples, examples, random_directions, least_documents;
    } rules;
    struct {
        char url[CONFIG_TEXT], model[CONFIG_TEXT];
        int max_tokens, features, examples, windows;
        double timeout, input_price, output_price, max_cost;
        int retries;
        char key_env[CONFIG_TEXT], cache_dir[CONFIG_TEXT];
        bool allow_http;
    } explainer;
} run_config;

/* One key. */
typedef struct config_key {
    const char *name;    /* "collect.n_prompts" */
    const char *unit;    /* "tokens", "share", ... or "" */
    const char *help;    /* what it does, one sentence */
    const char *choices; /* "a|b|c" for texts with a fixed set, else NULL */
    enum { CONFIG_INT, CONFIG_INT64, CONFIG_DOUBLE, CONFIG_BOOL, CONFIG_STRING } type;
    size_t offset;
    const char *initial; /* the default, as text */
    double min, max;     /* numbers only, inclusive */
    bool affects_result; /* false: device, threads, caching; stays out of the report's identity */
} config_key;

const config_key *run_config_keys(int *n);
/* Borrowed; NULL when no key has this name. */
const config_key *run_config_find(const char *name);

run_config run_config_defaults(void);
/* "seed": thresholds and steps of the original Python program. */
err_code run_config_preset(run_config *c, const char *name, err *e);
err_code run_config_set(run_config *c, const char *key, const char *value, err *e);
/* "key=value", as on the command line. */
err_code run_config_set_pair(run_config *c, const char *pair, err *e);
err_code run_config_read(run_config *c, const char *path, err *e);
/* What only shows when keys are seen together (min <= max). */
err_code run_config_check(const run_config *c, err *e);

/* The value as text, as --set takes it. */
void run_config_value(str *out, const run_config *c, const config_key *key);
/* JSON with a comment above each key: what it does, unit, range or choices, default. Comments make
 * it JSONC; run_config_read() takes it back. */
void run_config_print(str *out, const run_config *c);

#endif
