/* Which part of a record lives in which file, written and read back. */
#include "base/io.h"
#include "base/memory.h"
#include "base/progress.h"
#include "results/record.h"
#include "results/record_check.h"
#include "results/record_csv.h"
#include "results/record_json.h"
#include <limits.h>
#include <string.h>

/* The dictionary of a large SAE has 2^20 features of some 150 bytes each. */
static const size_t CSV_LIMIT = (size_t)512 << 20, JSON_LIMIT = (size_t)128 << 20;

/* Lists that are read back from CSV. */
static const struct {
    const char *path;
    const schema *type;
    size_t list, count;
    const char *title;
} tables[] = {
    {"data/training_lm.csv", &SCHEMA_LM_POINT, offsetof(record, lm_curve),
     offsetof(record, n_lm_curve), "Training of the language model, one row per point drawn"},
    {"data/training_sae.csv", &SCHEMA_SAE_POINT, offsetof(record, sae_curve),
     offsetof(record, n_sae_curve), "Training of the SAE, one row per point drawn"},
    {"data/evaluation.csv", &SCHEMA_METRIC, offsetof(record, evaluation),
     offsetof(record, n_evaluation), "Figures of the model and the SAE on held-out text"},
    {"data/concepts.csv", &SCHEMA_CONCEPT, offsetof(record, concepts), offsetof(record, n_concepts),
     "Known concepts of the text and the features that find them"},
    {"data/filter.csv", &SCHEMA_FILTER, offsetof(record, filters), offsetof(record, n_filters),
     "Tests of the filter, in the order applied"},
    {"data/features.csv", &SCHEMA_FEATURE, offsetof(record, features), offsetof(record, n_features),
     "Every feature of the dictionary"},
    {"data/splits.csv", &SCHEMA_SPLIT, offsetof(record, splits), offsetof(record, n_splits),
     "What each prompt was used for: rules are fitted, chosen and measured on different ones"},
};

/* Lists of every target together, for people and other programs; read back from the targets' own
 * files. */
static const struct {
    const char *path;
    const schema *type;
    size_t list, count; /* in record_target */
    const char *title;
} target_tables[] = {
    {"data/tokens.csv", &SCHEMA_TOKEN_STAT, offsetof(record_target, tokens),
     offsetof(record_target, n_tokens), "Tokens on which the targets are active, the best first"},
    {"data/paths.csv", &SCHEMA_TRIE_NODE, offsetof(record_target, trie),
     offsetof(record_target, n_trie),
     "Which tokens before it make a target fire on a token, each target's tree depth first"},
    {"data/positions.csv", &SCHEMA_POSITION_BIN, offsetof(record_target, position_bins),
     offsetof(record_target, n_position_bins), "The targets by position in the prompt"},
    {"data/explanations.csv", &SCHEMA_EXPLANATION, offsetof(record_target, explanations),
     offsetof(record_target, n_explanations), "One row per explanation"},
    {"data/scores.csv", &SCHEMA_SCORE, offsetof(record_target, rule.scores),
     offsetof(record_target, rule.n_scores),
     "How well rules, controls and other explanations predict where the targets are active"},
    {"data/effect_tokens.csv", &SCHEMA_EFFECT_TOKEN, offsetof(record_target, effects.tokens),
     offsetof(record_target, effects.n_tokens),
     "Tokens that the targets raise and lower, and whose embeddings they read"},
    {"data/changes.csv", &SCHEMA_CHANGE, offsetof(record_target, effects.changes),
     offsetof(record_target, effects.n_changes),
     "What the output loses and gains when the targets are taken out and doubled"},
    {"data/relatives.csv", &SCHEMA_RELATIVE, offsetof(record_target, effects.relatives),
     offsetof(record_target, effects.n_relatives), "Features that resemble the targets"},
    {"data/neurons.csv", &SCHEMA_NEURON, offsetof(record_target, effects.neurons),
     offsetof(record_target, effects.n_neurons),
     "Numbers of the hook's value that the targets write most and rise and fall with"},
    {"data/sequences.csv", &SCHEMA_SEQUENCE, offsetof(record_target, search.sequences),
     offsetof(record_target, search.n_sequences),
     "Real tokens that drive the targets; what each token gives is in `targets/`"},
    {"data/front.csv", &SCHEMA_FRONT_POINT, offsetof(record_target, search.front),
     offsetof(record_target, search.n_front),
     "Sequences that no other beats in both activation and cross-entropy"},
    {"data/restarts.csv", &SCHEMA_SEARCH_RESTART, offsetof(record_target, search.restarts),
     offsetof(record_target, search.n_restarts), "Restarts of the search for real tokens"},
};

