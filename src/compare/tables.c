/* The CSV files of a comparison and what their columns mean, in one place each. */
#include "compare/tables.h"
#include "base/memory.h"
#include "compare/csv_tables.h"
#include "compare/summary.h"
#include <math.h>

/* ---- rows ---- */

static void setting_rows(str *out, const setting_pair *list, int n)
{
    for (int i = 0; i < n; i++) {
        csv_put_text(out, list[i].group);
        csv_put_text(out, list[i].key);
        csv_put_text(out, list[i].unit);
        csv_put_text(out, list[i].a);
        csv_put_text(out, list[i].b);
        csv_put_flag(out, list[i].a != NULL);
        csv_put_flag(out, list[i].b != NULL);
        csv_end_row(out);
    }
}

static void settings(str *out, const void *data)
{
    const comparison *c = data;
    setting_rows(out, c->inputs, c->n_inputs);
    setting_rows(out, c->config, c->n_config);
}

static void metrics(str *out, const void *data)
{
    const comparison *c = data;
    for (int i = 0; i < c->n_metrics; i++) {
        const metric_pair *m = &c->metrics[i];
        csv_put_text(out, m->name);
        csv_put_text(out, m->unit);
        csv_put_text(out, m->better);
        csv_put_number(out, m->a);
        csv_put_number(out, m->b);
        csv_put_number(out, m->difference);
        csv_put_number(out, m->relative);
        csv_put_number(out, c->tolerance);
        csv_put_text(out, metric_verdict_name(m->verdict));
        csv_end_row(out);
    }
}

static void features(str *out, const void *data)
{
    const comparison *c = data;
    for (int i = 0; i < c->n_features; i++) {
        const feature_pair *f = &c->features[i];
        const record_feature *a = &c->a->features[f->id], *b = &c->b->features[f->id];
        csv_put_number(out, f->id);
        csv_put_text(out, feature_category_name(f->category));
        csv_put_flag(out, f->moved);
        csv_put_number(out, (double)f->n_differences);
        csv_put_number(out, a->cluster);
        csv_put_number(out, b->cluster);
        csv_put_text(out, a->dropped_by);
        csv_put_text(out, b->dropped_by);
        csv_put_number(out, a->density);
        csv_put_number(out, b->density);
        csv_put_number(out, a->max);
        csv_put_number(out, b->max);
        csv_end_row(out);
    }
}

/* Empty where that dictionary does not have it. */
static void put_numbers(str *out, const target_pair *t)
{
    csv_put_number(out, t->id_a >= 0 ? t->id_a : (double)NAN);
    csv_put_number(out, t->id_b >= 0 ? t->id_b : (double)NAN);
}

static void targets(str *out, const void *data)
{
    const comparison *c = data;
    for (int i = 0; i < c->n_targets; i++) {
        const target_pair *t = &c->targets[i];
        put_numbers(out, t);
        csv_put_number(out, t->cosine);
        csv_put_text(out, feature_category_name(t->category));
        csv_put_flag(out, t->moved);
        csv_put_flag(out, t->contexts);
        csv_put_number(out, t->n_changed);
        csv_put_number(out, (double)t->n_differences);
        for (int k = 0; k < TARGET_FIGURES; k++) {
            csv_put_number(out, target_figure(t->a, k));
            csv_put_number(out, target_figure(t->b, k));
        }
        csv_end_row(out);
    }
}

static void explanations(str *out, const void *data)
{
    const comparison *c = data;
    static const char *const kinds[] = {"kept", "removed", "added"};
    for (int i = 0; i < c->n_targets; i++)
        for (int j = 0; j < c->targets[i].n_texts; j++) {
            const text_pair *x = &c->targets[i].texts[j];
            for (int k = 0; k < x->n_pieces; k++) {
                put_numbers(out, &c->targets[i]);
                csv_put_number(out, j);
                csv_put_text(out, x->title);
                csv_put_text(out, kinds[x->pieces[k].kind]);
                csv_put_bytes(out, x->pieces[k].text.bytes, (size_t)x->pieces[k].text.n);
                csv_put_text(out, x->score);
                csv_put_number(out, x->score_a);
                csv_put_number(out, x->score_b);
                csv_end_row(out);
            }
        }
}

static void clusters(str *out, const void *data)
{
    const comparison *c = data;
    const cluster_pairs *p = &c->clusters;
    for (int i = 0; i < p->n_cells; i++) {
        const partition_cell *cell = &p->cells[i];
        csv_put_number(out, c->a->clusters[cell->a].label);
        csv_put_number(out, c->b->clusters[cell->b].label);
        csv_put_number(out, cell->n);
        csv_put_flag(out, p->of_a[cell->a] == cell->b);
        csv_put_text(out, c->a->clusters[cell->a].name);
        csv_put_text(out, c->b->clusters[cell->b].name);
        csv_end_row(out);
    }
}

static void differences(str *out, const void *data)
{
    const comparison *c = data;
    for (int i = 0; i < c->differences.n; i++) {
        csv_put_text(out, c->differences.items[i].place);
        csv_put_text(out, c->differences.items[i].a);
        csv_put_text(out, c->differences.items[i].b);
        csv_end_row(out);
    }
}

/* ---- the files ---- */

