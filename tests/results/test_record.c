/* A record survives its files: written, read and written again gives the same bytes; files that are
 * cut short or wrong are refused with a message that says where. */
#include "test.h"
#include "base/io.h"
#include "base/json.h"
#include "base/memory.h"
#include "results/common_record.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];

static const char *in_folder(arena *a, const char *name)
{
    return path_join(a, folder, name);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/saeinv-results.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    err e;
    return io_remove_tree(folder, &e);
}

static void write_record(arena *a, const char *name, synthetic_kind kind)
{
    err e = {0};
    record r;
    record_volatile times;
    synthetic_record(&r, &times, a, kind);
    if (record_write(in_folder(a, name), &r, &e) ||
        record_write_volatile(in_folder(a, name), &times, &e))
        fail_msg("%s", e.text);
}

static void assert_same_manifest(arena *a, const char *left, const char *right)
{
    err e = {0};
    str one = {0}, two = {0};
    assert_int_equal(record_write_manifest(in_folder(a, left), &e), OK);
    assert_int_equal(record_write_manifest(in_folder(a, right), &e), OK);
    io_read(&one, path_join(a, in_folder(a, left), "MANIFEST.sha256"), 1 << 20, &e);
    io_read(&two, path_join(a, in_folder(a, right), "MANIFEST.sha256"), 1 << 20, &e);
    assert_true(one.len > 100);
    assert_string_equal(str_text(&one), str_text(&two));
    str_release(&one);
    str_release(&two);
}

static void write_read_write_gives_the_same_bytes(void **state)
{
    (void)state;
    static const synthetic_kind kinds[] = {SYNTHETIC_USUAL, SYNTHETIC_HOSTILE, SYNTHETIC_EMPTY};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        arena a = {0};
        err e = {0};
        record r;
        write_record(&a, "first", kinds[i]);
        if (record_read(&r, &a, in_folder(&a, "first"), &e) ||
            record_write(in_folder(&a, "second"), &r, &e))
            fail_msg("%s", e.text);
        assert_same_manifest(&a, "first", "second");
        arena_release(&a);
    }
}

/* Makes a JSON file one of schema `version`, which is 6 or older; what it is of is told by its
 * members. */
static void age(arena *a, const char *file, int version)
{
    cJSON *tree = NULL;
    err e = {0};
    const char *path = path_join(a, in_folder(a, "older"), file);
    if (json_read(&tree, path, 1 << 24, &e))
        fail_msg("%s", e.text);
    cJSON_SetNumberValue(cJSON_GetObjectItem(tree, "schema"), version);
    cJSON *effects = cJSON_GetObjectItem(tree, "effects");
    if (version < 6) {
        cJSON_DeleteItemFromObject(tree, "decoder");
        cJSON_DeleteItemFromObject(effects, "attention");
    }
    if (version < 5) {
        cJSON_DeleteItemFromObject(effects, "traces");
        cJSON_DeleteItemFromObject(effects, "neurons");
        cJSON_DeleteItemFromObject(tree, "commit");
        cJSON_DeleteItemFromObject(tree, "modified");
        cJSON_DeleteItemFromObject(cJSON_GetObjectItem(tree, "model"), "tokenizer_sha256");
    }
    if (json_write(path, tree, &e))
        fail_msg("%s", e.text);
    cJSON_Delete(tree);
}

/* Puts the column `mean` back into features.csv, 3 in every row; no cell before it holds a comma.
 */
static void age_features(arena *a)
{
    err e = {0};
    str old = {0}, text = {0};
    const char *path = path_join(a, in_folder(a, "older"), "data/features.csv");
    assert_int_equal(io_read(&old, path, 1 << 24, &e), OK);
    const char *at = str_text(&old);
    for (int row = 0; *at; row++) {
        const char *cell = at, *line = strchr(at, '\n') + 1;
        for (int i = 0; i < 6; i++) /* id, name, n_active, density, prompt_share, entropy */
            cell = strchr(cell, ',') + 1;
        str_add_bytes(&text, at, (size_t)(cell - at));
        str_add(&text, row ? "3," : "mean,");
        str_add_bytes(&text, cell, (size_t)(line - cell));
        at = line;
    }
    assert_int_equal(io_write(path, str_text(&text), text.len, &e), OK);
    str_release(&old);
    str_release(&text);
}

