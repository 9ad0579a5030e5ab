/* The record's second part, for the built-in model and SAE only: how they were trained and what
 * they are worth, from the files their trainer left. */
#include "base/json.h"
#include "base/memory.h"
#include "builtin/builtin.h"
#include "pipeline/report.h"
#include "train/world.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- a small CSV table
 * ---------------------------------------------------------------------------- */

typedef struct table {
    const char *name;
    char ***cells; /* rows + 1: the header first */
    int rows, columns;
} table;

/* Cuts one line into cells in place; quotes around a cell are taken off. */
static int cut_line(char **cells, char *line, int most)
{
    int n = 0;
    for (char *p = line; p && n < most;) {
        bool quoted = *p == '"';
        char *end = quoted ? strchr(p + 1, '"') : NULL;
        cells[n++] = quoted ? p + 1 : p;
        if (end)
            *end++ = '\0';
        p = strchr(end ? end : p, ',');
        if (p)
            *p++ = '\0';
    }
    return n;
}

static err_code read_table(table *out, const char *name, arena *a, err *e)
{
    enum { MOST_COLUMNS = 32 };
    files training = builtin_training();
    mapping m;
    err_code rc = files_open(&m, &training, name, e);
    if (rc)
        return rc;
    char *text = arena_strndup(a, (const char *)m.data, m.size), *line;
    io_unmap(&m);
    int lines = 0;
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    *out = (table){.name = name, .cells = arena_push(a, (size_t)lines + 1, sizeof *out->cells)};
    while ((line = strsep(&text, "\n")) && *line && out->rows <= lines) {
        char **cells = arena_push(a, MOST_COLUMNS, sizeof *cells);
        int n = cut_line(cells, line, MOST_COLUMNS);
        if (out->rows == 0)
            out->columns = n;
        if (n != out->columns)
            return err_set(e, E_FORMAT, "built-in %s: line %d has %d cells, its header %d", name,
                           out->rows + 1, n, out->columns);
        out->cells[out->rows++] = cells;
    }
    out->rows -= out->rows > 0; /* the header is no row */
    return OK;
}

/* -1 when there is no such column. */
static int column_of(const table *t, const char *name)
{
    for (int c = 0; c < t->columns; c++)
        if (!strcmp(t->cells[0][c], name))
            return c;
    return -1;
}

static double number_at(const table *t, int row, const char *column)
{
    int c = column_of(t, column);
    if (c < 0 || !*t->cells[row + 1][c])
        return (double)NAN;
    return strtod(t->cells[row + 1][c], NULL);
}

/* ---- curves
 * ----------------------------------------------------------------------------------------- */

static err_code fill_lm_curve(record *r, arena *a, err *e)
{
    table t;
    err_code rc = read_table(&t, "lm.csv", a, e);
    if (rc)
        return rc;
    r->lm_curve = arena_push(a, (size_t)t.rows + 1, sizeof *r->lm_curve);
    r->n_lm_curve = t.rows;
    for (int i = 0; i < t.rows; i++)
        r->lm_curve[i] = (record_lm_point){.step = (int)number_at(&t, i, "step"),
                                           .tokens = number_at(&t, i, "tokens"),
                                           .loss = number_at(&t, i, "loss"),
                                           .validation_loss = number_at(&t, i, "validation_loss"),
                                           .learning_rate = number_at(&t, i, "learning_rate")};
    return OK;
}

static err_code fill_sae_curve(record *r, arena *a, err *e)
{
    table t;
    err_code rc = read_table(&t, "sae.csv", a, e);
    if (rc)
        return rc;
    r->sae_curve = arena_push(a, (size_t)t.rows + 1, sizeof *r->sae_curve);
    r->n_sae_curve = t.rows;
    for (int i = 0; i < t.rows; i++)
        r->sae_curve[i] =
            (record_sae_point){.step = (int)number_at(&t, i, "step"),
                               .tokens = number_at(&t, i, "tokens"),
                               .loss = number_at(&t, i, "loss"),
                               .l0 = number_at(&t, i, "l0"),
                               .explained_variance = number_at(&t, i, "explained_variance"),
                               .dead = number_at(&t, i, "dead_share")};
    return OK;
}