static const void *list_at(const void *item, size_t offset)
{
    return *(const void *const *)(const void *)((const char *)item + offset);
}

static int count_at(const void *item, size_t offset)
{
    return *(const int *)(const void *)((const char *)item + offset);
}

/* ---- writing ---- */

static err_code write_text(const char *dir, const char *name, const str *text, err *e)
{
    arena a = {0};
    err_code rc = io_write(path_join(&a, dir, name), str_text(text), text->len, e);
    arena_release(&a);
    return rc;
}

static err_code write_object(const char *dir, const char *name, const schema *s, const void *item,
                             err *e)
{
    arena a = {0};
    cJSON *object = cJSON_CreateObject();
    json_add_number(object, "schema", RECORD_SCHEMA);
    record_to_json(object, s, item);
    err_code rc = json_write(path_join(&a, dir, name), object, e);
    cJSON_Delete(object);
    arena_release(&a);
    return rc;
}

static err_code write_list(const char *dir, const char *name, const schema *s, const void *items,
                           int n, err *e)
{
    str out = {0};
    record_csv_header(&out, s);
    str_add_char(&out, '\n');
    for (int i = 0; i < n; i++) {
        record_csv_row(&out, s, (const char *)items + (size_t)i * s->size);
        str_add_char(&out, '\n');
    }
    err_code rc = write_text(dir, name, &out, e);
    str_release(&out);
    return rc;
}

static err_code write_target_table(const char *dir, size_t table, const record *r, err *e)
{
    str out = {0};
    const schema *type = target_tables[table].type;
    str_add(&out, "feature,");
    record_csv_header(&out, type);
    str_add_char(&out, '\n');
    for (int i = 0; i < r->n_targets; i++) {
        const record_target *t = &r->targets[i];
        const char *rows = list_at(t, target_tables[table].list);
        for (int j = 0; j < count_at(t, target_tables[table].count); j++) {
            str_addf(&out, "%d,", t->id);
            record_csv_row(&out, type, rows + (size_t)j * type->size);
            str_add_char(&out, '\n');
        }
    }
    err_code rc = write_text(dir, target_tables[table].path, &out, e);
    str_release(&out);
    return rc;
}

static err_code write_targets(const char *dir, const record *r, err *e)
{
    char name[RECORD_NAME], path[RECORD_NAME + 32];
    arena a = {0};
    char *folder = path_join(&a, dir, "data/targets");
    err_code rc = io_remove_tree(folder, e); /* no file of an earlier run may be read as a target */
    if (!rc)
        rc = io_make_dir(folder, e);
    for (int i = 0; i < r->n_targets && !rc; i++) {
        record_feature_name(name, r->run.sae.layer, r->targets[i].id);
        snprintf(path, sizeof path, "data/targets/%s.json", name);
        rc = write_object(dir, path, &SCHEMA_TARGET, &r->targets[i], e);
        if (!rc)
            rc = cancel_check(e);
    }
    arena_release(&a);
    return rc;
}

