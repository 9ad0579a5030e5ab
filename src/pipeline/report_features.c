/* The record's middle: filter, features, clusters and the cluster-by-prompt matrix. */
#include "base/memory.h"
#include "pipeline/report.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MATRIX_COLUMNS = 200, CLUSTER_TOKENS = 12, NAME_TOKENS = 3 };

static void add_filter(record *r, study *s, filter_reason reason, const char *title,
                       const char *keys)
{
    int before = r->n_filters ? r->filters[r->n_filters - 1].remaining : s->collected.n_features;
    int dropped = s->filtered.dropped[reason];
    r->filters[r->n_filters++] = (record_filter){.name = filter_name(reason),
                                                 .title = title,
                                                 .keys = keys,
                                                 .dropped = dropped,
                                                 .remaining = before - dropped};
}

void report_filters(record *r, study *s)
{
    char a[NUMBER_TEXT];
    const run_config *c = s->config;
    arena *m = &s->memory;
    r->filters = arena_push(m, FILTER_REASONS, sizeof *r->filters);
    add_filter(r, s, FILTER_DEAD, "active at least once", "");
    add_filter(
        r, s, FILTER_ENTROPY_LOW,
        arena_printf(m, "entropy above %s nats", number_text(a, c->filter.entropy_threshold_low)),
        "filter.entropy_threshold_low");
    add_filter(
        r, s, FILTER_ENTROPY_HIGH,
        arena_printf(m, "entropy below %s nats", number_text(a, c->filter.entropy_threshold_high)),
        "filter.entropy_threshold_high");
    add_filter(r, s, FILTER_SHARE_LOW,
               arena_printf(m, "active in more than %s of prompts",
                            number_text(a, c->filter.sparsity_min)),
               "filter.sparsity_min, filter.activation_threshold");
    add_filter(r, s, FILTER_SHARE_HIGH,
               arena_printf(m, "active in less than %s of prompts",
                            number_text(a, c->filter.sparsity_max)),
               "filter.sparsity_max, filter.activation_threshold");
}

static int cluster_label(const study *s, int cluster)
{
    /* Clusters are numbered by their smallest member, so the first member found is that. */
    for (int i = 0; i < s->filtered.n_kept; i++)
        if (s->clusters.label_N[i] == cluster)
            return s->filtered.kept[i];
    return RECORD_NOISE;
}

void report_features(record *r, study *s)
{
    const collection *c = &s->collected;
    r->n_features = c->n_features;
    r->features = arena_push(&s->memory, (size_t)c->n_features, sizeof *r->features);
    for (int f = 0; f < c->n_features; f++) {
        const feature_stats *t = &c->stats_F[f];
        moments m = stats_moments(t);
        double tokens = c->n_tokens > 0 ? (double)c->n_tokens : 1;
        r->features[f] = (record_feature){.id = f,
                                          .name = s->target_names ? s->target_names[f] : "",
                                          .n_active = t->n_active,
                                          .density = (double)t->n_active / tokens,
                                          .prompt_share = s->filtered.share_F[f],
                                          .entropy = s->filtered.entropy_F[f],
                                          .mean = t->sum / tokens,
                                          .mean_active = m.mean,
                                          .max = t->max,
                                          .variance = m.variance,
                                          .skewness = m.skewness,
                                          .kurtosis = m.kurtosis,
                                          .best_token_id = -1,
                                          .best_token_pre_activation = (double)NAN,
                                          .dropped_by = filter_name(s->filtered.reason_F[f]),
                                          .cluster = RECORD_NOT_CLUSTERED,
                                          .x = (double)NAN,
                                          .y = (double)NAN};
    }
    for (int i = 0; i < s->filtered.n_kept && s->clusters.label_N; i++) {
        record_feature *f = &r->features[s->filtered.kept[i]];
        int cluster = s->clusters.label_N[i];
        f->cluster = cluster < 0 ? RECORD_NOISE : cluster_label(s, cluster);
        if (s->clusters.map_N2) {
            f->x = (double)s->clusters.map_N2[2 * i];
            f->y = (double)s->clusters.map_N2[2 * i + 1];
        }
    }
    for (int i = 0; i < s->n_targets; i++)
        r->features[s->targets[i]].selected = true;
    for (int f = 0; f < s->singles.F; f++) {
        r->features[f].best_token = report_token(s, s->singles.best_F[f]);
        r->features[f].best_token_id = s->singles.best_F[f];
        r->features[f].best_token_pre_activation = (double)s->singles.pre_activation_F[f];
    }
}

