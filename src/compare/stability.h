/* Several runs side by side: what they agree on, and what varies from run to run, as when only the
 * seed is another. Built from comparisons of every two of them. */
#ifndef COMPARE_STABILITY_H
#define COMPARE_STABILITY_H
#include "compare/comparison.h"

/* Of the values that are numbers. */
typedef struct over_runs {
    int n;
    double mean, least, most; /* NaN for n 0 */
    double deviation;         /* standard, with n - 1; NaN below 2 */
} over_runs;
over_runs over_runs_of(const double *values, int n);

/* A setting that is not the same in all runs. */
typedef struct stable_setting {
    const char *group, *key, *unit;
    const char **value_R; /* NULL: the run does not have it */
} stable_setting;

typedef struct stable_metric {
    const char *name, *unit, *better;
    double *value_R; /* NaN: the run does not have it */
    over_runs spread;
} stable_metric;

/* A feature that some run chose; of runs with different dictionaries one that the first run chose,
 * and its fellows in the others (decoders.h). Means over pairs are over the pairs of runs that
 * chose it; NaN below two runs, or where neither run of any pair has what is compared. */
typedef struct stable_target {
    int id, n_runs;             /* id: in the first run's dictionary */
    const record_target **of_R; /* NULL: the run did not choose it */
    over_runs warm, rule_f1;    /* over those runs */
    double tokens;    /* mean share of the best sequences' tokens that both hold, in any order */
    double words;     /* mean share of the rules' words that both say, in one order */
    double same_rule; /* share of the pairs whose rules are the same word for word */
} stable_target;

/* A cluster of the first run. */
typedef struct stable_cluster {
    int index;      /* in record.clusters */
    int n_runs;     /* other runs with a cluster that corresponds (partition_match) */
    double jaccard; /* mean over those: features in both clusters over features in one of them */
} stable_cluster;

/* Two of the runs. Means are over the features that both chose. */
typedef struct run_pair {
    int i, j; /* i < j */
    bool same, matched, by_decoder;
    double rand_index; /* adjusted, of their clusters; NaN unless matched */
    double mcc;        /* of their targets' decoder rows (decoders.h); NaN unless by_decoder */
    int n_shared;
    double chosen; /* features that both chose over those that one did */
    double tokens, words, same_rule;
} run_pair;

typedef struct stability {
    int R;
    const record *const *runs;
    bool same;          /* every two runs are */
    bool matched;       /* all runs read one dictionary, so that a number is one feature in all */
    bool comparable;    /* the features of every two runs are matched, by number or decoder row */
    const char *limits; /* why not all could be compared; "" when it was */
    stable_setting *settings;
    int n_settings;
    stable_metric *metrics; /* by falling deviation over the size of the mean, then name */
    int n_metrics;
    run_pair *pairs; /* by i, then j */
    int n_pairs;
    over_runs rand_index, mcc, chosen, tokens, words, same_rule; /* over pairs */
    stable_target *targets; /* by falling number of runs, then id; empty unless `comparable` */
    int n_targets, n_in_all;
    stable_cluster *clusters; /* in the order of the first run's; empty unless `matched` */
    int n_clusters;
} stability;

/* R >= 2 records as record_read gives them, which must outlive `out`; memory from `memory`. */
void stability_make(stability *out, const record *const *runs, int R, double tolerance,
                    arena *memory);
/* The whole in a few sentences of plain text. */
const char *stability_verdict(const stability *s, arena *a);

/* Writes DIR/compare.json and DIR/data/; `names` are the runs' folders as seen from DIR. */
err_code stability_write(const char *dir, const stability *s, const char *const *names, err *e);

#endif
