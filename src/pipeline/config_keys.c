/* The table of keys: the only place that knows a key's name, range, default and meaning. */
#include "base/memory.h"
#include "pipeline/config.h"
#include <string.h>

/* clang-format off: it takes the braces of an initialiser for a block. */
#define HERE(section, field) offsetof(run_config, section.field)
#define KEY(section, field, unit, help, choices, type, initial, min, max)                          \
    {                                                                                              \
#section "." #field, unit, help, choices, type, HERE(section, field), initial, min, max,   \
            true                                                                                   \
    }
#define INT(section, field, unit, initial, min, max, help)                                         \
    KEY(section, field, unit, help, NULL, CONFIG_INT, initial, min, max)
#define DOUBLE(section, field, unit, initial, min, max, help)                                      \
    KEY(section, field, unit, help, NULL, CONFIG_DOUBLE, initial, min, max)
#define BOOL(section, field, initial, help)                                                        \
    KEY(section, field, "", help, NULL, CONFIG_BOOL, initial, 0, 0)
#define TEXT(section, field, initial, help)                                                        \
    KEY(section, field, "", help, NULL, CONFIG_STRING, initial, 0, 0)
#define CHOICE(section, field, choices, initial, help)                                             \
    KEY(section, field, "", help, choices, CONFIG_STRING, initial, 0, 0)
/* clang-format on */

