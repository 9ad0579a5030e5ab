/* The record of one run: everything a report shows, as plain structs, written to a directory and
 * read back. The pages are a function of these files and the templates alone.
 *
 * Conventions, everywhere below:
 *   - memory belongs to one arena; nothing here is freed by itself; a zeroed struct is valid
 *   - a list is a pointer and a count; both 0 when there is nothing to say
 *   - a number that is not known or not defined is NaN (empty in CSV, null in JSON)
 *   - a text that is not known is NULL or ""; texts may hold any bytes but NUL
 *   - feature ids are indices into the SAE's dictionary, prompts indices into the collected prompts
 *   - a share is in 0..1
 * The order of the members is the order of the keys in the files. */
#ifndef RESULTS_RECORD_H
#define RESULTS_RECORD_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "results/record_activity.h"
#include "results/record_effects.h"
#include "results/record_volatile.h"
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    RECORD_SCHEMA = 7,        /* of the files that are written */
    RECORD_OLDEST = 4,        /* of those that can be read; schema_history.c says how they differ */
    RECORD_NOISE = -1,        /* record_feature.cluster: clustered, in no cluster */
    RECORD_NOT_CLUSTERED = -2 /* dropped by the filter, or the stage did not see it */
};

/* 1. What was run ---------------------------------------------------------------------------- */

typedef struct record_config {
    const char *group; /* the stage that reads it: "filter" */
    const char *key, *value, *unit, *description, *default_value;
    bool is_default;
} record_config;

typedef struct record_library {
    const char *name, *version;
} record_library;

typedef struct record_model {
    const char *source; /* a label or relative path, never an absolute one */
    const char *family; /* "gpt_neox": model_type of its config.json */
    int n_layers, d_model, n_heads, n_kv_heads, d_head, d_mlp, d_vocab, context;
    int64_t n_parameters;
    const char *stored; /* types its matrices are stored in: "BF16" */
    const char *sha256; /* of config, weights and tokenizer, as files_hash reads them */
    const char *tokenizer_sha256;
} record_model;

typedef struct record_sae {
    const char *source, *architecture, *hook; /* "blocks.2.hook_resid_post" */
    const char *hook_out;                     /* what a transcoder predicts; "" for all others */
    const char *layout;                       /* which program's files: "SAELens 6" */
    const char *trained_on;                   /* the model its files name */
    const char *processing; /* of the hook's value before it is read: "center_writing_weights" */
    int layer;              /* of the hook: the L in page names */
    int d_in, d_sae;
    const char *normalisation;
    bool apply_b_dec;
    const char *notes; /* where its files leave a choice or ask for what is not done: sentences */
    const char *sha256;
} record_sae;

typedef struct record_data {
    const char *source;
    int n_prompts;
    int64_t n_tokens;           /* positions that entered the statistics */
    int64_t n_special;          /* positions left out because they are special */
    int min_tokens, max_tokens; /* shortest and longest prompt */
    const char *sha256;
} record_data;

typedef struct record_run {
    const char *title;                  /* heading of the run page: "Built-in model, layer 2" */
    const char *label;                  /* short name, usually the directory's */
    const char *tool_version, *command; /* the command line with relative paths */
    const char *commit;                 /* the program was built from; "unknown" from a tarball */
    bool modified;                      /* its sources differed from that commit */
    const char *seed;                   /* decimal; text because 64 bits do not fit a JSON number */
    const char *backend;                /* "cpu" */
    const char *precision;              /* "fp32" */
    const char *reproducibility;        /* "bitwise" or "tolerance" */
    const char *config_sha256;
    record_model model;
    record_sae sae;
    record_data data;
    record_config *config;
    int n_config;
    record_library *libraries;
    int n_libraries;
} record_run;

/* 2. How the model and the SAE came to be and how good they are (all optional) ---------------- */

typedef struct record_lm_point {
    int step;
    double tokens, loss, validation_loss, learning_rate; /* losses in nats a token */
} record_lm_point;