static const csv_column SETTINGS[] = {
    {"group", "stage that reads it, or the input it belongs to"},
    {"key", "its name"},
    {"unit", "its unit"},
    {"a", "value in A"},
    {"b", "value in B"},
    {"in_a", "whether A has it"},
    {"in_b", "whether B has it"},
};
static const csv_column METRICS[] = {
    {"metric", "headline figure, as in compare.json of a report"},
    {"unit", "its unit"},
    {"better", "the better direction, if there is one"},
    {"a", "value in A"},
    {"b", "value in B"},
    {"difference", "b - a"},
    {"relative", "size of the difference over that of the larger value"},
    {"tolerance", "most of it that counts as the same"},
    {"verdict", "same, better or worse (in B), differs, only in one"},
};
static const csv_column FEATURES[] = {
    {"feature", "its number, the same in both"},
    {"category", "lost, gained, died, revived, moved or changed: the first that holds"},
    {"moved", "whether its clusters do not correspond"},
    {"differences", "values of its row of features.csv that differ"},
    {"cluster_a", "its cluster in A; -1: noise, -2: not clustered"},
    {"cluster_b", "its cluster in B"},
    {"dropped_a", "test of A's filter that it failed"},
    {"dropped_b", "test of B's filter that it failed"},
    {"density_a", "share of A's tokens that activate it"},
    {"density_b", "share of B's tokens"},
    {"max_a", "largest activation in A"},
    {"max_b", "largest activation in B"},
};
static const csv_column TARGETS[] = {
    {"feature_a", "its number in A's dictionary, empty where it has no such feature"},
    {"feature_b", "its number in B's; the same where both read one dictionary"},
    {"cosine", "of both decoder rows, or without a fellow the largest with any target of the other "
               "run; empty where features are matched by number"},
    {"category", "lost, gained, died, revived, moved, changed or same: the first that holds"},
    {"moved", "whether its clusters do not correspond"},
    {"contexts", "whether its strongest contexts are others"},
    {"texts", "sentences and explanations with a word changed"},
    {"differences", "values of its file under targets/ that differ"},
    {"rule_f1_a", "F1 of the rule's sentence in A"},
    {"rule_f1_b", "the same in B"},
    {"warm_a", "best real tokens over the data's maximum, in A"},
    {"warm_b", "the same in B"},
    {"cold_a", "the same for tokens found without the data, in A"},
    {"cold_b", "the same in B"},
    {"fluent_a", "the same for tokens as likely as the data's, in A"},
    {"fluent_b", "the same in B"},
    {"optimum_a", "activation of the best free vectors over the data's maximum, in A"},
    {"optimum_b", "the same in B"},
};
static const csv_column EXPLANATIONS[] = {
    {"feature_a", "number of the target in A's dictionary, empty where it has no such feature"},
    {"feature_b", "its number in B's"},
    {"text", "which of its texts, from 0"},
    {"title", "what made the text"},
    {"words", "kept, removed (in A only) or added (in B only)"},
    {"piece", "the words"},
    {"score", "what the next two columns are"},
    {"score_a", "of the text of A"},
    {"score_b", "of the text of B"},
};
static const csv_column CLUSTERS[] = {
    {"cluster_a", "label of the cluster in A"},
    {"cluster_b", "label of the cluster in B"},
    {"features", "features that are in both"},
    {"correspond", "whether each shares most with the other"},
    {"name_a", "its name in A"},
    {"name_b", "its name in B"},
};
static const csv_column DIFFERENCES[] = {
    {"place",
     "where in the record: folder and file, then members; \"[2..7]\" are entries of a list, "
     "from the first that differs to the last"},
    {"a", "value in A, empty where there is none; numbers of a list have a space between, tokens "
          "stand as the text they make"},
    {"b", "value in B"},
};

static const csv_table tables[] = {
    {"data/settings.csv", "Settings and inputs that are not the same", SETTINGS, COUNT_OF(SETTINGS),
     settings},
    {"data/metrics.csv", "Headline figures, the largest difference first", METRICS,
     COUNT_OF(METRICS), metrics},
    {"data/features.csv", "Features of the dictionary that are not the same", FEATURES,
     COUNT_OF(FEATURES), features},
    {"data/targets.csv", "Features that either run chose", TARGETS, COUNT_OF(TARGETS), targets},
    {"data/explanations.csv", "What is said of the targets, in pieces of words", EXPLANATIONS,
     COUNT_OF(EXPLANATIONS), explanations},
    {"data/clusters.csv", "Features that clusters of both runs share", CLUSTERS, COUNT_OF(CLUSTERS),
     clusters},
    {"data/differences.csv", "Values that differ, the first 450 KB of them", DIFFERENCES,
     COUNT_OF(DIFFERENCES), differences},
};

static const char about[] =
    "# The data of this comparison\n\nCSV as in RFC 4180, UTF-8. Numbers have six digits; an empty "
    "cell is a number or a text that is not there. A is the first run, B the second. "
    "`../compare.json` holds the verdict and all counts.\n";

err_code comparison_write(const char *dir, const comparison *c, const compared_names *names, err *e)
{
    err_code rc = csv_tables_write(dir, tables, COUNT_OF(tables), about, c, e);
    return rc ? rc : summary_write(dir, c, names, e);
}