/* Makes the report "older" one of schema `version`; returns one of its targets' files. */
static const char *write_older(arena *a, int version)
{
    static const char *const others[] = {"run.json", "data/clusters.json", "data/search.json",
                                         "data/sae_quality.json", "data/rules.json"};
    err e = {0};
    char **targets;
    int n;
    write_record(a, "older", SYNTHETIC_USUAL);
    age_features(a);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        age(a, others[i], version);
    assert_int_equal(
        io_list(&targets, &n, path_join(a, in_folder(a, "older"), "data/targets"), a, &e), OK);
    for (int i = 0; i < n; i++)
        age(a, path_join(a, "data/targets", targets[i]), version);
    return path_join(a, "data/targets", targets[0]);
}

static void files_of_schema_4_are_read(void **state)
{
    (void)state;
    arena a = {0};
    err e = {0};
    record r;
    const char *target = write_older(&a, 4);
    if (record_read(&r, &a, in_folder(&a, "older"), &e))
        fail_msg("%s", e.text);
    assert_int_equal(r.schema, 4);
    assert_true(!r.run.commit || !*r.run.commit);
    assert_int_equal(r.targets[0].effects.n_traces, 0);
    assert_int_equal(r.targets[0].effects.n_neurons, 0);
    assert_int_equal(r.targets[0].n_decoder, 0);
    assert_true(r.targets[0].effects.n_relatives > 0);
    age(&a, target, 5);
    assert_int_equal(record_read(&r, &a, in_folder(&a, "older"), &e), E_FORMAT);
    assert_non_null(strstr(e.text, "the key \"traces\" is missing"));
    arena_release(&a);
}

static void files_of_schema_5_are_read(void **state)
{
    (void)state;
    arena a = {0};
    err e = {0};
    record r;
    write_record(&a, "older", SYNTHETIC_USUAL);
    assert_int_equal(record_read(&r, &a, in_folder(&a, "older"), &e), OK);
    assert_int_equal(r.schema, RECORD_SCHEMA);
    assert_int_equal(r.targets[0].effects.n_neurons, 4);
    assert_int_equal(r.targets[0].n_decoder, 192);
    assert_int_equal(r.targets[0].effects.n_attention, 2);
    write_older(&a, 5);
    if (record_read(&r, &a, in_folder(&a, "older"), &e))
        fail_msg("%s", e.text);
    assert_int_equal(r.schema, 5);
    assert_int_equal(r.targets[0].effects.n_neurons, 4);
    assert_int_equal(r.targets[0].effects.n_attention, 0);
    assert_int_equal(r.targets[0].n_decoder, 0);
    arena_release(&a);
}

/* The mean is in files up to schema 6; later it is made of what it follows from. */
static void files_of_schema_6_are_read(void **state)
{
    (void)state;
    arena a = {0};
    err e = {0};
    record r;
    write_older(&a, 6);
    if (record_read(&r, &a, in_folder(&a, "older"), &e))
        fail_msg("%s", e.text);
    assert_int_equal(r.schema, 6);
    assert_int_equal(r.targets[0].n_decoder, 192);
    for (int i = 0; i < r.n_features; i++)
        assert_true(r.features[i].mean == 3);
    write_record(&a, "older", SYNTHETIC_USUAL);
    assert_int_equal(record_read(&r, &a, in_folder(&a, "older"), &e), OK);
    int silent = 0;
    for (int i = 0; i < r.n_features; i++) {
        const record_feature *f = &r.features[i];
        silent += !(f->density > 0);
        assert_true(f->mean == (f->density > 0 ? f->density * f->mean_active : 0));
    }
    assert_true(silent > 0 && silent < r.n_features);
    arena_release(&a);
}