typedef struct record_sae_point {
    int step;
    double tokens, loss, l0, explained_variance, dead; /* dead: share of the dictionary */
} record_sae_point;

/* A named figure. In evaluation and headline tables and for further scores of an explanation. */
typedef struct record_metric {
    const char *name; /* "loss recovered" */
    double value;
    const char *unit;   /* "nats", "share", "tokens", "" */
    const char *better; /* "higher", "lower" or "" */
    double target;      /* what it should reach; NaN: none */
    const char *note;   /* one sentence: what it is measured on and beside */
} record_metric;

typedef struct record_concept {
    const char *name, *kind, *description;
    double base_rate; /* share of tokens that carry it */
    int feature;      /* with the best F1; -1: none */
    double f1, precision, recall;
    double rule_f1;    /* of the rule for that feature, with its activations; NaN: none */
    const char *named; /* whether the rule's sentence names the concept: "yes", "no"; "": no rule,
                          or a concept without words of its own */
    record_bytes sentence; /* tokens between backticks */
} record_concept;

/* 3. Features and the filter ------------------------------------------------------------------ */

/* One test of the filter, in the order applied. */
typedef struct record_filter {
    const char *name;  /* "entropy": what record_feature.dropped_by says */
    const char *title; /* "entropy between 0.2 and 4 nats" */
    const char *keys;  /* "entropy_threshold_low, entropy_threshold_high" */
    int dropped, remaining;
} record_filter;

/* Every feature of the dictionary, ascending ids. */
typedef struct record_feature {
    int id;
    const char *name;    /* of a target given by hand, "neuron 3 of hook_embed"; "" for an SAE's */
    int64_t n_active;    /* tokens with activation > 0 */
    double density;      /* n_active / tokens */
    double prompt_share; /* share of prompts active above activation_threshold */
    double entropy;      /* over prompts, nats */
    double mean;        /* over all tokens: density * mean_active, so not in files since schema 7 */
    double mean_active; /* over tokens with activation > 0 */
    double max;
    double variance, skewness, kurtosis; /* of the non-zero activations */
    record_bytes best_token;             /* of all tokens, the one that drives it most alone */
    int best_token_id;                   /* -1: not sought */
    double best_token_pre_activation;    /* NaN: not sought */
    const char *dropped_by;              /* a record_filter.name; "" when kept */
    int cluster; /* a record_cluster.label, RECORD_NOISE or RECORD_NOT_CLUSTERED */
    bool selected;
    double x, y; /* on the map; NaN when not on it */
} record_feature;

/* 4. Clusters --------------------------------------------------------------------------------- */

typedef struct record_cluster {
    int label;        /* the smallest member's id: names its page */
    const char *name; /* a few words for people, made from its top tokens; may be "" */
    int size, medoid; /* members; the id of the most central one */
    bool selected;
    double score; /* of the chosen kind, one of those below */
    double score_size, score_activation, score_max_activation, score_sparsity, score_composite;
    int *members; /* ascending ids */
    int n_members;
    record_token_stat *tokens;
    int n_tokens;
} record_cluster;

typedef struct record_quality {
    const char *method;       /* "HDBSCAN" */
    const char *space;        /* "activations over prompts, UMAP to 10 dimensions" */
    const char *settings;     /* "min_cluster_size 5, min_samples 5" */
    const char *map_settings; /* "UMAP, n_neighbors 15, min_dist 0.1, cosine" */
    const char *score_kind;   /* which score chose the clusters: "composite" */
    int n_features;           /* that were clustered */
    int n_clusters;
    double noise_share, silhouette, trustworthiness, neighbour_overlap;
    int n_neighbours; /* that the last two count */
} record_quality;

/* Mean activation of each cluster's members over groups of prompts; rows in the order of
 * record.clusters. */
typedef struct record_matrix {
    int rows, columns;
    int prompts_per_column;
    double *values; /* rows * columns, row-major */
    int n_values;
} record_matrix;

/* 5. What drives a target most, in real tokens (optional; an empty effort says it was not sought)
 */

/* How far each kind of input drives the feature: its best pre-activation over the data's maximum,
 * one length and one beginning of sequence for all. */
