/* Which clusters matter, and which of their features stand for them. */
#ifndef FEATURES_SELECT_H
#define FEATURES_SELECT_H
#include "features/stats.h"

/* The original program's scores of a cluster, over its members' activations over prompts (zeros
 * included): number of members; mean; maximum; s (1 - s) with s the share above the threshold,
 * highest for a half; mean * maximum * log(1 + size). */
typedef enum {
    SCORE_SIZE,
    SCORE_ACTIVATION,
    SCORE_MAX_ACTIVATION,
    SCORE_SPARSITY,
    SCORE_COMPOSITE,
    SCORE_KINDS
} score_kind;

typedef enum { SELECT_ALL, SELECT_SINGLE, SELECT_TOP_N } select_strategy;
typedef enum { FEATURES_BY_MEAN, FEATURES_BY_MAX, FEATURES_BY_PERCENTILE } feature_ranking;

typedef struct select_options {
    select_strategy strategy;
    score_kind scoring;
    feature_ranking ranking;
    int num_clusters, features_per_cluster, max_features;
    double percentile; /* 0 .. 100 */
    double activation_threshold;
    prompt_statistic statistic;
} select_options;

typedef struct cluster_score {
    int size;
    double value[SCORE_KINDS];
} cluster_score;

/* score_C of each of n_clusters clusters; labels_N[i] is the cluster of feature features_N[i],
 * negative for none. */
void select_scores(cluster_score *score_C, const collection *c, const int *features_N,
                   const int *labels_N, int n, int n_clusters, const select_options *o);

/* How strongly a feature stands for its cluster. The percentile is linear between order statistics,
 * as torch.quantile's. */
double select_feature_score(const collection *c, int feature, const select_options *o);

typedef struct selected_feature {
    int feature, cluster;
    int cluster_rank; /* 1: the best cluster by the chosen score */
    int rank;         /* 1: the best of its cluster */
    double score;
} selected_feature;

/* Fills `out` (room for n) by cluster rank, then rank; returns how many. Ties: the lower cluster,
 * the lower feature id. *n_cut: how many max_features left out. */
int select_features(selected_feature *out, int *n_cut, const collection *c,
                    const cluster_score *score_C, const int *features_N, const int *labels_N, int n,
                    int n_clusters, const select_options *o);

#endif