static void tokens_come_back_byte_for_byte(void **state)
{
    (void)state;
    arena a = {0};
    err e = {0};
    record made, r;
    record_volatile times, read_times;
    synthetic_record(&made, &times, &a, SYNTHETIC_HOSTILE);
    write_record(&a, "hostile", SYNTHETIC_HOSTILE);
    assert_int_equal(record_read(&r, &a, in_folder(&a, "hostile"), &e), OK);
    assert_int_equal(record_read_volatile(&read_times, &a, in_folder(&a, "hostile"), &e), OK);
    int seen = 0;
    for (int i = 0; i < r.n_targets; i++)
        for (int j = 0; j < r.targets[i].n_top; j++)
            for (int k = 0; k < r.targets[i].top[j].n_tokens; k++, seen++) {
                record_bytes want = made.targets[i].top[j].tokens[k];
                record_bytes got = r.targets[i].top[j].tokens[k];
                assert_int_equal(got.n, want.n);
                assert_memory_equal(got.bytes, want.bytes, (size_t)want.n);
            }
    assert_true(seen > 500);
    for (int i = 0; i < r.n_targets; i++)
        for (int j = 0; j < r.targets[i].search.n_sequences; j++, seen++) {
            const record_sequence *got = &r.targets[i].search.sequences[j],
                                  *want = &made.targets[i].search.sequences[j];
            assert_int_equal(got->text.n, want->text.n);
            assert_memory_equal(got->text.bytes, want->text.bytes, (size_t)want->text.n);
            assert_int_equal(got->n_tokens, want->n_tokens);
            assert_memory_equal(got->ids, want->ids, (size_t)want->n_tokens * sizeof(int));
        }
    assert_string_equal(r.run.title, made.run.title);
    assert_int_equal(read_times.n_stages, times.n_stages);
    assert_string_equal(read_times.environment.cpu, times.environment.cpu);
    assert_string_equal(r.run.commit, made.run.commit);
    assert_true(r.run.modified);
    assert_string_equal(r.run.model.tokenizer_sha256, made.run.model.tokenizer_sha256);
    assert_true(isnan(r.features[82].entropy)); /* a dead feature's */
    arena_release(&a);
}

static void missing_times_are_fine(void **state)
{
    (void)state;
    arena a = {0};
    err e = {0};
    record_volatile times = {.n_threads = 7};
    assert_int_equal(record_read_volatile(&times, &a, in_folder(&a, "nowhere"), &e), OK);
    assert_int_equal(times.n_threads, 0);
    arena_release(&a);
}

/* Every prefix of a file that is too short must be refused, wherever it is cut. */
static void truncated_files_are_refused(void **state)
{
    (void)state;
    static const char *const files[] = {"run.json",          "data/features.csv",
                                        "data/concepts.csv", "data/clusters.json",
                                        "data/search.json",  "data/targets/L02-00343.json"};
    arena a = {0};
    err e = {0};
    record r;
    write_record(&a, "cut", SYNTHETIC_USUAL);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        const char *path = path_join(&a, in_folder(&a, "cut"), files[i]);
        str whole = {0};
        if (io_read(&whole, path, 1 << 24, &e))
            fail_msg("%s", e.text);
        for (size_t keep = 0; keep + 2 < whole.len; keep += 1 + whole.len / 9) {
            assert_int_equal(io_write(path, whole.data, keep, &e), OK);
            assert_int_not_equal(record_read(&r, &a, in_folder(&a, "cut"), &e), OK);
            assert_non_null(strstr(e.text, files[i] + (strchr(files[i], '/') ? 5 : 0)));
        }
        assert_int_equal(io_write(path, whole.data, whole.len, &e), OK);
        str_release(&whole);
    }
    assert_int_equal(record_read(&r, &a, in_folder(&a, "cut"), &e), OK);
    arena_release(&a);
}

typedef struct damage {
    const char *file, *from, *to, *says, *why;
} damage;