typedef struct record_chain {
    double data;            /* 1, or NaN where the data never activate the feature */
    double data_window;     /* the data's best window of that length, alone */
    double single_token;    /* the best token, alone */
    double free, projected; /* free embeddings, and the real tokens nearest to them */
    double relaxed;         /* mixtures of real tokens */
    double cold, warm;      /* real tokens found without the data, and from its windows on */
    double fluent;          /* real tokens no less likely than the data's windows */
} record_chain;

/* Real tokens, measured. Ends at the token the feature is read at; without the BOS. */
typedef struct record_sequence {
    const char *kind;       /* a member of record_chain: "warm" */
    const char *provenance; /* what it grew from: "data window", "beam", "relaxed", "random"; "" */
    record_bytes text;      /* the tokens as the tokenizer decodes them together */
    bool retokenizes;       /* the text gives these very tokens again */
    bool rule_fires;        /* record_rule fires at the last token */
    double pre_activation, activation,
        ratio;            /* at the last token; pre-activation / data's maximum */
    double cross_entropy; /* of the model itself, nats a token */
    bool unlike_data;     /* cross-entropy above record_search_summary.cross_entropy_limit */
    int n_contexts;       /* pieces of text put before it; 0: not tried */
    double kept_mean, kept_least; /* share of the pre-activation that is left behind them */
    record_bytes *tokens;
    int *ids;
    double *activations;
    double *lost_most;  /* share of the pre-activation lost when the token is swapped for the worst
                           of the tried alternatives, */
    double *lost_least; /* and for the best: what this token alone gives */
    int n_tokens;
} record_sequence;

/* A sequence that no other beats in both activation and cross-entropy. */
typedef struct record_front_point {
    double ratio, cross_entropy;
    const char *provenance;
    record_bytes text;
} record_front_point;

typedef struct record_search_restart {
    int index;
    const char *provenance;
    double first_ratio, ratio; /* of the start, and in the end */
    bool dead;                 /* the gradient at the start was exactly zero */
    int n_shaken;              /* how often it stalled and started anew from a changed sequence */
    record_bytes text;
} record_search_restart;

typedef struct record_search_step {
    int iteration;
    double cold, warm; /* best ratios so far */
} record_search_step;

typedef struct record_search {
    const char *effort; /* "standard" */
    const char *kind;   /* "single token" or "context": what the feature needs to be active */
    double unit;        /* the data's maximum, of which all ratios are */
    record_chain chain;
    record_sequence *sequences; /* the warm, cold and fluent ones, then the others */
    int n_sequences;
    record_front_point *front; /* rising cross-entropy */
    int n_front;
    double hypervolume; /* between the front and (0, 9 nats) */
    record_search_restart *restarts;
    int n_restarts;
    double restart_spread; /* (best - median) / best, over the restarts' final ratios */
    double near_best;      /* share of the restarts within 5% of the best */
    int n_modes;           /* unlike sequences among those within 20% of it */
    bool certified;        /* no single swap that the last sweep tried improves the best */
    int sweep_tokens;      /* tokens a position that it tried */
    int n_sweeps;
    record_search_step *curve; /* ascending iterations */
    int n_curve;
    int64_t n_forwards; /* sequences scored */
    double tflop;       /* spent on this feature */
} record_search;

/* Over the targets; quantiles of those that have the ratio. */
typedef struct record_ratio {
    const char *name; /* a member of record_chain */
    int n;
    double median, p10;
    double above_08, above_1; /* shares at 0.8 and more, and strictly above 1 */
} record_ratio;

typedef struct record_stratum {
    const char *group; /* "density" or "kind" */
    const char *name;  /* "0.1% to 1%", "context" */
    int n;
    double warm, cold, fluent; /* median ratios */
    double above_1;            /* share of warm ratios above 1 */
} record_stratum;