static err_code write_compare(const char *dir, const record *r, err *e)
{
    arena a = {0};
    int n;
    const record_metric *figures = record_headlines(&n, r, &a);
    cJSON *object = cJSON_CreateObject();
    json_add_number(object, "schema", RECORD_SCHEMA);
    for (int i = 0; i < n; i++) {
        cJSON *figure = json_add_object(object, figures[i].name);
        json_add_number(figure, "value", figures[i].value);
        json_add_string(figure, "unit", figures[i].unit);
        json_add_string(figure, "better", figures[i].better);
    }
    err_code rc = json_write(path_join(&a, dir, "compare.json"), object, e);
    cJSON_Delete(object);
    arena_release(&a);
    return rc;
}

static void describe_columns(str *out, const schema *s, const char *prefix)
{
    arena a = {0};
    for (int i = 0; i < s->n_fields; i++) {
        const field *f = &s->fields[i];
        if (f->kind == FIELD_STRUCT)
            describe_columns(out, f->type, arena_printf(&a, "%s%s_", prefix, f->name));
        else if (f->kind < FIELD_STRUCT && schema_holds(s, f, RECORD_SCHEMA))
            str_addf(out, "| `%s%s` | %s |\n", prefix, f->name, f->help);
    }
    arena_release(&a);
}

/* `first`: rows of columns before those of the schema. */
static void describe(str *out, const char *path, const char *title, const char *first,
                     const schema *s)
{
    str_addf(out, "\n## %s\n\n%s.\n\n| column | meaning |\n| --- | --- |\n%s",
             strchr(path, '/') + 1, title, first);
    describe_columns(out, s, "");
}

static err_code write_readme(const char *dir, err *e)
{
    str out = {0};
    str_add(&out, "# The data of this report\n\n"
                  "CSV as in RFC 4180 and JSON, both UTF-8. Numbers have six digits; an empty cell "
                  "or null is a number that is not defined. Every page and figure of the report is "
                  "made from these files, `../run.json` and the templates alone: `saeinv render` "
                  "does it again.\n\n"
                  "The values drawn in the figures of a page are in `../fig/`, in a CSV with the "
                  "page's name (`overview.csv` for the first): a row for each mark, told apart by "
                  "`figure` and, where an image holds several charts, `panel`. `series` and "
                  "`label` say what a mark belongs to, `x` and `y` where it lies (`x_to` is the "
                  "end of a histogram's bin, `low` and `high` an interval, `n` how many a share "
                  "is of). A heatmap has a CSV of its own. `../fig/figures.csv` lists every "
                  "figure with its page, image, values, axes and alternative text.\n\n"
                  "Bytes that are not UTF-8 are written as an object with `text`, which shows "
                  "them, and `hex`, which is exact.\n");
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        describe(&out, tables[i].path, tables[i].title, "", tables[i].type);
    describe(&out, "data/search.json", "What the search for real tokens was given and spent", "",
             &SCHEMA_SEARCH_SUMMARY);
    describe(&out, "data/search_ratios.csv",
             "How far each kind of input drives the targets, in units of the data's maximum; also "
             "in `search.json`",
             "", &SCHEMA_RATIO);
    describe(&out, "data/search_strata.csv",
             "The same by density and kind of feature; also in `search.json`", "", &SCHEMA_STRATUM);
    describe(&out, "data/sae_quality.json", "How good the SAE is on this run's data", "",
             &SCHEMA_SAE_QUALITY);
    describe(&out, "data/rules.json", "The parts of the documents", "", &SCHEMA_RULES);
    describe(&out, "data/rules_random.csv",
             "Rules for random directions, as often active as the targets; also in `rules.json`",
             "", &SCHEMA_SCORE);
    describe(&out, "data/clusters.csv",
             "One row per cluster, largest first; members and tokens "
             "are in `clusters.json`",
             "", &SCHEMA_CLUSTER);
    describe(&out, "data/targets.csv",
             "One row per target feature; curves, contexts and tokens "
             "are in `targets/`",
             "", &SCHEMA_TARGET);
    for (size_t i = 0; i < COUNT_OF(target_tables); i++)
        describe(&out, target_tables[i].path, target_tables[i].title,
                 "| `feature` | id of the target |\n", target_tables[i].type);
    err_code rc = write_text(dir, "data/README.md", &out, e);
    str_release(&out);
    return rc;
}