static const damage damages[] = {
    {"run.json", "\"schema\": 7", "\"schema\": 3", "schema is 3", "an older version wrote it"},
    {"run.json", "\"schema\": 7", "\"schema\": 8", "schema is 8", "a newer version wrote it"},
    {"run.json", "\"layer\": 2", "\"layer\": -2", "L-2-", "layers name files"},
    {"run.json", "\"layer\": 2", "\"layer\": \"../../x\"", "layer", "no text as a number"},
    {"run.json", "\"d_sae\": 4096", "\"d_sae\": 1e300", "d_sae", "beyond int"},
    {"run.json", "\"d_sae\": 4096", "\"d_sae\": 4097", "features.csv", "disagrees with the table"},
    {"run.json", "\"seed\"", "\"sead\"", "\"seed\" is missing", "misspelt key"},
    {"run.json", "\"seed\": \"1\"", "\"seed\": \"1\", \"more\": 1", "unknown key", "extra key"},
    {"run.json", "\"apply_b_dec\": true", "\"apply_b_dec\": 1", "true or false", "wrong type"},
    {"data/features.csv", "id,name", "id,n", "columns", "other columns"},
    {"data/features.csv", "\n3,", "\n4,", "id 4", "ids out of order"},
    {"data/features.csv", "\n3,", "\n3.5,", "whole number", "no fractional id"},
    {"data/features.csv", ",-2,false,,\n", ",-2,false,,,\n", "too many cells", "a cell too many"},
    {"data/features.csv", "\n3,", "\n", "line 5", "a cell too few"},
    {"data/features.csv", ",false,", ",maybe,", "true or false", "no such truth value"},
    {"data/training_lm.csv", "\n100,", "\n\"100,", "cut short", "a quote that never ends"},
    {"data/features.csv", "sparsity", "\"spar\"sity", "closing quote", "a quote that ends early"},
    {"data/features.csv", "sparsity", "spar\x80ity", "UTF-8", "bytes that are no text"},
    {"data/features.csv", ",-2,", ",78,", "cluster 78", "a cluster nobody knows"},
    {"data/clusters.json", "\"rows\": 14", "\"rows\": 13", "matrix", "values do not fill it"},
    {"data/clusters.json", "\"medoid\": ", "\"medoid\": 9", "medoid", "beyond the dictionary"},
    {"data/targets/L02-00343.json", "\"id\": 343", "\"id\": 344", "L02-00344.json",
     "a file under another feature's name"},
    {"data/targets/L02-00343.json", "\"peak\": 14", "\"peak\": 32", "peak", "peak after the end"},
    {"data/targets/L02-00343.json", "\"start\": ", "\"start\": 214748364", "start",
     "end beyond int"},
    {"data/targets/L02-00343.json", "\"position\": 6", "\"position\": 10", "position",
     "maximum after the end"},
    {"data/targets/L02-00343.json", "\"concept_index\": ", "\"concept_index\": 99", "concept_index",
     "a concept nobody knows"},
    {"data/targets/L02-00343.json", "\"n_prompts\": 310", "\"n_prompts\": 8001", "quantiles",
     "more prompts than tokens"},
    {"data/targets/L02-00343.json", "\"p90\": 4.5", "\"p90\": 1.5", "quantiles",
     "quantiles that fall"},
    {"data/targets/L02-00343.json", "\"occurrences\": 500", "\"occurrences\": 5", "tokens[0]",
     "more active occurrences than occurrences"},
    {"data/targets/L02-00343.json", "\"depth\": 1,", "\"depth\": 2,", "trie[0]",
     "a tree without a root"},
    {"data/targets/L02-00343.json", "\"depth\": 4,", "\"depth\": 5,", "trie[3]",
     "a path that is too long"},
    {"data/targets/L02-00343.json", "\"n\": 500,", "\"n\": 49,", "position_bins[0]",
     "more active tokens than tokens"},
    {"data/targets/L02-00343.json", "\"n\": 225", "\"n\": 451", "trie[1]",
     "a longer path that is more frequent"},
    {"data/targets/L02-00343.json", "\"last\": 2,", "\"last\": 3,", "position_bins[2]",
     "positions twice"},
    {"data/targets/L02-00343.json", "\"high\": 0.8", "\"high\": -1", "deciles[0]",
     "a group that ends before it begins"},
    {"data/targets/L02-00343.json", "\"n_prompts\": 31,", "\"n_prompts\": 801,", "deciles[0]",
     "more prompts than tokens in a group"},
    {"data/targets/L02-00343.json", "\"raised_right\": 9", "\"raised_right\": 11", "as promised",
     "more tokens right than listed"},
    {"data/targets/L02-00343.json", "\"feature\": ", "\"feature\": 99999", "relatives",
     "a relative nobody knows"},
    {"data/sae_quality.json", "\"n_dead\": 49", "\"n_dead\": 4.5", "n_dead", "half a feature"},
    {"data/targets/L02-00343.json", "\"edges\": [0, ", "\"edges\": [", "edges", "an edge too few"},
    {"data/targets/L02-00343.json", "\"loss\": [", "\"loss\": [1, ", "beside it",
     "series of unequal length"},
    {"data/targets/L02-00343.json", "\"ids\": [", "\"ids\": [1, ", "beside it",
     "more ids than tokens"},
    {"data/targets/L02-00343.json", "\"iteration\": 1,", "\"iteration\": 0,", "curve",
     "iterations that do not rise"},
    {"data/targets/L02-00343.json", "\"ratio\": 0.17", "\"ratio\": \"0.17\"", "number",
     "a text as a ratio"},
    {"data/search.json", "\"length\": 10", "\"length\": 10.5", "length", "no fractional length"},
    {"data/targets/L02-00343.json", "\"parts\": [", "\"parts\": [0, ", "33 parts of 32 tokens",
     "a part for each token"},
    {"data/targets/L02-00343.json", "\"head\": 3", "\"head\": 4", "is of head 3, not 4",
     "one list of heads"},
    {"data/search.json", "\"n\": 8", "\"n\": \"eight\"", "ratios", "no word as a count"},
};