typedef struct record_search_summary {
    const char *effort;
    int length; /* tokens of a sequence at most, without the BOS */
    double cross_entropy_mean, cross_entropy_limit; /* of the data's windows of that length: mean,
                                                       and mean + 2 standard deviations */
    double tflop_planned, tflop; /* of all targets: expected before it began, and spent */
    int n_starts;
    double dead_starts;   /* share with a gradient of exactly zero */
    record_ratio *ratios; /* in the order of record_chain */
    int n_ratios;
    record_stratum *strata;
    int n_strata;
} record_search_summary;

/* 6. Target features -------------------------------------------------------------------------- */

/* One restart of the optimiser; every series has n_steps values. */
typedef struct record_restart {
    int index;
    bool is_best, converged;
    int last_step;
    double activation, pre_activation; /* at the end */
    double *step, *loss, *objective, *activation_curve;
    double *nearest_distance, *diversity, *repetition; /* the penalties, unweighted */
    int n_steps;
} record_restart;

typedef struct record_neighbour {
    record_bytes token;
    int id;
    double cosine;
} record_neighbour;

/* One position of the best optimised input. */
typedef struct record_position {
    double activation, pre_activation;
    double snapped;               /* activation here when the nearest real tokens are run instead */
    record_neighbour *neighbours; /* nearest first */
    int n_neighbours;
} record_position;

/* The best optimised input of free embeddings, analysed. No text makes such an input: a diagnostic
 * beside record_search. */
typedef struct record_optimum {
    double activation;         /* maximum over positions */
    int position;              /* of the maximum, from 0 */
    double mean, skewness;     /* of the activation over positions */
    double specificity;        /* target against the mean of all features */
    double snapped_activation; /* maximum when the nearest real tokens are run */
    double data_ratio;         /* activation / maximum on the data */
    double snapped_ratio;      /* snapped_activation / maximum on the data */
    double restart_mean, restart_deviation, restart_min, restart_max; /* final activations */
    double restart_cosine;        /* mean cosine between restarts, position by position */
    double restart_token_overlap; /* mean share of positions with the same nearest token */
    record_position *positions;
    int n_positions;
    record_restart *restarts;
    int n_restarts;
} record_optimum;

typedef struct record_explanation {
    const char *method; /* "template", "prompt" */
    const char *title;  /* "Template over the top tokens" */
    record_bytes text;
    record_bytes prefix; /* the frozen beginning of `text`, shown apart; n = 0: none */
    double activation, specificity;
    int length;       /* tokens */
    double coherence; /* the language model's mean log-probability, nats a token */
    record_metric *scores;
    int n_scores;
} record_explanation;

/* low..high: where 95% of the values over resampled documents lie. */
typedef struct record_estimate {
    double value, low, high;
} record_estimate;

/* How well something predicts where the feature is active, token by token, on documents that it
 * was not made from. */
typedef struct record_score {
    const char *of;     /* what predicts: "rule", "other rule", "shuffled", "frequent tokens",
                           "random direction", "template", "prompt", "language model" */
    const char *active; /* when a token counts as active: "level" (at or above record_rule.level)
                           or "any" (above 0) */
    int64_t tp, fp, fn, tn;
    record_estimate precision, recall, f1, balanced_accuracy, auprc;
    record_estimate pearson;   /* the rest does not depend on `active` */
    double detection, fuzzing; /* balanced accuracy over windows, as delphi defines it */
    int n_active_windows, n_silent_windows;
    double simulation; /* Pearson over 5 top and 5 random windows, as Bills et al. define it */
} record_score;

/* A stretch of a sentence: words of ours, or a token's bytes. */
typedef struct record_piece {
    bool is_token;
    record_bytes text;
} record_piece;

/* A stretch of the third part's text on which the rule was judged, as delphi judges sentences. */
typedef struct record_window {
    int tenth;      /* of the windows with activation, by their maxima: 1, the weakest, to 10; 0:
                       without activation */
    bool detected;  /* the rule fires on one of its tokens */
    bool marks_fit; /* it fires on at least half of the tokens marked as active: those over 0.3 of
                       the maximum, in windows without activation as many drawn ones */
    int prompt, start; /* token index of tokens[0] in the prompt */
    record_bytes *tokens;
    double *activations;
    int n_tokens;
} record_window;

