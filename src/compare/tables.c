/* The CSV files of a comparison and what their columns mean, in one place each. */
#include "compare/tables.h"
#include "base/io.h"
#include "base/memory.h"
#include "compare/summary.h"
#include "draw/csv.h"
#include "results/record_csv.h"
#include <string.h>

typedef struct column {
    const char *name, *help;
} column;

/* ---- cells ---- */

/* A text that a run gave, of any bytes; NULL is an empty cell. */
static void put_text(str *out, const char *text)
{
    if (text)
        record_csv_text(out, text, strlen(text));
    csv_next(out);
}

static void put_number(str *out, double value)
{
    csv_number(out, value);
    csv_next(out);
}

static void put_flag(str *out, bool flag)
{
    str_add(out, flag ? "1" : "0");
    csv_next(out);
}

/* The comma behind the last cell becomes the end of the row. */
static void end_row(str *out)
{
    out->data[out->len - 1] = '\n';
}

/* ---- rows ---- */

static void setting_rows(str *out, const setting_pair *list, int n)
{
    for (int i = 0; i < n; i++) {
        put_text(out, list[i].group);
        put_text(out, list[i].key);
        put_text(out, list[i].unit);
        put_text(out, list[i].a);
        put_text(out, list[i].b);
        put_flag(out, list[i].a != NULL);
        put_flag(out, list[i].b != NULL);
        end_row(out);
    }
}

static void settings(str *out, const comparison *c)
{
    setting_rows(out, c->inputs, c->n_inputs);
    setting_rows(out, c->config, c->n_config);
}

static void metrics(str *out, const comparison *c)
{
    for (int i = 0; i < c->n_metrics; i++) {
        const metric_pair *m = &c->metrics[i];
        put_text(out, m->name);
        put_text(out, m->unit);
        put_text(out, m->better);
        put_number(out, m->a);
        put_number(out, m->b);
        put_number(out, m->difference);
        put_number(out, m->relative);
        put_number(out, c->tolerance);
        put_text(out, metric_verdict_name(m->verdict));
        end_row(out);
    }
}

static void features(str *out, const comparison *c)
{
    for (int i = 0; i < c->n_features; i++) {
        const feature_pair *f = &c->features[i];
        const record_feature *a = &c->a->features[f->id], *b = &c->b->features[f->id];
        put_number(out, f->id);
        put_text(out, feature_category_name(f->category));
        put_flag(out, f->moved);
        put_number(out, (double)f->n_differences);
        put_number(out, a->cluster);
        put_number(out, b->cluster);
        put_text(out, a->dropped_by);
        put_text(out, b->dropped_by);
        put_number(out, a->density);
        put_number(out, b->density);
        put_number(out, a->max);
        put_number(out, b->max);
        end_row(out);
    }
}

static void targets(str *out, const comparison *c)
{
    for (int i = 0; i < c->n_targets; i++) {
        const target_pair *t = &c->targets[i];
        put_number(out, t->id);
        put_text(out, feature_category_name(t->category));
        put_flag(out, t->moved);
        put_flag(out, t->contexts);
        put_number(out, t->n_changed);
        put_number(out, (double)t->n_differences);
        for (int k = 0; k < TARGET_FIGURES; k++) {
            put_number(out, target_figure(t->a, k));
            put_number(out, target_figure(t->b, k));
        }
        end_row(out);
    }
}

static void explanations(str *out, const comparison *c)
{
    static const char *const kinds[] = {"kept", "removed", "added"};
    for (int i = 0; i < c->n_targets; i++)
        for (int j = 0; j < c->targets[i].n_texts; j++) {
            const text_pair *x = &c->targets[i].texts[j];
            for (int k = 0; k < x->n_pieces; k++) {
                put_number(out, c->targets[i].id);
                put_number(out, j);
                put_text(out, x->title);
                put_text(out, kinds[x->pieces[k].kind]);
                record_csv_text(out, x->pieces[k].text.bytes, (size_t)x->pieces[k].text.n);
                csv_next(out);
                put_text(out, x->score);
                put_number(out, x->score_a);
                put_number(out, x->score_b);
                end_row(out);
            }
        }
}