static void damaged_files_are_refused(void **state)
{
    (void)state;
    arena a = {0};
    record r;
    write_record(&a, "bad", SYNTHETIC_USUAL);
    for (size_t i = 0; i < COUNT_OF(damages); i++) {
        const damage *d = &damages[i];
        const char *path = path_join(&a, in_folder(&a, "bad"), d->file);
        err e = {0};
        str whole = {0}, changed = {0};
        assert_int_equal(io_read(&whole, path, 1 << 24, &e), OK);
        const char *at = strstr(str_text(&whole), d->from);
        if (!at)
            fail_msg("%s holds no %s", d->file, d->from);
        str_add_bytes(&changed, whole.data, (size_t)(at - whole.data));
        str_add(&changed, d->to);
        str_add(&changed, at + strlen(d->from));
        assert_int_equal(io_write(path, changed.data, changed.len, &e), OK);
        err_code rc = record_read(&r, &a, in_folder(&a, "bad"), &e);
        if (rc != E_FORMAT && rc != E_SHAPE)
            fail_msg("accepted: %s", d->why);
        if (!strstr(e.text, d->says))
            fail_msg("%s: \"%s\" does not say \"%s\"", d->why, e.text, d->says);
        assert_int_equal(io_write(path, whole.data, whole.len, &e), OK);
        str_release(&whole);
        str_release(&changed);
    }
    arena_release(&a);
}

/* What every target holds is also in one table for all of them. */
static void tables_of_targets_have_every_row(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        int rows;
    } tables[] = {{"data/sequences.csv", 48}, {"data/front.csv", 72},
                  {"data/restarts.csv", 64},  {"data/explanations.csv", 24},
                  {"data/tokens.csv", 48},    {"data/paths.csv", 56},
                  {"data/positions.csv", 64}, {"data/relatives.csv", 160}};
    arena a = {0};
    err e = {0};
    write_record(&a, "tables", SYNTHETIC_USUAL);
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        str text = {0};
        int rows = -1, features = 0; /* the header is no row */
        if (io_read(&text, path_join(&a, in_folder(&a, "tables"), tables[i].file), 1 << 20, &e))
            fail_msg("%s", e.text);
        assert_memory_equal(str_text(&text), "feature,", 8);
        bool quoted = false;
        for (size_t k = 0; k < text.len; k++) {
            quoted ^= text.data[k] == '"';
            bool ends = text.data[k] == '\n' && !quoted;
            rows += ends;
            features += ends && !strncmp(text.data + k + 1, "343,", 4);
        }
        assert_int_equal(rows, tables[i].rows);
        assert_int_equal(features, tables[i].rows / 8);
        str_release(&text);
    }
    arena_release(&a);
}

static double headline(const record_metric *list, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(list[i].name, name))
            return list[i].value;
    fail_msg("no headline %s", name);
    return 0;
}

static void headlines_are_medians_of_what_was_searched(void **state)
{
    (void)state;
    arena a = {0};
    int n;
    record_target targets[4] = {{.id = 0, .search = {.effort = "warm", .chain = {.warm = 1.3}}},
                                {.id = 1, .search = {.effort = "warm", .chain = {.warm = 1.1}}},
                                {.id = 2}, /* not searched: its zero counts for nothing */
                                {.id = 3, .search = {.effort = "", .chain = {.warm = 9}}}};
    targets[0].search.chain.cold = targets[1].search.chain.cold = (double)NAN;
    record r = {.targets = targets, .n_targets = 4};
    const record_metric *list = record_headlines(&n, &r, &a);
    assert_true(fabs(headline(list, n, "median_warm_ratio") - 1.2) < 1e-12);
    assert_true(isnan(headline(list, n, "median_cold_ratio")));
    assert_true(isnan(headline(list, n, "median_data_ratio"))); /* nothing was optimised */
    arena_release(&a);
}