/* What predicts where the feature is active, found on one part of the documents, chosen on a second
 * and measured on a third. An empty kind says that none was sought. */
typedef struct record_rule {
    const char *kind;   /* "token set", "n-gram", ..., "dense", "dead", "unexplained" */
    const char *form;   /* of the rule itself: "token set"; "" without one */
    const char *formal; /* the rule in one line */
    record_bytes text;  /* the sentence, tokens between backticks */
    record_piece *pieces;
    int n_pieces;
    double level;               /* a token counts as active from this activation on */
    int64_t n_active;           /* tokens of the report part at or above the level */
    int n_documents;            /* documents of it with such a token */
    int n_predicates, n_tokens; /* length of the rule */
    record_score *scores;       /* the rule's first */
    int n_scores;
    record_context *false_alarms; /* the rule fires, the feature is silent */
    int n_false_alarms;
    record_context *missed; /* the feature is active, the rule does not fire */
    int n_missed;
    record_context *near_misses; /* a token of the strongest activations, the feature silent */
    int n_near_misses;
    int64_t all_false_alarms, all_missed, all_near_misses; /* tokens, before some were chosen */
    record_window *windows; /* of the rule's detection and fuzzing: with activation, then without */
    int n_windows;
} record_rule;

/* The documents by part, and what the same procedure finds where there is nothing to find. */
typedef struct record_split {
    int prompt;
    const char *part; /* "fit", "choose", "report" */
} record_split;

typedef struct record_rules {
    double mass; /* share of a feature's activation that its level keeps; 0: no rules */
    int fit_documents, choose_documents, report_documents;
    int64_t fit_tokens, choose_tokens, report_tokens;
    int left_out;         /* documents beyond rules.most_tokens */
    record_score *random; /* rules for random directions, as often active as the targets */
    int n_random;
} record_rules;

typedef struct record_target {
    int id;
    const char *reason; /* why it was chosen, one sentence */
    int cluster;        /* label or RECORD_NOISE or RECORD_NOT_CLUSTERED */
    double threshold;   /* the SAE's, of this feature; 0 for relu */
    int concept_index;  /* best matching row of record.concepts, -1: none */
    double concept_f1;
    double *decoder; /* its row of the SAE's W_dec [d_out]: one length for all targets of a run */
    int n_decoder;
    record_quantiles quantiles;
    record_histogram histogram;     /* of the non-zero activations, linear bins */
    record_histogram log_histogram; /* bins in log10 */
    record_token_stat *tokens;      /* by falling F1 of `fires` and `share` */
    int n_tokens;
    record_trie_node *trie;
    int n_trie;
    record_position_bin *position_bins; /* ascending, without gaps */
    int n_position_bins;
    record_context *top;
    int n_top;
    record_value_group *deciles; /* tenths of the active prompts by their peaks, weakest first */
    int n_deciles;
    record_value_group *intervals; /* of tokens, equally wide between 0 and the maximum, rising */
    int n_intervals;
    record_rule rule;
    record_explanation *explanations;
    int n_explanations;
    record_search search;
    record_optimum optimum;
    record_effects effects;
} record_target;

/* The whole ------------------------------------------------------------------------------------ */

typedef struct record {
    int schema; /* of the files it was read from; members that they lack are empty, numbers NaN */
    record_run run;
    record_lm_point *lm_curve;
    int n_lm_curve;
    record_sae_point *sae_curve;
    int n_sae_curve;
    record_metric *evaluation;
    int n_evaluation;
    record_concept *concepts;
    int n_concepts;
    record_filter *filters;
    int n_filters;
    record_feature *features; /* ascending ids; all of the dictionary */
    int n_features;
    record_quality quality;
    record_cluster *clusters; /* by falling size, then label */
    int n_clusters;
    record_matrix matrix;
    record_search_summary search;
    record_sae_quality sae_quality;
    record_rules rules;
    record_split *splits; /* ascending prompts */
    int n_splits;
    record_target *targets; /* ascending ids */
    int n_targets;
} record;