err_code record_write(const char *dir, const record *r, err *e)
{
    arena a = {0};
    err_code rc = record_check(r, e);
    if (!rc)
        rc = io_make_dir(path_join(&a, dir, "data"), e);
    if (!rc)
        rc = write_object(dir, "run.json", &SCHEMA_RUN, &r->run, e);
    for (size_t i = 0; i < COUNT_OF(tables) && !rc; i++)
        rc = write_list(dir, tables[i].path, tables[i].type, list_at(r, tables[i].list),
                        count_at(r, tables[i].count), e);
    if (!rc)
        rc = write_object(dir, "data/search.json", &SCHEMA_SEARCH_SUMMARY, &r->search, e);
    if (!rc)
        rc = write_list(dir, "data/search_ratios.csv", &SCHEMA_RATIO, r->search.ratios,
                        r->search.n_ratios, e);
    if (!rc)
        rc = write_list(dir, "data/search_strata.csv", &SCHEMA_STRATUM, r->search.strata,
                        r->search.n_strata, e);
    if (!rc)
        rc = write_object(dir, "data/sae_quality.json", &SCHEMA_SAE_QUALITY, &r->sae_quality, e);
    if (!rc)
        rc = write_object(dir, "data/rules.json", &SCHEMA_RULES, &r->rules, e);
    if (!rc)
        rc = write_list(dir, "data/rules_random.csv", &SCHEMA_SCORE, r->rules.random,
                        r->rules.n_random, e);
    if (!rc)
        rc = write_object(dir, "data/clusters.json", &SCHEMA_CLUSTERING, r, e);
    if (!rc)
        rc = write_list(dir, "data/clusters.csv", &SCHEMA_CLUSTER, r->clusters, r->n_clusters, e);
    if (!rc)
        rc = write_targets(dir, r, e);
    if (!rc)
        rc = write_list(dir, "data/targets.csv", &SCHEMA_TARGET, r->targets, r->n_targets, e);
    for (size_t i = 0; i < COUNT_OF(target_tables) && !rc; i++)
        rc = write_target_table(dir, i, r, e);
    if (!rc)
        rc = write_compare(dir, r, e);
    if (!rc)
        rc = write_readme(dir, e);
    arena_release(&a);
    return rc;
}

err_code record_write_volatile(const char *dir, const record_volatile *v, err *e)
{
    arena a = {0};
    err_code rc = io_make_dir(path_join(&a, dir, "volatile"), e);
    if (!rc)
        rc = write_object(dir, "volatile/timing.json", &SCHEMA_VOLATILE, v, e);
    if (!rc)
        rc = write_object(dir, "volatile/env.json", &SCHEMA_ENVIRONMENT, &v->environment, e);
    arena_release(&a);
    return rc;
}

/* ---- reading ---- */

/* *found: the file's schema version; NULL: not wanted. */
static err_code read_object(void *item, int *found, arena *a, const char *dir, const char *name,
                            const schema *s, err *e)
{
    char *path = path_join(a, dir, name);
    cJSON *object = NULL;
    int64_t version;
    err_code rc = json_read(&object, path, JSON_LIMIT, e);
    if (!rc)
        rc = json_int(&version, object, "schema", path, e);
    if (!rc && (version < RECORD_OLDEST || version > RECORD_SCHEMA))
        rc = err_set(e, E_FORMAT, "%s: schema is %lld, this program reads schema %d to %d", path,
                     (long long)version, RECORD_OLDEST, RECORD_SCHEMA);
    if (!rc) {
        if (found)
            *found = (int)version;
        rc = record_from_json(item, a, s, object, (int)version, "schema", e);
        if (rc)
            err_context(e, "%s", path);
    }
    cJSON_Delete(object);
    return rc;
}

