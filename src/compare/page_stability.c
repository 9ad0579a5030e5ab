/* The page of several runs side by side. */
#include "compare/pages.h"
#include "site/show.h"
#include <math.h>

enum { TARGETS_SHOWN = 60, RUNS_SHOWN = 12, CLUSTERS_SHOWN = 60 };

/* All with as many places, so many that the deviation can be seen; counts stay whole. */
static int places_of(over_runs s)
{
    return show_places(fmax(fabs(s.least), fabs(s.most)), s.deviation);
}

static const char *show_value(arena *a, over_runs s, double value)
{
    bool counts = fmax(fabs(s.least), fabs(s.most)) > 1;
    return show_fixed(a, value, counts && value == floor(value) ? 0 : places_of(s));
}

static void put_spread(cJSON *row, arena *a, over_runs s)
{
    json_add_string(row, "mean", show_value(a, s, s.mean));
    json_add_string(row, "deviation", show_fixed(a, s.deviation, places_of(s)));
    json_add_string(row, "least", show_value(a, s, s.least));
    json_add_string(row, "most", show_value(a, s, s.most));
}

static void put_runs(page *p, const stability *s, const char *const *names)
{
    arena *a = &p->memory;
    cJSON *rows = json_add_array(p->tree, "runs");
    for (int r = 0; r < s->R; r++) {
        const record_run *run = &s->runs[r]->run;
        cJSON *row = put_entry(rows);
        json_add_string(row, "number", show_count(a, r + 1));
        put_text(row, "title", a, run->title);
        put_text(row, "folder", a, names[r]);
        put_text(row, "seed", a, run->seed);
        json_add_string(row, "href", report_url(a, names[r]));
        json_add_string(row, "prompts", show_count(a, run->data.n_prompts));
        json_add_string(row, "targets", show_count(a, s->runs[r]->n_targets));
    }
}

static void put_settings(page *p, const stability *s)
{
    arena *a = &p->memory;
    cJSON *rows = json_add_array(p->tree, "settings");
    for (int i = 0; i < s->n_settings; i++) {
        cJSON *row = put_entry(rows), *values = json_add_array(row, "values");
        put_text(row, "group", a, s->settings[i].group);
        put_text(row, "key", a, s->settings[i].key);
        for (int r = 0; r < s->R && r < RUNS_SHOWN; r++)
            put_text(put_entry(values), "value", a,
                     s->settings[i].value_R[r] ? s->settings[i].value_R[r] : "–");
    }
    json_add_bool(p->tree, "has_settings", s->n_settings > 0);
}

static void put_metrics(page *p, const stability *s)
{
    arena *a = &p->memory;
    cJSON *varying = json_add_array(p->tree, "metrics"),
          *same = json_add_array(p->tree, "same_metrics");
    int n_same = 0;
    for (int i = 0; i < s->n_metrics; i++) {
        const stable_metric *m = &s->metrics[i];
        bool varies = m->spread.n < s->R || m->spread.least < m->spread.most;
        cJSON *row = put_entry(varies ? varying : same), *values = json_add_array(row, "values");
        n_same += !varies;
        put_text(row, "name", a, show_metric(a, m->name));
        put_text(row, "unit", a, m->unit);
        put_text(row, "better", a, m->better);
        put_spread(row, a, m->spread);
        for (int r = 0; r < s->R && r < RUNS_SHOWN; r++)
            json_add_string(put_entry(values), "value", show_value(a, m->spread, m->value_R[r]));
    }
    json_add_bool(p->tree, "has_metrics", n_same < s->n_metrics);
    json_add_bool(p->tree, "has_same_metrics", n_same > 0);
    json_add_string(p->tree, "n_same_metrics", show_count(a, n_same));
}

/* "1.19× ± 0.04×"; one run has no deviation. */
static const char *around(arena *a, over_runs s, const char *(*show)(arena *, double))
{
    return !s.n                 ? "–"
           : isnan(s.deviation) ? show(a, s.mean)
                                : arena_printf(a, "%s ± %s", show(a, s.mean), show(a, s.deviation));
}