/* ---- clusters
 * ------------------------------------------------------------------------------------ */

/* A token in a cluster: how often its members peak on it, and how much more often than all
 * clustered features do: count * log(share in the cluster / share overall), its part of the
 * divergence between the two. Common tokens ("the") come last although they are frequent
 * everywhere. */
typedef struct peak_stat {
    int id;
    int64_t count;
    double activation, weight;
} peak_stat;

static int by_falling_weight(const void *a, const void *b)
{
    const peak_stat *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight < y->weight ? 1 : -1;
    return (x->id > y->id) - (x->id < y->id);
}

static int64_t count_peaks(peak_stat *stats_V, const study *s, int feature)
{
    const prompt_activation *a = collection_entries(&s->collected, feature);
    size_t n = collection_count(&s->collected, feature);
    for (size_t i = 0; i < n; i++) {
        peak_stat *t = &stats_V[prompts_tokens(&s->prompts, a[i].prompt)[a[i].peak]];
        t->count++;
        t->activation += (double)a[i].max;
    }
    return (int64_t)n;
}

/* The tokens on which the members peak, the most characteristic first. overall_V: the same counts
 * for all kept features, `total` peaks in all. */
static void peak_tokens(record_cluster *k, study *s, const peak_stat *overall_V, int64_t total)
{
    int V = s->tokens->V;
    int64_t own = 0;
    peak_stat *stats = mem_small((size_t)V, sizeof *stats);
    for (int i = 0; i < k->n_members; i++)
        own += count_peaks(stats, s, k->members[i]);
    int met = 0;
    for (int id = 0; id < V; id++) {
        if (stats[id].count == 0)
            continue;
        peak_stat *t = &stats[met++];
        *t = stats[id];
        t->id = id;
        double count = (double)t->count;
        t->weight =
            count * log((count / (double)own) / ((double)overall_V[id].count / (double)total));
    }
    qsort(stats, (size_t)met, sizeof *stats, by_falling_weight);
    while (k->n_tokens < CLUSTER_TOKENS && k->n_tokens < met && stats[k->n_tokens].weight > 0)
        k->n_tokens++;
    k->tokens = arena_push(&s->memory, (size_t)k->n_tokens + 1, sizeof *k->tokens);
    for (int i = 0; i < k->n_tokens; i++)
        k->tokens[i] =
            (record_token_stat){.token = report_token(s, stats[i].id),
                                .id = stats[i].id,
                                .count = stats[i].count,
                                .activation = stats[i].activation / (double)stats[i].count};
    mem_free(stats);
}

static bool has_letters(record_bytes t)
{
    int letters = 0;
    for (int i = 0; i < t.n; i++)
        letters += isalpha((unsigned char)t.bytes[i]) || (unsigned char)t.bytes[i] >= 0x80;
    return letters >= 2;
}

/* "garden, seed, rose": the first tokens, blanks removed; words only, when there are words. */
static const char *name_of(const record_cluster *k, arena *a)
{
    bool words_only = false;
    for (int i = 0; i < k->n_tokens; i++)
        words_only |= has_letters(k->tokens[i].token);
    str name = {0};
    record_bytes used[NAME_TOKENS];
    int words = 0;
    for (int i = 0; i < k->n_tokens && words < NAME_TOKENS; i++) {
        record_bytes t = k->tokens[i].token;
        while (t.n && strchr(" \t\r\n", t.bytes[0]))
            t.bytes++, t.n--;
        bool known =
            t.n == 0 || !utf8_valid(t.bytes, (size_t)t.n) || (words_only && !has_letters(t));
        for (int u = 0; u < words && !known; u++)
            known = used[u].n == t.n && !memcmp(used[u].bytes, t.bytes, (size_t)t.n);
        if (known)
            continue;
        used[words] = t;
        str_add(&name, words++ ? ", " : "");
        str_add_bytes(&name, t.bytes, (size_t)t.n);
    }
    char *kept = arena_strdup(a, str_text(&name));
    str_release(&name);
    return kept;
}

static bool cluster_selected(const study *s, int cluster)
{
    for (int i = 0; i < s->n_selected; i++)
        if (s->selected[i].cluster == cluster)
            return true;
    return false;
}

