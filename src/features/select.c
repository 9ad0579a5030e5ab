/* Scores and ranks. Everything is sorted with the index as the last key, so ties are settled. */
#include "features/select.h"
#include "base/memory.h"
#include <math.h>
#include <stdlib.h>

typedef struct ranked {
    double score;
    int index;
} ranked;

static int by_falling_score(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return (x->index > y->index) - (x->index < y->index);
}

/* Sums over a cluster's members and all prompts; prompts without an entry count as 0. */
typedef struct cluster_sums {
    double total, max, above;
} cluster_sums;

static void add_member(cluster_sums *s, const collection *c, int feature, const select_options *o)
{
    const prompt_activation *a = collection_entries(c, feature);
    for (size_t i = 0; i < collection_count(c, feature); i++) {
        double v = (double)stats_value(&a[i], o->statistic);
        s->total += v;
        s->above += v > o->activation_threshold;
        if (v > s->max)
            s->max = v;
    }
}

void select_scores(cluster_score *score_C, const collection *c, const int *features_N,
                   const int *labels_N, int n, int n_clusters, const select_options *o)
{
    cluster_sums *sums = mem_small((size_t)n_clusters + 1, sizeof *sums);
    for (int k = 0; k < n_clusters; k++)
        score_C[k] = (cluster_score){0};
    for (int i = 0; i < n; i++) {
        if (labels_N[i] < 0)
            continue;
        score_C[labels_N[i]].size++;
        add_member(&sums[labels_N[i]], c, features_N[i], o);
    }
    for (int k = 0; k < n_clusters; k++) {
        cluster_score *s = &score_C[k];
        double cells = (double)s->size * c->n_prompts;
        double mean = cells > 0 ? sums[k].total / cells : 0;
        double share = cells > 0 ? sums[k].above / cells : 0;
        s->value[SCORE_SIZE] = s->size;
        s->value[SCORE_ACTIVATION] = mean;
        s->value[SCORE_MAX_ACTIVATION] = sums[k].max;
        s->value[SCORE_SPARSITY] = share * (1 - share);
        s->value[SCORE_COMPOSITE] = mean * sums[k].max * log(1.0 + s->size);
    }
    mem_free(sums);
}

static int by_rising_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static double percentile(const collection *c, int feature, const select_options *o)
{
    size_t n = collection_count(c, feature), zeros = (size_t)c->n_prompts - n;
    float *sorted = mem_small(n, sizeof *sorted);
    for (size_t i = 0; i < n; i++)
        sorted[i] = stats_value(&collection_entries(c, feature)[i], o->statistic);
    qsort(sorted, n, sizeof *sorted, by_rising_value);
    double at = o->percentile / 100 * (c->n_prompts - 1), below = floor(at);
    size_t low = (size_t)below, high = (size_t)ceil(at);
    double a = low < zeros ? 0 : (double)sorted[low - zeros];
    double b = high < zeros ? 0 : (double)sorted[high - zeros];
    mem_free(sorted);
    return a + (b - a) * (at - below);
}

double select_feature_score(const collection *c, int feature, const select_options *o)
{
    if (o->ranking == FEATURES_BY_PERCENTILE)
        return percentile(c, feature, o);
    cluster_sums s = {0};
    add_member(&s, c, feature, o);
    return o->ranking == FEATURES_BY_MAX ? s.max : s.total / c->n_prompts;
}

static int clusters_wanted(const select_options *o, int n_clusters)
{
    int wanted = o->strategy == SELECT_ALL      ? n_clusters
                 : o->strategy == SELECT_SINGLE ? 1
                                                : o->num_clusters;
    return wanted < n_clusters ? wanted : n_clusters;
}

int select_features(selected_feature *out, int *n_cut, const collection *c,
                    const cluster_score *score_C, const int *features_N, const int *labels_N, int n,
                    int n_clusters, const select_options *o)
{
    ranked *clusters = mem_small((size_t)n_clusters + 1, sizeof *clusters);
    ranked *members = mem_small((size_t)n + 1, sizeof *members);
    for (int k = 0; k < n_clusters; k++)
        clusters[k] = (ranked){score_C[k].value[o->scoring], k};
    qsort(clusters, (size_t)n_clusters, sizeof *clusters, by_falling_score);

    int n_out = 0;
    *n_cut = 0;
    for (int k = 0; k < clusters_wanted(o, n_clusters); k++) {
        int n_members = 0;
        for (int i = 0; i < n; i++)
            if (labels_N[i] == clusters[k].index)
                members[n_members++] =
                    (ranked){select_feature_score(c, features_N[i], o), features_N[i]};
        qsort(members, (size_t)n_members, sizeof *members, by_falling_score);
        for (int m = 0; m < n_members && m < o->features_per_cluster; m++) {
            if (n_out == o->max_features) {
                (*n_cut)++;
                continue;
            }
            out[n_out++] = (selected_feature){.feature = members[m].index,
                                              .cluster = clusters[k].index,
                                              .cluster_rank = k + 1,
                                              .rank = m + 1,
                                              .score = members[m].score};
        }
    }
    mem_free(clusters);
    mem_free(members);
    return n_out;
}