/* 7. Files ------------------------------------------------------------------------------------- */

/* Writes DIR/run.json, DIR/compare.json and DIR/data/ (CSV and JSON, README.md with each column's
 * meaning). The directory is made; nothing else in it is touched. Numbers keep six digits, so what
 * is drawn must come from record_read, not from `r`. */
err_code record_write(const char *dir, const record *r, err *e);
err_code record_write_volatile(const char *dir, const record_volatile *v, err *e);

/* Fills `out` (memory from `a`) from what record_write wrote. The files are not trusted: E_IO,
 * E_FORMAT or E_SHAPE names the file, the place and the key. */
err_code record_read(record *out, arena *a, const char *dir, err *e);
/* What is missing of volatile/ is left zeroed and is OK. */
err_code record_read_volatile(record_volatile *out, arena *a, const char *dir, err *e);

/* Writes DIR/MANIFEST.sha256 over every file in DIR but itself and volatile/, sorted bytewise, as
 * `sha256sum -c` reads it. Last of all. */
err_code record_write_manifest(const char *dir, err *e);
/* Whether DIR is as its manifest says. E_DATA names the first file that is missing, was changed or
 * is not listed, and counts them; E_IO, E_FORMAT: the manifest cannot be read. */
err_code record_check_manifest(const char *dir, err *e);

/* The string's bytes in the arena; it is released. */
record_bytes record_take_bytes(str *s, arena *a);

/* A feature to people: "12", or "0: neuron 3 of hook_embed" when it has a name. */
const char *record_feature_label(arena *a, const record_feature *f);
/* "L02-00123": the name of a feature's files; "c-L02-00123" for the cluster with that label. */
enum { RECORD_NAME = 32 };
const char *record_feature_name(char name[RECORD_NAME], int layer, int id);
const char *record_cluster_name(char name[RECORD_NAME], int layer, int label);

/* What has to be said before any number of a feature: it is never active, always equally strong,
 * active on more than RECORD_DENSE of the tokens, or active in fewer than RECORD_ENOUGH_PROMPTS
 * prompts. The first that holds. */
typedef enum {
    RECORD_USUAL,
    RECORD_DEAD,
    RECORD_CONSTANT,
    RECORD_IS_DENSE,
    RECORD_UNDER_SAMPLED
} record_state;
#define RECORD_DENSE 0.2
enum { RECORD_ENOUGH_PROMPTS = 200 };
record_state record_state_of(const record_feature *f, const record_target *t);

/* Whether real tokens were sought for the target; in the run at all. */
bool record_has_search(const record_target *t);
bool record_was_searched(const record *r);
/* Whether real tokens were found without the data for any target. */
bool record_any_cold(const record *r);
/* Whether the target's effects were looked at; and whether runs in which it is active were. */
bool record_has_effects(const record_target *t);
bool record_has_runs(const record_target *t);
/* The change of that name; NULL for none. */
const record_change *record_find_change(const record_effects *x, const char *name);
/* Whether a rule was sought for the target, and whether one was measured. */
bool record_has_rule(const record_target *t);
bool record_has_rule_score(const record_target *t);
/* The F1 of its rule at the level; NaN without one. */
double record_rule_f1(const record_target *t);
/* Its score of what predicts, at the level or for any activation; NULL for none. */
const record_score *record_find_score(const record_rule *rule, const char *of, const char *active);
/* Share of the targets' activation, summed over the data, in those whose rule reaches this F1; NaN
 * without rules. */
double record_explained_mass(const record *r, double least_f1);
/* Its sequence of that kind, NULL for none. */
const record_sequence *record_find_sequence(const record_search *s, const char *kind);

/* The row of feature `id`, NULL when out of range. */
const record_feature *record_find_feature(const record *r, int id);
/* The cluster with that label, NULL for none. */
const record_cluster *record_find_cluster(const record *r, int label);

/* The run's headline figures, as compare.json holds them; memory from `a`. */
record_metric *record_headlines(int *n, const record *r, arena *a);

#endif
