/* One run from its inputs to its record: what the stages read and write.
 *
 * Every stage is one function that takes what earlier stages left in the study and adds its own.
 * The study owns all of it; study_close() releases everything. */
#ifndef PIPELINE_STUDY_H
#define PIPELINE_STUDY_H
#include "base/sha256.h"
#include "effects/causal.h"
#include "effects/direct.h"
#include "effects/quality.h"
#include "effects/relatives.h"
#include "explain/explainer.h"
#include "explain/explanation.h"
#include "features/collect.h"
#include "features/contexts.h"
#include "features/filter.h"
#include "features/select.h"
#include "features/survey.h"
#include "invert/analyse.h"
#include "invert/search.h"
#include "invert/singles.h"
#include "pipeline/config.h"
#include "pipeline/store.h"
#include "results/record.h"
#include "rules/explain.h"

/* What clustering found; arrays of n_kept or n_clusters in the study's arena. */
typedef struct clustering {
    int n_clusters;
    int *label_N;  /* of filter.kept[i]; -1: noise */
    float *map_N2; /* 2-D positions; NULL when there are too few features for a map */
    int *medoid_C; /* index into filter.kept */
    cluster_score *score_C;
    double silhouette, noise_share, trustworthiness, neighbour_overlap;
    int n_neighbours;
    const char *space, *settings, *map_settings; /* in words, for the report */
} clustering;

/* A target's explanations; in the arena. */
typedef struct target_explanations {
    explanation *items;
    int n;
} target_explanations;

/* A sequence of real tokens of a target, measured (pipeline/sequences.h). */
typedef struct sequence {
    const char *kind; /* as the members of record_chain are called */
    bool sought;      /* by the search, so that point.start tells what it grew from */
    search_point point;
    float *activation_L;
    double *lost_most_L, *lost_least_L; /* see attribution_job */
    int n_contexts;                     /* 0: not tried */
    double kept_mean, kept_least;       /* see robustness_job */
    bool rule_fires;                    /* the target's rule, at its last token */
} sequence;

typedef struct target_sequences {
    sequence *items;
    int n;
} target_sequences;

/* Of the targets, and what their explanations by sentence predict. */
typedef struct target_rules {
    rule_text text;
    rule_explanation *targets; /* n_targets; NULL: not made */
    rule_score **sentences;    /* of each target's explanations; in the arena */
    rule_explanation *random;  /* of random directions */
    int n_random;
    rule_explanation *concepts; /* of the known concepts' best features, ascending, each once */
    int n_concepts;
} target_rules;

/* What a target does to the output, reads and resembles. */
typedef struct target_effects {
    logit_table logits;
    token_ends read_in; /* cosines; n 0 where the SAE does not read embeddings */
    causal_effect causal;
    target_neurons neurons;
    target_relatives relatives;
} target_effects;

enum { EFFECT_TRACES = 6 }; /* of a target's strongest contexts */