static const config_key keys[] = {
    TEXT(run, title, "", "Title of the report; empty: made from the model and the SAE."),
    {"run.seed", "", "Seed of every random choice; the same seed gives the same report.", NULL,
     CONFIG_INT64, HERE(run, seed), "1", 0, 9007199254740991.0, true},
    CHOICE(
        run, last_stage, "filter|select|analyse|explain|rules", "rules",
        "Where the run ends: after filtering, after clustering and selection, after optimising and "
        "analysing, or after all."),
    {"run.threads", "threads", "Worker threads; 0: one per processor. Does not change the result.",
     NULL, CONFIG_INT, HERE(run, threads), "0", 0, 1024, false},
    {"run.device", "",
     "Where to compute: cpu, cuda (the first NVIDIA GPU) or cuda:N, ref (plain loops in double, "
     "slow), or auto: a GPU where one can be used, else the cpu.",
     NULL, CONFIG_STRING, HERE(run, device), "auto", 0, 0, false},
    CHOICE(run, products, "f32|tf32|bf16", "f32",
           "How a GPU multiplies; sums are in float32 always. The relative error of a product of "
           "random numbers is about 4e-7 in f32 and 3e-4 in tf32, and at most 6e-3 in bf16, where "
           "cuBLAS may choose tf32 (on an H100 it did). The cpu has f32 alone."),

    TEXT(model, model, "builtin",
         "Language model: a Hugging Face folder, a repository in the Hugging Face cache "
         "(EleutherAI/pythia-70m-deduped, or pythia-70m-deduped), or builtin."),
    TEXT(model, sae, "builtin",
         "Sparse autoencoder: a folder, SAELens's RELEASE/ID or REPOSITORY/FOLDER in the Hugging "
         "Face cache, or builtin."),
    TEXT(model, hook, "", "Hook point the SAE reads; empty: the one its cfg.json names."),

    TEXT(model, target, "",
         "Targets by hand, comma-separated, instead of the SAE's features: neuron:HOOK:INDEX or "
         "neuron:HOOK:FIRST-LAST; direction:FILE@HOOK or direction:FILE:TENSOR@HOOK (each row of a "
         ".safetensors, .npz or .npy file); contrast:A-B (two features of model.sae, which nothing "
         "else reads); a minus in front turns one round."),

    TEXT(collect, data, "world",
         "Prompts: world (the built-in generator) or files, comma-separated: "
         ".txt or .jsonl, either gzipped."),
    TEXT(collect, text_field, "text", "Key that holds the prompt in .jsonl files."),
    CHOICE(collect, split, "paragraph|line", "paragraph", "What a prompt is in .txt files."),
    INT(collect, n_prompts, "prompts", "1000", 1, 100000000, "How many prompts to run at most."),
    INT(collect, min_prompt_length, "tokens", "10", 1, 1000000,
        "Shorter prompts are left out, and counted."),
    INT(collect, max_prompt_length, "tokens", "100", 1, 1000000,
        "Longer prompts are cut here, and counted."),
    INT(collect, batch_size, "prompts", "16", 1, 65536, "Prompts run through the model at once."),
    CHOICE(collect, prompt_activation, "mean|max", "mean",
           "A feature's activation over a prompt (entropy, sparsity, clustering): mean or maximum "
           "over its tokens."),
    {"collect.cache_data", "", "Keep collected and optimised results for the next run.", NULL,
     CONFIG_BOOL, HERE(collect, cache_data), "true", 0, 0, false},
    {"collect.use_cached_data", "",
     "Use results kept earlier when everything they depend on is "
     "unchanged; off forces a fresh pass.",
     NULL, CONFIG_BOOL, HERE(collect, use_cached_data), "true", 0, 0, false},
    {"collect.cache_dir", "", "Folder of the cache; empty: .saeinv-cache beside the report.", NULL,
     CONFIG_STRING, HERE(collect, cache_dir), "", 0, 0, false},

    DOUBLE(filter, entropy_threshold_low, "nats", "1", 0, 100,
           "Keep features whose entropy over prompts is above this."),
    DOUBLE(filter, entropy_threshold_high, "nats", "6", 0, 100,
           "Keep features whose entropy over prompts is below this."),
    DOUBLE(filter, sparsity_min, "share of prompts", "0.01", 0, 1,
           "Keep features active in more than this share of prompts."),
    DOUBLE(filter, sparsity_max, "share of prompts", "0.5", 0, 1,
           "Keep features active in less than this share of prompts."),
    DOUBLE(filter, activation_threshold, "activation", "0.01", 0, 1e30,
           "A feature is active in a prompt when its activation over the prompt is above this."),

    CHOICE(cluster, method, "hdbscan|dbscan|kmeans", "hdbscan", "Clustering algorithm."),
    CHOICE(
        cluster, vectors, "activations|decoder", "activations",
        "What a feature is compared by: its activations over prompts, or its decoder row; both as "
        "unit vectors."),
    CHOICE(cluster, reduction, "none|pca|umap", "umap", "Reduce dimensions before clustering."),
    INT(cluster, reduction_dimensions, "dimensions", "5", 1, 1000,
        "Dimensions after the reduction."),
    INT(cluster, min_cluster_size, "features", "20", 2, 1000000,
        "hdbscan: smallest group that counts as a cluster."),
    INT(cluster, min_samples, "features", "5", 1, 1000000,
        "hdbscan: neighbours that make a point dense."),
    DOUBLE(cluster, cluster_selection_epsilon, "distance", "0", 0, 1e30,
           "hdbscan: clusters closer than this are merged."),
    CHOICE(cluster, cluster_selection_method, "eom|leaf", "eom",
           "hdbscan: excess of mass, or the leaves of the tree."),
    CHOICE(
        cluster, eps_search, "quantiles|grid", "quantiles",
        "dbscan: radii tried are quantiles of the neighbour distance, or eps_steps even steps; the "
        "best silhouette wins."),
    DOUBLE(cluster, eps_min, "distance", "0.1", 0, 1e30, "dbscan, grid: smallest radius tried."),
    DOUBLE(cluster, eps_max, "distance", "5", 0, 1e30, "dbscan, grid: largest radius tried."),
    INT(cluster, eps_steps, "steps", "30", 1, 10000, "dbscan, grid: radii tried."),
    INT(cluster, dbscan_min_samples, "features", "4", 1, 1000000,
        "dbscan: neighbours that make a core point."),
    INT(cluster, n_clusters, "clusters", "20", 1, 1000000, "kmeans: number of clusters."),
    INT(cluster, kmeans_restarts, "restarts", "10", 1, 10000, "kmeans: k-means++ starts."),
    INT(cluster, n_neighbors, "features", "15", 2, 1000, "umap: neighbours of each feature."),
    DOUBLE(cluster, min_dist, "distance", "0.1", 0, 10, "umap: closest distance of map points."),
    INT(cluster, umap_epochs, "epochs", "0", 0, 100000,
        "umap: passes over the graph; 0: 500, or 200 above 10,000 features."),

    CHOICE(select, strategy, "all|single|top_n", "top_n",
           "Clusters to take features from: every one, the best, or the num_clusters best."),
    INT(select, num_clusters, "clusters", "12", 1, 1000000, "How many clusters for top_n."),
    CHOICE(select, scoring_method, "size|activation|max_activation|sparsity|composite", "composite",
           "How clusters are ranked."),
    INT(select, features_per_cluster, "features", "1", 1, 1000000, "Features from each cluster."),
    CHOICE(select, feature_selection_method, "mean|max|percentile", "max",
           "How features of a cluster are ranked: by this statistic of their prompt activations."),
    DOUBLE(select, activation_percentile, "percent", "90", 0, 100, "Which percentile."),
    INT(select, max_features, "features", "48", 1, 100000,
        "Never more than this many; what is cut is said."),
    TEXT(select, features, "", "Feature ids by hand, comma-separated; replaces the selection."),

    CHOICE(optimise, free_mode, "ball|whitened|original", "ball",
           "Where free embeddings may be: within norm_limit of zero, within the ellipsoid of the "
           "token embeddings, or as the original Python program had them (250 steps of its own "
           "sizes, no BOS)."),
    INT(optimise, sequence_length, "positions", "10", 1, 4096, "Free positions after the BOS."),
    INT(optimise, restarts, "starts", "8", 1, 4096, "Starts per feature; the best is shown."),
    INT(optimise, max_steps, "steps", "250", 1, 1000000, "Steps of AdamW at most."),
    DOUBLE(optimise, learning_rate, "embedding RMS", "0.05", 1e-9, 1e6,
           "AdamW's step, in units of the token embeddings' root mean square."),
    DOUBLE(optimise, noise_scale, "embedding RMS", "0.1", 0, 1e6,
           "Noise on the random starting tokens, same unit."),
    DOUBLE(optimise, lambda_reg, "activation per embedding RMS", "0.02", 0, 1e6,
           "Pull towards the nearest token embedding: weight of the mean distance."),
    DOUBLE(optimise, norm_limit, "largest token norm", "1", 0, 1e6,
           "Embeddings stay within this many times the largest token embedding's norm; 0: free."),
    DOUBLE(optimise, pull, "share", "0", 0, 1,
           "whitened: share of the way to the closest token each step ends with, at the end."),
    DOUBLE(optimise, diversity_penalty, "activation", "0", 0, 1e6,
           "Weight of the mean cosine between positions at most diversity_window apart."),
    INT(optimise, diversity_window, "positions", "5", 1, 4096, "Reach of the diversity penalty."),
    DOUBLE(optimise, repetition_penalty, "activation", "0", 0, 1e6,
           "Weight of near-copies (cosine above 0.5) at most repetition_window apart."),
    INT(optimise, repetition_window, "positions", "5", 1, 4096, "Reach of the repetition penalty."),
    DOUBLE(optimise, convergence_tolerance, "share", "0.005", 0, 1,
           "A start has converged when its objective gains less than this over `patience` steps."),
    INT(optimise, patience, "steps", "50", 1, 1000000, "See convergence_tolerance."),
    INT(optimise, batch_sequences, "sequences", "256", 1, 65536,
        "Features x restarts optimised at once at most; bounds the memory."),

    CHOICE(search, effort, "warm|standard|thorough", "standard",
           "How hard real tokens are searched for: from data windows alone; also from beams, "
           "relaxed mixtures and chance; the same with some six times the work."),
    CHOICE(search, method, "search|gcg|epo|random", "search",
           "The search of this program, or a published one by the same engine to compare with: "
           "greedy coordinate gradient, EPO, random swaps."),
    CHOICE(search, readout, "max|last", "max",
           "Where an input is read: at whichever position is strongest, or at the last."),
    INT(search, restarts, "starts", "0", 0, 4096,
        "Members of a feature's search: windows, beams, relaxed readings, chance, in turn; 0: as "
        "effort says."),
    INT(search, iterations, "iterations", "-1", -1, 1000000, "Of the climb; -1: as effort says."),
    INT(search, children, "sequences", "0", 0, 100000,
        "Tried by each member in an iteration; 0: as effort says."),
    INT(search, front_iterations, "iterations", "-1", -1, 1000000,
        "Of the search for fluent inputs, which gcg and random do not have; -1: as effort says."),
    INT(search, sweep_tokens, "tokens", "-1", -1, 100000,
        "Tokens a position that the final sweep tries, to certify the best; 0: no sweep; -1: as "
        "effort says."),
    INT(search, windows, "windows", "16", 0, 10000,
        "Data windows looked at per feature; the strongest are where warm starts begin."),
    INT(search, single_tokens, "tokens", "0", 0, 100000000,
        "Tokens tried alone to find the best single one of every feature; 0: all."),
    INT(search, batch_features, "features", "8", 1, 4096,
        "Features searched at once at most; bounds the memory, does not change the result."),
    DOUBLE(search, budget_seconds, "seconds", "0", 0, 1e9,
           "Time for the search of all features, after which each keeps the best so far; results "
           "then depend on the machine. 0: no limit."),
    DOUBLE(search, budget_tflop, "TFLOP", "0", 0, 1e12,
           "Work for the search of all features, in equal shares; 0: no limit."),
    BOOL(search, allow_special, "false", "Let inputs hold special tokens."),
    BOOL(search, allow_unused, "false", "Let inputs hold tokens reserved for later use."),
    BOOL(search, allow_fragments, "false",
         "Let inputs hold pieces of characters and control characters."),

    INT(effects, prompts, "prompts", "12", 0, 1000000,
        "Prompts on which a feature is taken out of the model's run and put in twice, evenly over "
        "its strength; 0: what it does to the output is not measured."),
    INT(effects, quality_prompts, "prompts", "200", 0, 100000000,
        "Prompts run with the SAE's output in place of what it reads, evenly over the data; 0: not "
        "measured."),

    INT(analyse, nearest_tokens, "tokens", "5", 1, 1000, "Nearest tokens listed per position."),
    INT(analyse, contexts_top, "contexts", "8", 0, 1000, "Strongest contexts shown per feature."),
    INT(analyse, contexts_per_decile, "contexts", "1", 0, 100,
        "Contexts sampled from each tenth of the active prompts."),
    INT(analyse, contexts_per_interval, "contexts", "2", 0, 100,
        "Contexts sampled from each interval of the activation."),
    INT(analyse, context_tokens, "tokens", "28", 1, 4096, "Tokens shown around a context's peak."),

    BOOL(explain, template_sentences, "true", "Fill sentences with the top tokens and score them."),
    BOOL(explain, optimised_prompt, "true",
         "Optimise the best sentence's embeddings behind a frozen prefix."),
    INT(explain, top_tokens, "tokens", "5", 2, 100,
        "Tokens the sentences are filled with, in pairs: of the sequences that the search found, "
        "those "
        "that others replace worst; then those of the data."),
    INT(explain, keep, "sentences", "5", 1, 1000, "Sentences kept."),
    INT(explain, frozen_tokens, "tokens", "4", 0, 4096, "Leading tokens of the prompt that stay."),
    INT(explain, length, "tokens", "24", 2, 4096, "Longest optimised prompt."),
    INT(explain, max_steps, "steps", "150", 1, 1000000, "Steps for the optimised prompt."),
    DOUBLE(explain, learning_rate, "embedding RMS", "0.05", 1e-9, 1e6,
           "As optimise.learning_rate."),
    DOUBLE(explain, lambda_reg, "activation per embedding RMS", "0.02", 0, 1e6,
           "As optimise.lambda_reg."),
    BOOL(explain, use_lm_coherence, "true",
         "Add the language model's own cross-entropy of the prompt to the objective."),
    DOUBLE(explain, coherence_weight, "activation per nat", "0.1", 0, 1e6,
           "Weight of that cross-entropy."),

    DOUBLE(rules, mass, "share", "0.9", 0.01, 1,
           "A token counts as active from the activation on that keeps this share of all that the "
           "feature's activations add up to."),
    DOUBLE(rules, fit_share, "share", "0.5", 0.01, 0.98, "Documents that rules are fitted on."),
    DOUBLE(rules, choose_share, "share", "0.2", 0.01, 0.98,
           "Documents that the length of a rule is chosen on; it is measured on the rest."),
    INT(rules, most_tokens, "tokens", "400000", 1000, 2000000000,
        "Tokens that rules see at most, in whole documents drawn by the seed; bounds time and "
        "memory."),
    INT(rules, resamples, "resamples", "200", 0, 100000,
        "Of the documents, for 95% intervals; 0: no intervals."),
    INT(rules, examples, "contexts", "4", 0, 100,
        "Counter-examples of each sort shown per feature."),
    INT(rules, random_directions, "directions", "16", 0, 4096,
        "Random directions that are explained as well, as a control."),
    DOUBLE(rules, dense_share, "share", "0.2", 0, 1,
           "A feature that is active on more of the tokens is called dense."),
    INT(rules, least_documents, "documents", "10", 1, 1000000,
        "A feature that is active in fewer is called under-sampled and gets no rule."),
    DOUBLE(rules, least_f1, "F1", "0.3", 0, 1,
           "A feature whose rule reaches less is called unexplained."),

    TEXT(explainer, url, "",
         "Chat-completions address of a language model that puts features into words, as "
         "https://host/v1/chat/completions; empty: none is asked, and nothing is sent anywhere."),
    TEXT(explainer, model, "", "The model's name at that address."),
    INT(explainer, max_tokens, "tokens", "120", 1, 1000000, "Of an answer."),
    INT(explainer, features, "features", "16", 1, 100000,
        "Targets it is asked about at most, in the order in which they were selected."),
    INT(explainer, examples, "contexts", "20", 1, 1000,
        "Contexts its sentence is made from: half of them the strongest, half sampled from each "
        "tenth of the activations; none of the documents that it is then tested on."),
    INT(explainer, windows, "windows", "100", 0, 10000,
        "Stretches of 32 tokens that its sentence is tested on, half of them active, in whole "
        "twenties; 0: no test."),
    {"explainer.timeout", "seconds", "For one answer.", NULL, CONFIG_DOUBLE,
     HERE(explainer, timeout), "60", 0.001, 86400, false},
    {"explainer.retries", "attempts",
     "After too many requests (429), a server's failure (5xx) or a timeout, with longer and longer "
     "waits, or as the server says.",
     NULL, CONFIG_INT, HERE(explainer, retries), "5", 0, 1000, false},
    {"explainer.input_price", "per million tokens", "What is sent costs, in any currency.", NULL,
     CONFIG_DOUBLE, HERE(explainer, input_price), "0", 0, 1e9, false},
    {"explainer.output_price", "per million tokens", "What is answered costs.", NULL, CONFIG_DOUBLE,
     HERE(explainer, output_price), "0", 0, 1e9, false},
    {"explainer.max_cost", "currency", "Nothing is sent when all of it may cost more.", NULL,
     CONFIG_DOUBLE, HERE(explainer, max_cost), "1", 0, 1e9, false},
    {"explainer.key_env", "",
     "Environment variable that holds the key; empty: none is sent. The key is written nowhere.",
     NULL, CONFIG_STRING, HERE(explainer, key_env), "OPENAI_API_KEY", 0, 0, false},
    {"explainer.cache_dir", "",
     "Folder that keeps the answers, so that none is asked for twice; empty: explainer/ in the "
     "run's cache.",
     NULL, CONFIG_STRING, HERE(explainer, cache_dir), "", 0, 0, false},
    {"explainer.allow_http", "",
     "Let an address be unencrypted http also on another machine; the key is not sent there.", NULL,
     CONFIG_BOOL, HERE(explainer, allow_http), "false", 0, 0, false},
};

const config_key *run_config_keys(int *n)
{
    *n = (int)COUNT_OF(keys);
    return keys;
}

const config_key *run_config_find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (!strcmp(keys[i].name, name))
            return &keys[i];
    return NULL;
}
