/* The files of several runs side by side. */
#include "base/io.h"
#include "base/json.h"
#include "base/memory.h"
#include "compare/csv_tables.h"
#include "compare/stability.h"
#include "compare/summary.h"

/* ---- tables -------------------------------------------------------------------------------------
 */

static void settings(str *out, const void *data)
{
    const stability *s = data;
    for (int i = 0; i < s->n_settings; i++)
        for (int r = 0; r < s->R; r++) {
            csv_put_text(out, s->settings[i].group);
            csv_put_text(out, s->settings[i].key);
            csv_put_text(out, s->settings[i].unit);
            csv_put_number(out, r + 1);
            csv_put_text(out, s->settings[i].value_R[r]);
            csv_end_row(out);
        }
}

static void metrics(str *out, const void *data)
{
    const stability *s = data;
    for (int i = 0; i < s->n_metrics; i++)
        for (int r = 0; r < s->R; r++) {
            csv_put_text(out, s->metrics[i].name);
            csv_put_text(out, s->metrics[i].unit);
            csv_put_text(out, s->metrics[i].better);
            csv_put_number(out, r + 1);
            csv_put_number(out, s->metrics[i].value_R[r]);
            csv_end_row(out);
        }
}

static void pairs(str *out, const void *data)
{
    const stability *s = data;
    for (int i = 0; i < s->n_pairs; i++) {
        const run_pair *p = &s->pairs[i];
        csv_put_number(out, p->i + 1);
        csv_put_number(out, p->j + 1);
        csv_put_flag(out, p->same);
        csv_put_text(out, comparison_matched_by(p->matched, p->by_decoder));
        csv_put_number(out, p->rand_index);
        csv_put_number(out, p->mcc);
        csv_put_number(out, p->n_shared);
        csv_put_number(out, p->chosen);
        csv_put_number(out, p->tokens);
        csv_put_number(out, p->words);
        csv_put_number(out, p->same_rule);
        csv_end_row(out);
    }
}

static void targets(str *out, const void *data)
{
    const stability *s = data;
    for (int i = 0; i < s->n_targets; i++) {
        const stable_target *t = &s->targets[i];
        csv_put_number(out, t->id);
        csv_put_number(out, t->n_runs);
        csv_put_number(out, t->tokens);
        csv_put_number(out, t->words);
        csv_put_number(out, t->same_rule);
        csv_put_number(out, t->warm.mean);
        csv_put_number(out, t->warm.deviation);
        csv_put_number(out, t->rule_f1.mean);
        csv_put_number(out, t->rule_f1.deviation);
        csv_end_row(out);
    }
}

static void clusters(str *out, const void *data)
{
    const stability *s = data;
    for (int i = 0; i < s->n_clusters; i++) {
        const record_cluster *c = &s->runs[0]->clusters[s->clusters[i].index];
        csv_put_number(out, c->label);
        csv_put_text(out, c->name);
        csv_put_number(out, c->size);
        csv_put_number(out, s->clusters[i].n_runs);
        csv_put_number(out, s->clusters[i].jaccard);
        csv_end_row(out);
    }
}

static const csv_column SETTINGS[] = {
    {"group", "stage that reads it"},     {"key", "its name"},      {"unit", "its unit"},
    {"run", "number of the run, from 1"}, {"value", "in that run"},
};
static const csv_column METRICS[] = {
    {"metric", "headline figure, as in compare.json of a report"},
    {"unit", "its unit"},
    {"better", "the better direction, if there is one"},
    {"run", "number of the run, from 1"},
    {"value", "in that run"},
};
static const csv_column PAIRS[] = {
    {"run_a", "number of a run, from 1"},
    {"run_b", "number of another"},
    {"same", "whether nothing in them differs"},
    {"matched_by", "what tells that a feature of one is one of the other: number (in one "
                   "dictionary), decoder (rows of two) or nothing, where what follows is empty"},
    {"rand_index", "adjusted Rand index of their clusters, where matched by number"},
    {"mcc", "mean cosine of the best pairing of their targets' decoder rows, where matched by "
            "decoder; PW-MCC is its mean"},
    {"shared", "features that both chose"},
    {"chosen", "shared over the features that one of them chose"},
    {"tokens", "share of tokens that the best sequences have in common, mean over shared features"},
    {"words", "share of words that the rules have in common, likewise"},
    {"same_rule", "share of the shared features whose rules are the same word for word"},
};
static const csv_column TARGETS[] = {
    {"feature", "its number, the same in all runs that read the first one's dictionary"},
    {"runs", "runs that chose it, or a feature of another dictionary with such a decoder row"},
    {"tokens", "share of tokens that the best sequences have in common, mean over pairs of runs"},
    {"words", "share of words that the rules have in common, likewise"},
    {"same_rule", "share of pairs of runs whose rules are the same word for word"},
    {"warm_mean", "best real tokens over the data's maximum, mean over the runs"},
    {"warm_deviation", "its standard deviation"},
    {"rule_f1_mean", "F1 of the rule, mean over the runs"},
    {"rule_f1_deviation", "its standard deviation"},
};
static const csv_column CLUSTERS[] = {
    {"cluster", "label of a cluster of the first run"},
    {"name", "its name there"},
    {"size", "its features there"},
    {"runs", "other runs with a cluster that corresponds: each shares most with the other"},
    {"jaccard", "features in both clusters over those in one, mean over those runs"},
};