typedef struct study {
    const run_config *config;
    reporter *reporter;
    arena memory;
    const char *cache_dir;  /* NULL: nothing is kept */
    const char *waited_for; /* the kind of result that was last waited for; NULL: none */

    /* inputs */
    pool *pool;
    backend *backend;
    files model_files;
    const char *sae_label;     /* as reports name it: its files, or the targets given by hand */
    const char *sae_notes;     /* sentences; "" for none */
    const char **target_names; /* of each feature; NULL: model.target is not set */
    model *model;
    sae *sae;
    tokenizer *tokenizer;
    token_table *tokens;
    whitening *whitening; /* of them; NULL unless optimise.free_mode is whitened */
    hook hook;
    int bos; /* token put before every sequence, as the SAE was trained; -1: none */
    char model_sha256[SHA256_HEX], tokenizer_sha256[SHA256_HEX], sae_sha256[SHA256_HEX],
        data_sha256[SHA256_HEX];

    /* stages */
    prompt_set prompts;
    collection collected;
    filter_result filtered;
    clustering clusters;
    selected_feature *selected; /* by cluster rank; in the arena */
    int n_selected, n_cut;      /* n_cut: left out by select.max_features */
    int *targets;               /* selected feature ids, ascending; in the arena */
    int n_targets;
    optimise_job *jobs;           /* targets x restarts */
    survey surveyed;              /* of the targets */
    singles singles;              /* of all features and of the targets */
    double loss_mean, loss_limit; /* cross-entropy of data windows, nats a token; limit: what few
                                     exceed */
    double flops_planned;         /* of all searches */
    search_job *searches;         /* of the targets */
    hook effect_hook;             /* where the SAE's output stands */
    const char *effects_missing;  /* why nothing can be put there; NULL when it can */
    target_effects *effects;      /* of the targets */
    float *trace_CRT; /* targets x EFFECT_TRACES x the longest prompt: causal_trace() of the prompts
                         of its strongest contexts; zeros where nothing was run */
    float *attention_CRT, *head_CRH; /* likewise attention_parts() of tokens and of heads, at the
                                        contexts' peaks; empty unless the SAE reads at hook_z */
    sae_quality quality;
    const char *quality_missing; /* why it was not measured by runs; NULL when it was */
    optimum *optima;             /* of the targets */
    target_sequences *sequences; /* of the targets */
    target_explanations *explained;
    target_rules rules;
    const explainer_result **written; /* of each target, NULL: it was not asked about; NULL: no
                                         language model was */

    record_stage *timings;
    int n_timings;
} study;

/* Opens model, SAE (or the targets given by hand, made into one), tokenizer and backend. On error
 * the study can still be closed. */
err_code study_open(study *s, const run_config *c, const char *cache_dir, reporter *r, err *e);
void study_close(study *s);

/* The stages, in their order. *cached tells that a kept result was used. */
err_code stage_collect(study *s, bool *cached, err *e);
err_code stage_filter(study *s, bool *cached, err *e);
err_code stage_cluster(study *s, bool *cached, err *e);
err_code stage_select(study *s, bool *cached, err *e);
err_code stage_optimise(study *s, bool *cached, err *e);
err_code stage_search(study *s, bool *cached, err *e);
err_code stage_effects(study *s, bool *cached, err *e);
err_code stage_analyse(study *s, bool *cached, err *e);
err_code stage_explain(study *s, bool *cached, err *e);
err_code stage_rules(study *s, bool *cached, err *e);
/* s->rules.text: the prompts in the parts that explanations are fitted and measured on. Once made
 * it stays. */
err_code study_split_text(study *s, err *e);
/* A part of stage_explain(): asks the language model of explainer.*, when there is one, about the
 * targets, before the stage does anything long. */
err_code study_ask_explainer(study *s, err *e);
/* Rules for what was surveyed, as rules.* says; `out` in the arena, its owner the study. */
err_code study_explain(rule_explanation **out, study *s, const survey *of, err *e);
/* The part of stage_rules() that is about the targets: rules, controls, scores of sentences. */
err_code study_explain_targets(study *s, err *e);
/* Releases all of s->rules. */
void study_forget_rules(study *s);

/* What optimiser, probes and explanations need, out of the study. */
optimise_setting study_setting(const study *s, const char *name);
search_options study_search_options(const study *s);
/* The effort, or the published method that takes its place: "standard", "gcg". */
const char *study_search_name(const study *s);
/* Of the free embeddings, as optimise.* says. */
optimise_options study_optimise_options(const run_config *c);
/* The first half of stage_search(): the targets' survey, windows, single tokens and jobs. */
err_code study_prepare_search(study *s, err *e);
scan_source study_source(const study *s, const char *name);
prompt_statistic study_statistic(const study *s);
score_kind study_scoring(const study *s); /* select.scoring_method */
/* The data set's maximum of a feature; 1 when it is never active, so that it can be a scale. */
double study_scale(const study *s, int feature);

/* Adds the value of every setting whose name starts with `prefix` to a key. */
void study_key_settings(store_key *k, const study *s, const char *prefix);
/* How the report's contexts are chosen. */
context_options study_context_options(const study *s);

#endif