/* ---- figures
 * ------------------------------------------------------------------------------------------ */

static const struct {
    const char *key;
    record_metric metric;
} figures[] = {
    {"validation_loss",
     {"validation loss", 0, "nats", "lower", (double)NAN,
      "Per token of held-out text; beside it the entropy of the text's source."}},
    {"source_entropy",
     {"entropy of the source", 0, "nats", "", (double)NAN,
      "Per token, of the generator given its hidden choices: a model that must guess them cannot "
      "do "
      "quite as well on average, unless many choices give one text."}},
    {"explained_variance",
     {"explained variance", 0, "share", "higher", 0.90,
      "Of the activations at the hook around their mean, held-out text."}},
    {"loss_recovered",
     {"loss recovered", 0, "share", "higher", 0.97,
      "Of the cross-entropy lost when zeros replace the activations, regained when the SAE's "
      "output "
      "does."}},
    {"mean_l0", {"mean L0", 0, "features", "lower", 40, "Features active per token."}},
    {"dead_share",
     {"dead features", 0, "share", "lower", 0.05, "Never active on the held-out tokens."}},
    {"concepts_recovered",
     {"concepts recovered", 0, "share", "higher", 0.80,
      "Of the generator's concepts, those for which one feature, chosen on one half of held-out "
      "text, "
      "has F1 of at least 0.9 on the other."}},
};

static err_code fill_evaluation(record *r, arena *a, err *e)
{
    files training = builtin_training();
    mapping m;
    cJSON *tree = NULL;
    double concepts = 1;
    err_code rc = files_open(&m, &training, "evaluation.json", e);
    if (rc)
        return rc;
    const char *where = "built-in evaluation.json";
    rc = json_parse(&tree, (const char *)m.data, m.size, where, e);
    io_unmap(&m);
    if (!rc)
        rc = json_double(&concepts, tree, "concepts", where, e);
    r->evaluation = arena_push(a, COUNT_OF(figures), sizeof *r->evaluation);
    for (size_t i = 0; i < COUNT_OF(figures) && !rc; i++) {
        double value;
        rc = json_double(&value, tree, figures[i].key, where, e);
        r->evaluation[i] = figures[i].metric;
        r->evaluation[i].value =
            strcmp(figures[i].key, "concepts_recovered") ? value : value / concepts;
        r->n_evaluation++;
    }
    cJSON_Delete(tree);
    return rc;
}

static err_code fill_concepts(record *r, arena *a, err *e)
{
    table t;
    int known;
    const world_concept *concepts = world_concepts(&known);
    err_code rc = read_table(&t, "concepts.csv", a, e);
    if (rc)
        return rc;
    int name = column_of(&t, "concept");
    r->concepts = arena_push(a, (size_t)t.rows + 1, sizeof *r->concepts);
    r->n_concepts = t.rows;
    for (int i = 0; i < t.rows && name >= 0; i++) {
        record_concept *c = &r->concepts[i];
        c->name = t.cells[i + 1][name];
        for (int k = 0; k < known; k++)
            if (!strcmp(concepts[k].name, c->name)) {
                c->kind = concepts[k].kind;
                c->description = concepts[k].description;
            }
        c->base_rate = number_at(&t, i, "base_rate");
        c->feature = (int)number_at(&t, i, "feature");
        c->f1 = number_at(&t, i, "f1");
        c->precision = number_at(&t, i, "precision");
        c->recall = number_at(&t, i, "recall");
        c->rule_f1 = (double)NAN; /* until there are rules */
        c->named = "";
    }
    return OK;
}

err_code report_training(record *r, study *s, err *e)
{
    if (strcmp(s->config->model.model, "builtin") || strcmp(s->config->model.sae, "builtin") ||
        s->target_names)
        return OK;
    err_code rc;
    if ((rc = fill_lm_curve(r, &s->memory, e)) || (rc = fill_sae_curve(r, &s->memory, e)) ||
        (rc = fill_evaluation(r, &s->memory, e)))
        return rc;
    return fill_concepts(r, &s->memory, e);
}
