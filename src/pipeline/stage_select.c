/* filter and select: which features are looked at, and which stand for the rest. */
#include "base/memory.h"
#include "base/sort.h"
#include "pipeline/study.h"
#include <stdlib.h>
#include <string.h>

err_code stage_filter(study *s, bool *cached, err *e)
{
    const run_config *c = s->config;
    filter_options o = {.entropy_low = c->filter.entropy_threshold_low,
                        .entropy_high = c->filter.entropy_threshold_high,
                        .share_min = c->filter.sparsity_min,
                        .share_max = c->filter.sparsity_max,
                        .activation_threshold = c->filter.activation_threshold,
                        .statistic = study_statistic(s),
                        .may_drop_all = s->target_names};
    *cached = false;
    err_code rc = filter_features(&s->filtered, &s->collected, &o, e);
    if (!rc)
        report_line(s->reporter, "filter     %d of %d features kept", s->filtered.n_kept,
                    s->collected.n_features);
    return rc;
}

/* Position of `value` in the list "a|b|c"; the config has checked that it is there. */
static int choice_index(const char *choices, const char *value)
{
    int index = 0;
    size_t n = strlen(value);
    for (const char *p = choices; *p; index++) {
        size_t length = strcspn(p, "|");
        if (length == n && !strncmp(p, value, n))
            return index;
        p += length + (p[length] == '|');
    }
    err_die("%s is none of %s", value, choices);
}

score_kind study_scoring(const study *s)
{
    return (score_kind)choice_index("size|activation|max_activation|sparsity|composite",
                                    s->config->select.scoring_method);
}

static select_options options_of(const study *s)
{
    const run_config *c = s->config;
    return (select_options){
        .strategy = (select_strategy)choice_index("all|single|top_n", c->select.strategy),
        .scoring = study_scoring(s),
        .ranking = (feature_ranking)choice_index("mean|max|percentile",
                                                 c->select.feature_selection_method),
        .num_clusters = c->select.num_clusters,
        .features_per_cluster = c->select.features_per_cluster,
        .max_features = c->select.max_features,
        .percentile = c->select.activation_percentile,
        .activation_threshold = c->filter.activation_threshold,
        .statistic = study_statistic(s)};
}

static int cluster_of(const study *s, int feature)
{
    for (int i = 0; i < s->filtered.n_kept && s->clusters.label_N; i++)
        if (s->filtered.kept[i] == feature)
            return s->clusters.label_N[i];
    return -1;
}

/* "12, 40,7" */
static err_code select_by_hand(study *s, err *e)
{
    char *list = mem_strdup(s->config->select.features), *rest = list, *item;
    err_code rc = OK;
    s->selected = arena_push(&s->memory, strlen(list) + 1, sizeof *s->selected);
    while (!rc && (item = strsep(&rest, ", "))) {
        if (!*item)
            continue;
        char *end;
        long id = strtol(item, &end, 10);
        if (*end || id < 0 || id >= s->collected.n_features) {
            rc = err_set(e, E_CONFIG, "select.features: \"%.40s\" is no feature; ids are 0 .. %d",
                         item, s->collected.n_features - 1);
            break;
        }
        bool repeated = false;
        for (int i = 0; i < s->n_selected && !repeated; i++)
            repeated = s->selected[i].feature == (int)id;
        if (!repeated)
            s->selected[s->n_selected++] =
                (selected_feature){.feature = (int)id, .cluster = cluster_of(s, (int)id)};
    }
    mem_free(list);
    return rc;
}

/* Targets given by hand are all wanted, whatever the filter says of them. */
static void select_given(study *s)
{
    s->selected = arena_push(&s->memory, (size_t)s->collected.n_features, sizeof *s->selected);
    for (int i = 0; i < s->collected.n_features; i++)
        s->selected[s->n_selected++] =
            (selected_feature){.feature = i, .cluster = cluster_of(s, i)};
}

err_code stage_select(study *s, bool *cached, err *e)
{
    const filter_result *f = &s->filtered;
    clustering *k = &s->clusters;
    select_options o = options_of(s);
    *cached = false;
    err_code rc = OK;
    k->score_C = arena_push(&s->memory, (size_t)k->n_clusters + 1, sizeof *k->score_C);
    if (k->label_N)
        select_scores(k->score_C, &s->collected, f->kept, k->label_N, f->n_kept, k->n_clusters, &o);
    if (s->config->select.features[0]) {
        rc = select_by_hand(s, e);
    } else if (s->target_names) {
        select_given(s);
    } else {
        s->selected = arena_push(&s->memory, (size_t)f->n_kept + 1, sizeof *s->selected);
        s->n_selected = select_features(s->selected, &s->n_cut, &s->collected, k->score_C, f->kept,
                                        k->label_N, f->n_kept, k->n_clusters, &o);
    }
    if (rc)
        return rc;
    if (s->n_selected == 0)
        return err_set(e, E_DATA,
                       "no feature was selected: clustering found %d clusters among %d features; "
                       "lower cluster.min_cluster_size, or name features in select.features",
                       k->n_clusters, f->n_kept);
    s->n_targets = s->n_selected;
    s->targets = arena_push(&s->memory, (size_t)s->n_targets, sizeof *s->targets);
    for (int i = 0; i < s->n_targets; i++)
        s->targets[i] = s->selected[i].feature;
    sort_ints(s->targets, (size_t)s->n_targets);
    report_line(s->reporter, "select     %d features%s", s->n_targets,
                s->n_cut ? " (select.max_features cut the list)" : "");
    return OK;
}