static err_code read_table(record *out, arena *a, const char *dir, size_t i, err *e)
{
    char *path = path_join(a, dir, tables[i].path);
    str text = {0};
    err_code rc = io_read(&text, path, CSV_LIMIT, e);
    if (!rc)
        rc = record_csv_parse((char *)out + tables[i].list,
                              (int *)(void *)((char *)out + tables[i].count), a, tables[i].type,
                              out->schema, str_text(&text), text.len, path, e);
    str_release(&text);
    return rc;
}

static err_code read_targets(record *out, arena *a, const char *dir, err *e)
{
    char **names, expected[RECORD_NAME];
    int n;
    char *folder = path_join(a, dir, "data/targets");
    err_code rc = io_list(&names, &n, folder, a, e);
    if (rc)
        return rc;
    out->targets = n ? arena_push(a, (size_t)n, sizeof *out->targets) : NULL;
    for (int i = 0; i < n && !rc; i++) {
        record_target *t = &out->targets[i];
        rc = read_object(t, NULL, a, folder, names[i], &SCHEMA_TARGET, e);
        if (rc)
            break;
        record_feature_name(expected, out->run.sae.layer, t->id);
        size_t length = strlen(expected);
        if (strncmp(names[i], expected, length) || strcmp(names[i] + length, ".json"))
            rc = err_set(e, E_FORMAT, "%s/%s: holds feature %d, so its name should be %s.json",
                         folder, names[i], t->id, expected);
        out->n_targets = i + 1;
    }
    return rc;
}

/* What files since schema 7 leave out. */
static void derive_means(record *r)
{
    for (int i = 0; i < r->n_features; i++) {
        record_feature *f = &r->features[i];
        if (isnan(f->mean))
            f->mean = f->density > 0 ? f->density * f->mean_active : 0;
    }
}

err_code record_read(record *out, arena *a, const char *dir, err *e)
{
    *out = (record){0};
    err_code rc = read_object(&out->run, &out->schema, a, dir, "run.json", &SCHEMA_RUN, e);
    for (size_t i = 0; i < COUNT_OF(tables) && !rc; i++)
        rc = read_table(out, a, dir, i, e);
    if (!rc)
        rc = read_object(out, NULL, a, dir, "data/clusters.json", &SCHEMA_CLUSTERING, e);
    if (!rc)
        rc = read_object(&out->search, NULL, a, dir, "data/search.json", &SCHEMA_SEARCH_SUMMARY, e);
    if (!rc)
        rc = read_object(&out->sae_quality, NULL, a, dir, "data/sae_quality.json",
                         &SCHEMA_SAE_QUALITY, e);
    if (!rc)
        rc = read_object(&out->rules, NULL, a, dir, "data/rules.json", &SCHEMA_RULES, e);
    if (!rc)
        rc = read_targets(out, a, dir, e);
    derive_means(out);
    if (!rc && (rc = record_check(out, e)))
        err_context(e, "%s", dir);
    return rc;
}

err_code record_read_volatile(record_volatile *out, arena *a, const char *dir, err *e)
{
    const struct {
        const char *path;
        const schema *type;
        void *item;
    } parts[] = {{"volatile/timing.json", &SCHEMA_VOLATILE, out},
                 {"volatile/env.json", &SCHEMA_ENVIRONMENT, &out->environment}};
    *out = (record_volatile){0};
    err_code rc = OK;
    for (size_t i = 0; i < COUNT_OF(parts) && !rc; i++)
        if (io_exists(path_join(a, dir, parts[i].path)))
            rc = read_object(parts[i].item, NULL, a, dir, parts[i].path, parts[i].type, e);
    return rc;
}