static void clusters(str *out, const comparison *c)
{
    const cluster_pairs *p = &c->clusters;
    for (int i = 0; i < p->n_cells; i++) {
        const partition_cell *cell = &p->cells[i];
        put_number(out, c->a->clusters[cell->a].label);
        put_number(out, c->b->clusters[cell->b].label);
        put_number(out, cell->n);
        put_flag(out, p->of_a[cell->a] == cell->b);
        put_text(out, c->a->clusters[cell->a].name);
        put_text(out, c->b->clusters[cell->b].name);
        end_row(out);
    }
}

static void differences(str *out, const comparison *c)
{
    for (int i = 0; i < c->differences.n; i++) {
        put_text(out, c->differences.items[i].place);
        put_text(out, c->differences.items[i].a);
        put_text(out, c->differences.items[i].b);
        end_row(out);
    }
}

/* ---- the files ---- */

static const column SETTINGS[] = {
    {"group", "stage that reads it, or the input it belongs to"},
    {"key", "its name"},
    {"unit", "its unit"},
    {"a", "value in A"},
    {"b", "value in B"},
    {"in_a", "whether A has it"},
    {"in_b", "whether B has it"},
};
static const column METRICS[] = {
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
static const column FEATURES[] = {
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
static const column TARGETS[] = {
    {"feature", "its number"},
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
static const column EXPLANATIONS[] = {
    {"feature", "number of the target"},
    {"text", "which of its texts, from 0"},
    {"title", "what made the text"},
    {"words", "kept, removed (in A only) or added (in B only)"},
    {"piece", "the words"},
    {"score", "what the next two columns are"},
    {"score_a", "of the text of A"},
    {"score_b", "of the text of B"},
};
static const column CLUSTERS[] = {
    {"cluster_a", "label of the cluster in A"},
    {"cluster_b", "label of the cluster in B"},
    {"features", "features that are in both"},
    {"correspond", "whether each shares most with the other"},
    {"name_a", "its name in A"},
    {"name_b", "its name in B"},
};
static const column DIFFERENCES[] = {
    {"place", "where in the record: folder and file, then members"},
    {"a", "value in A, empty where there is none"},
    {"b", "value in B"},
};

typedef struct table {
    const char *path, *title;
    const column *columns;
    size_t n_columns;
    void (*rows)(str *out, const comparison *c);
} table;

static const table tables[] = {
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
    {"data/differences.csv", "Values that differ, the first of them", DIFFERENCES,
     COUNT_OF(DIFFERENCES), differences},
};

static err_code write_table(const char *dir, const table *t, const comparison *c, arena *a, err *e)
{
    str out = {0};
    for (size_t i = 0; i < t->n_columns; i++)
        str_addf(&out, "%s%s", i ? "," : "", t->columns[i].name);
    csv_end(&out);
    t->rows(&out, c);
    err_code rc = io_write(path_join(a, dir, t->path), out.data, out.len, e);
    str_release(&out);
    return rc;
}

static err_code write_readme(const char *dir, arena *a, err *e)
{
    str out = {0};
    str_add(&out, "# The data of this comparison\n\nCSV as in RFC 4180, UTF-8. Numbers have six "
                  "digits; an empty cell is a number or a text that is not there. A is the first "
                  "run, B the second. `../compare.json` holds the verdict and all counts.\n");
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        str_addf(&out, "\n## %s\n\n%s.\n\n| column | meaning |\n| --- | --- |\n",
                 strchr(tables[i].path, '/') + 1, tables[i].title);
        for (size_t k = 0; k < tables[i].n_columns; k++)
            str_addf(&out, "| `%s` | %s |\n", tables[i].columns[k].name, tables[i].columns[k].help);
    }
    err_code rc = io_write(path_join(a, dir, "data/README.md"), out.data, out.len, e);
    str_release(&out);
    return rc;
}

err_code comparison_write(const char *dir, const comparison *c, const compared_names *names, err *e)
{
    arena a = {0};
    err_code rc = io_make_dir(path_join(&a, dir, "data"), e);
    for (size_t i = 0; i < COUNT_OF(tables) && !rc; i++)
        rc = write_table(dir, &tables[i], c, &a, e);
    if (!rc)
        rc = write_readme(dir, &a, e);
    if (!rc)
        rc = summary_write(dir, c, names, e);
    arena_release(&a);
    return rc;
}