static void fill_cluster(record_cluster *k, study *s, int cluster, score_kind chosen)
{
    const clustering *all = &s->clusters;
    const cluster_score *score = &all->score_C[cluster];
    *k = (record_cluster){.label = cluster_label(s, cluster),
                          .size = score->size,
                          .medoid = s->filtered.kept[all->medoid_C[cluster]],
                          .selected = cluster_selected(s, cluster),
                          .score = score->value[chosen],
                          .score_size = score->value[SCORE_SIZE],
                          .score_activation = score->value[SCORE_ACTIVATION],
                          .score_max_activation = score->value[SCORE_MAX_ACTIVATION],
                          .score_sparsity = score->value[SCORE_SPARSITY],
                          .score_composite = score->value[SCORE_COMPOSITE]};
    k->members = arena_push(&s->memory, (size_t)score->size + 1, sizeof *k->members);
    for (int i = 0; i < s->filtered.n_kept; i++)
        if (all->label_N[i] == cluster)
            k->members[k->n_members++] = s->filtered.kept[i];
}

static void name_clusters(record *r, study *s)
{
    peak_stat *overall_V = mem_small((size_t)s->tokens->V, sizeof *overall_V);
    int64_t total = 0;
    for (int i = 0; i < s->filtered.n_kept; i++)
        total += count_peaks(overall_V, s, s->filtered.kept[i]);
    for (int i = 0; i < r->n_clusters; i++) {
        peak_tokens(&r->clusters[i], s, overall_V, total);
        r->clusters[i].name = name_of(&r->clusters[i], &s->memory);
    }
    mem_free(overall_V);
}

static int by_size(const void *a, const void *b)
{
    const record_cluster *x = a, *y = b;
    if (x->size != y->size)
        return x->size < y->size ? 1 : -1;
    return (x->label > y->label) - (x->label < y->label);
}

/* Mean activation of the members over each group of prompts. */
static void fill_matrix(record *r, study *s)
{
    int prompts = s->prompts.n, group = (prompts + MATRIX_COLUMNS - 1) / MATRIX_COLUMNS;
    record_matrix *m = &r->matrix;
    *m = (record_matrix){.rows = r->n_clusters,
                         .columns = (prompts + group - 1) / group,
                         .prompts_per_column = group};
    m->n_values = m->rows * m->columns;
    m->values = arena_push(&s->memory, (size_t)m->n_values + 1, sizeof *m->values);
    for (int k = 0; k < m->rows; k++) {
        const record_cluster *cluster = &r->clusters[k];
        double *row = ROW(m->values, k, m->columns);
        for (int i = 0; i < cluster->n_members; i++) {
            const prompt_activation *a = collection_entries(&s->collected, cluster->members[i]);
            for (size_t j = 0; j < collection_count(&s->collected, cluster->members[i]); j++)
                row[a[j].prompt / group] += (double)stats_value(&a[j], study_statistic(s));
        }
        for (int j = 0; j < m->columns; j++) {
            int in_group = prompts - j * group < group ? prompts - j * group : group;
            row[j] /= (double)in_group * cluster->n_members;
        }
    }
}

void report_clusters(record *r, study *s)
{
    static const char *const methods[] = {"HDBSCAN", "DBSCAN", "k-means"};
    const clustering *k = &s->clusters;
    const char *method = s->config->cluster.method;
    r->quality = (record_quality){.method = methods[method[0] == 'h'   ? 0
                                                    : method[0] == 'd' ? 1
                                                                       : 2],
                                  .space = k->space,
                                  .settings = k->settings,
                                  .map_settings = k->map_settings,
                                  .score_kind = s->config->select.scoring_method,
                                  .n_features = s->filtered.n_kept,
                                  .n_clusters = k->n_clusters,
                                  .noise_share = k->noise_share,
                                  .silhouette = k->silhouette,
                                  .trustworthiness = k->trustworthiness,
                                  .neighbour_overlap = k->neighbour_overlap,
                                  .n_neighbours = k->n_neighbours};
    score_kind chosen = study_scoring(s);
    r->n_clusters = k->n_clusters;
    r->clusters = arena_push(&s->memory, (size_t)k->n_clusters + 1, sizeof *r->clusters);
    for (int i = 0; i < k->n_clusters; i++)
        fill_cluster(&r->clusters[i], s, i, chosen);
    name_clusters(r, s);
    qsort(r->clusters, (size_t)r->n_clusters, sizeof *r->clusters, by_size);
    fill_matrix(r, s);
}