static void the_sae_and_the_agreement_are_headlines(void **state)
{
    (void)state;
    arena a = {0};
    int n;
    record_change half[] = {
        {.name = "removed", .n_raised = 4, .n_lowered = 4},
        {.name = "doubled", .raised_right = 3, .lowered_right = 1, .n_raised = 4, .n_lowered = 4}};
    record_change all = {
        .name = "doubled", .raised_right = 4, .lowered_right = 4, .n_raised = 4, .n_lowered = 4};
    record_target targets[] = {
        {.id = 0, .effects = {.hook = "h", .n_active = 9, .changes = half, .n_changes = 2}},
        {.id = 1, .effects = {.hook = "h", .n_active = 9, .changes = &all, .n_changes = 1}},
        {.id = 2, .effects = {.hook = "h", .n_active = 0, .changes = &all, .n_changes = 1}},
        {.id = 3}};
    record r = {.targets = targets, .n_targets = 4};
    const record_metric *list = record_headlines(&n, &r, &a);
    assert_true(headline(list, n, "mean_effect_agreement") == 0.75);
    assert_true(isnan(headline(list, n, "sae_dead"))); /* not looked at */
    r.sae_quality = (record_sae_quality){.n_tokens = 5, .n_dead = 3, .loss_recovered = 0.5};
    list = record_headlines(&n, &r, &a);
    assert_true(headline(list, n, "sae_dead") == 3);
    assert_true(headline(list, n, "sae_loss_recovered") == 0.5);
    arena_release(&a);
}

static void states_are_the_first_that_holds(void **state)
{
    (void)state;
    static const struct {
        int64_t n_active;
        double density;
        record_quantiles q;
        record_state want;
    } rows[] = {
        {0, 0, {.n = 0}, RECORD_DEAD},
        {900, 0.09, {.n = 900, .n_prompts = 200, .least = 1, .most = 2}, RECORD_USUAL},
        {900, 0.09, {.n = 900, .n_prompts = 199, .least = 1, .most = 2}, RECORD_UNDER_SAMPLED},
        {900, 0.2, {.n = 900, .n_prompts = 900, .least = 1, .most = 2}, RECORD_USUAL},
        {900, 0.201, {.n = 900, .n_prompts = 9, .least = 1, .most = 2}, RECORD_IS_DENSE},
        {900, 0.9, {.n = 900, .n_prompts = 900, .least = 2, .most = 2}, RECORD_CONSTANT},
        {1, 0.001, {.n = 1, .n_prompts = 1, .least = 2, .most = 2}, RECORD_UNDER_SAMPLED},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        record_feature f = {.n_active = rows[i].n_active, .density = rows[i].density};
        record_target t = {.quantiles = rows[i].q};
        assert_int_equal(record_state_of(&f, &t), rows[i].want);
    }
}

static void headlines_have_unique_names(void **state)
{
    (void)state;
    arena a = {0};
    record r;
    record_volatile times;
    synthetic_record(&r, &times, &a, SYNTHETIC_USUAL);
    int n;
    record_metric *list = record_headlines(&n, &r, &a);
    assert_true(n > 15);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(list[i].name, list[j].name);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write_read_write_gives_the_same_bytes),
        cmocka_unit_test(files_of_schema_4_are_read),
        cmocka_unit_test(files_of_schema_5_are_read),
        cmocka_unit_test(files_of_schema_6_are_read),
        cmocka_unit_test(tokens_come_back_byte_for_byte),
        cmocka_unit_test(missing_times_are_fine),
        cmocka_unit_test(truncated_files_are_refused),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(tables_of_targets_have_every_row),
        cmocka_unit_test(states_are_the_first_that_holds),
        cmocka_unit_test(headlines_are_medians_of_what_was_searched),
        cmocka_unit_test(the_sae_and_the_agreement_are_headlines),
        cmocka_unit_test(headlines_have_unique_names),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
