/* Two finished runs side by side: what was asked, what came out, and what became of each feature.
 * All of it follows from the two records; the model is never needed. */
#ifndef COMPARE_COMPARISON_H
#define COMPARE_COMPARISON_H
#include "compare/decoders.h"
#include "compare/differences.h"
#include "base/partition.h"
#include "compare/procrustes.h"
#include "compare/words.h"
#include "results/record.h"

/* A setting or an input that is not the same in both; NULL: the run does not have it. */
typedef struct setting_pair {
    const char *group, *key, *unit, *a, *b;
} setting_pair;

typedef enum {
    METRIC_SAME,   /* within the tolerance */
    METRIC_BETTER, /* in B */
    METRIC_WORSE,
    METRIC_DIFFERS,  /* no direction is the better one, or the runs do not measure the same */
    METRIC_ONE_SIDED /* only one of the runs has it */
} metric_verdict;

typedef struct metric_pair {
    const char *name, *unit, *better;
    double a, b, difference; /* difference: b - a */
    double relative;         /* |difference| / max(|a|, |b|): what the tolerance is compared with */
    metric_verdict verdict;
} metric_pair;

/* The first that holds, in this order. Of the dictionary: lost and gained are those that passed the
 * filter of one run only. Of the targets: chosen by one run only. */
typedef enum {
    FEATURE_LOST,
    FEATURE_GAINED,
    FEATURE_DIED,    /* active in A alone */
    FEATURE_REVIVED, /* active in B alone */
    FEATURE_MOVED,   /* to a cluster that is not the one that corresponds, to noise or from it */
    FEATURE_CHANGED, /* a number, its sentence, its contexts: anything else */
    FEATURE_SAME,
    FEATURE_CATEGORIES
} feature_category;

typedef struct feature_pair {
    int id;
    feature_category category;
    bool moved;         /* whatever the category */
    long n_differences; /* values of its row that differ */
} feature_pair;

/* What one run says of a target and what the other says instead. */
typedef struct text_pair {
    const char *title; /* "Rule", or the title of the explanation */
    bool is_rule;      /* its tokens stand between backticks */
    record_bytes a, b; /* n = 0: that run has none */
    const char *score; /* what the scores are */
    double score_a, score_b;
    words_piece *pieces;
    int n_pieces;
} text_pair;

typedef struct target_pair {
    int id_a, id_b; /* its number in either dictionary: both the same where one SAE is read; -1: no
                       target of that run has a decoder row like it */
    double cosine;  /* where rows are compared: of both rows, or without a fellow the largest with
                       any target of the other run; else NaN */
    feature_category category;
    bool moved;
    const record_target *a, *b; /* NULL: not a target of that run */
    long n_differences;
    bool contexts;    /* the strongest contexts are not the same */
    text_pair *texts; /* all of them, the rule's first */
    int n_texts;
    int n_changed; /* texts with a word removed or added */
} target_pair;

/* Clusters of both runs that correspond: each shares more features with the other than with any
 * other one. */
typedef struct cluster_pairs {
    const int *index_a, *index_b; /* of every feature: its cluster's place in record.clusters, -1 */
    int *of_a;                    /* for each cluster of A its fellow in B, -1: none */
    int *of_b;                    /* and the other way round */
    partition_cell *cells; /* features that both runs clustered, by index of cluster in A and B */
    int n_cells;
    int n_both; /* those features */
    double rand_index;
} cluster_pairs;

typedef struct comparison {
    const record *a, *b;
    double tolerance;
    bool same_model, same_sae, same_hook, same_data;
    bool measures_alike;  /* same model, SAE and hook: a metric is the same thing in both */
    bool matched;         /* features are matched by id, in the dictionary of one SAE */
    bool by_decoder;      /* else targets are, by their decoder rows */
    const char *obstacle; /* where neither: why the rows cannot be compared; else NULL */
    setting_pair *inputs, *config; /* that differ */
    int n_inputs, n_config, n_config_equal;
    metric_pair *metrics; /* by falling `relative`, then name; those that neither has left out */
    int n_metrics, n_metrics_beyond;
    decoder_match decoders; /* empty unless by_decoder */
    target_pair *targets;   /* ascending ids; by_decoder: of A, then those of B that have no fellow;
                               empty where features are not matched */
    int n_targets, chosen[FEATURE_CATEGORIES];
    /* What follows is empty unless `matched`, but for differences of targets. */
    feature_pair *features; /* ascending ids, without those that are the same */
    int n_features;
    int dictionary[FEATURE_CATEGORIES]; /* features */
    cluster_pairs clusters;
    procrustes alignment;        /* of B's map on A's */
    int map_only_a, map_only_b;  /* features on one map only */
    difference_list differences; /* every value of the records, settings apart */
    bool same;                   /* nothing differs: not a setting, not a value */
} comparison;

/* Of data/differences.csv, quotes apart: code hosts show no difference of files above 500 KB. */
enum { COMPARISON_MOST_BYTES = 450000 };

/* Compares two records as record_read gives them. They must outlive `out`; memory from `memory`. */
void comparison_make(comparison *out, const record *a, const record *b, double tolerance,
                     arena *memory);

/* "lost", ..., "same"; "better", ..., "only in one". */
const char *feature_category_name(feature_category c);
/* What its page, its files and its differences are called: "L02-00123", its number in A, or
 * "b-L02-00045" where only B's dictionary has it. */
const char *target_pair_name(char name[RECORD_NAME], const comparison *c, const target_pair *t);
const char *metric_verdict_name(metric_verdict v);
/* "number", "decoder" or "nothing". */
const char *comparison_matched_by(bool matched, bool by_decoder);
/* The whole in one or two sentences of plain text. */
const char *comparison_verdict(const comparison *c, arena *a);
/* Why some of it could not be compared, in sentences of plain text; "" when all was. */
const char *comparison_limits(const comparison *c, arena *a);

#endif