static const csv_table tables[] = {
    {"data/settings.csv", "Settings that are not the same in all runs", SETTINGS,
     COUNT_OF(SETTINGS), settings},
    {"data/metrics.csv", "Headline figures of every run, the most variable first", METRICS,
     COUNT_OF(METRICS), metrics},
    {"data/pairs.csv", "Every two runs", PAIRS, COUNT_OF(PAIRS), pairs},
    {"data/targets.csv",
     "Features that a run chose; of several dictionaries those of the first run", TARGETS,
     COUNT_OF(TARGETS), targets},
    {"data/clusters.csv", "What becomes of the first run's clusters", CLUSTERS, COUNT_OF(CLUSTERS),
     clusters},
};

static const char about[] =
    "# The data of these runs side by side\n\nCSV as in RFC 4180, UTF-8. Numbers have six digits; "
    "an empty cell is a number or a text that is not there. Runs are numbered from 1, in the order "
    "in which they were given. `../compare.json` holds the verdict and what it rests on.\n";

/* ---- compare.json -------------------------------------------------------------------------------
 */

static void add_spread(cJSON *object, const char *key, over_runs s)
{
    cJSON *to = json_add_object(object, key);
    json_add_number(to, "n", s.n);
    json_add_number(to, "mean", s.mean);
    json_add_number(to, "deviation", s.deviation);
    json_add_number(to, "least", s.least);
    json_add_number(to, "most", s.most);
}

static err_code write_summary(const char *dir, const stability *s, const char *const *names, err *e)
{
    arena a = {0};
    cJSON *object = cJSON_CreateObject();
    json_add_number(object, "schema", COMPARISON_SCHEMA);
    json_add_bool(object, "same", s->same);
    json_add_string(object, "verdict", stability_verdict(s, &a));
    json_add_bool(object, "features_matched", s->comparable);
    json_add_string(object, "matched_by", comparison_matched_by(s->matched, s->comparable));
    json_add_string(object, "limits", s->limits);
    cJSON *runs = json_add_array(object, "runs");
    for (int r = 0; r < s->R; r++)
        summary_add_run(runs, NULL, names[r], s->runs[r]);
    cJSON *metrics_of = json_add_object(object, "metrics");
    for (int i = 0; i < s->n_metrics; i++)
        add_spread(metrics_of, s->metrics[i].name, s->metrics[i].spread);
    json_add_number(object, "chosen_by_a_run", s->n_targets);
    json_add_number(object, "chosen_by_all", s->n_in_all);
    cJSON *over_pairs = json_add_object(object, "pairs");
    add_spread(over_pairs, "adjusted_rand_index", s->rand_index);
    add_spread(over_pairs, "pw_mcc", s->mcc);
    add_spread(over_pairs, "chosen_in_common", s->chosen);
    add_spread(over_pairs, "tokens_in_common", s->tokens);
    add_spread(over_pairs, "rule_words_in_common", s->words);
    add_spread(over_pairs, "same_rule", s->same_rule);
    err_code rc = json_write(path_join(&a, dir, "compare.json"), object, e);
    cJSON_Delete(object);
    arena_release(&a);
    return rc;
}

err_code stability_write(const char *dir, const stability *s, const char *const *names, err *e)
{
    err_code rc = csv_tables_write(dir, tables, COUNT_OF(tables), about, s, e);
    return rc ? rc : write_summary(dir, s, names, e);
}