static void put_targets(page *p, const stability *s)
{
    arena *a = &p->memory;
    cJSON *rows = json_add_array(p->tree, "targets");
    int shown = s->n_targets < TARGETS_SHOWN ? s->n_targets : TARGETS_SHOWN;
    for (int i = 0; i < shown; i++) {
        const stable_target *t = &s->targets[i];
        cJSON *row = put_entry(rows);
        put_text(row, "id", a, record_feature_label(a, &s->runs[0]->features[t->id]));
        json_add_string(row, "n_runs", show_count(a, t->n_runs));
        json_add_string(row, "tokens", show_share(a, t->tokens));
        json_add_string(row, "words", show_share(a, t->words));
        json_add_string(row, "same_rule", show_share(a, t->same_rule));
        json_add_string(row, "warm", around(a, t->warm, show_ratio));
        json_add_string(row, "f1", around(a, t->rule_f1, show_score));
    }
    json_add_bool(p->tree, "has_targets", shown > 0);
    json_add_bool(p->tree, "more_targets", shown < s->n_targets);
    json_add_string(p->tree, "n_targets", show_count(a, s->n_targets));
    json_add_string(p->tree, "n_in_all", show_count(a, s->n_in_all));
    json_add_string(p->tree, "chosen", show_share(a, s->chosen.mean));
    json_add_string(p->tree, "tokens", show_share(a, s->tokens.mean));
    json_add_string(p->tree, "words", show_share(a, s->words.mean));
    json_add_string(p->tree, "same_rule", show_share(a, s->same_rule.mean));
}

/* Every two runs, and the spread of what compares their clusters or dictionaries. */
static void put_pairs(page *p, const stability *s)
{
    arena *a = &p->memory;
    cJSON *rows = json_add_array(p->tree, "pairs");
    for (int i = 0; i < s->n_pairs; i++) {
        const run_pair *pair = &s->pairs[i];
        cJSON *row = put_entry(rows);
        json_add_string(row, "which",
                        arena_printf(a, "%d\u00A0and\u00A0%d", pair->i + 1, pair->j + 1));
        json_add_string(row, "rand", show_score(a, pair->rand_index));
        json_add_string(row, "mcc", show_score(a, pair->mcc));
        json_add_string(row, "shared", show_count(a, pair->n_shared));
        json_add_string(row, "chosen", show_share(a, pair->chosen));
        json_add_string(row, "tokens", show_share(a, pair->tokens));
        json_add_string(row, "words", show_share(a, pair->words));
    }
    json_add_bool(p->tree, "has_rand", isfinite(s->rand_index.mean));
    cJSON *rand = json_add_object(p->tree, "rand_index");
    put_spread(rand, a, s->rand_index);
    json_add_bool(p->tree, "has_mcc", isfinite(s->mcc.mean));
    cJSON *mcc = json_add_object(p->tree, "mcc");
    put_spread(mcc, a, s->mcc);
    put_least_cosine(p);
}

static void put_clusters(page *p, const stability *s)
{
    arena *a = &p->memory;
    cJSON *rows = json_add_array(p->tree, "clusters");
    int lasting = 0;
    for (int i = 0; i < s->n_clusters; i++) {
        const stable_cluster *c = &s->clusters[i];
        const record_cluster *own = &s->runs[0]->clusters[c->index];
        lasting += c->n_runs == s->R - 1;
        if (i >= CLUSTERS_SHOWN)
            continue;
        cJSON *row = put_entry(rows);
        put_text(row, "name", a, own->name);
        json_add_string(row, "size", show_count(a, own->size));
        json_add_string(row, "n_runs", show_count(a, c->n_runs));
        json_add_string(row, "jaccard", show_share(a, c->jaccard));
    }
    json_add_bool(p->tree, "has_clusters", s->n_clusters > 0);
    json_add_bool(p->tree, "more_clusters", s->n_clusters > CLUSTERS_SHOWN);
    json_add_string(p->tree, "n_shown_clusters",
                    show_count(a, s->n_clusters < CLUSTERS_SHOWN ? s->n_clusters : CLUSTERS_SHOWN));
    json_add_string(p->tree, "n_clusters", show_count(a, s->n_clusters));
    json_add_string(p->tree, "n_lasting", show_count(a, lasting));
    json_add_string(p->tree, "n_others", show_count(a, s->R - 1));
}

err_code stability_page(const site *of, const stability *s, const char *const *names, err *e)
{
    page p;
    page_start(&p, of, SECTION_RUN, "", "index", of->r->run.title);
    arena *a = &p.memory;
    json_add_string(p.tree, "verdict", stability_verdict(s, a));
    json_add_bool(p.tree, "has_limits", *s->limits);
    json_add_string(p.tree, "limits", s->limits);
    json_add_bool(p.tree, "matched", s->matched);
    json_add_bool(p.tree, "comparable", s->comparable);
    cJSON *columns = json_add_array(p.tree, "columns");
    for (int r = 0; r < s->R && r < RUNS_SHOWN; r++)
        json_add_string(put_entry(columns), "number", arena_printf(a, "run %d", r + 1));
    json_add_bool(p.tree, "more_runs", s->R > RUNS_SHOWN);
    json_add_string(p.tree, "n_columns", show_count(a, RUNS_SHOWN));
    put_runs(&p, s, names);
    put_settings(&p, s);
    put_metrics(&p, s);
    put_targets(&p, s);
    put_pairs(&p, s);
    put_clusters(&p, s);
    return page_write(&p, "stability.md", e);
}
