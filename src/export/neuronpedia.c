/* Neuronpedia's bulk import: one row of a table a line. */
#include "base/io.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "export/explanations.h"
#include "export/fields.h"
#include "export/formats.h"
#include "export/statistics.h"
#include <string.h>

typedef struct writer {
    const record *r;
    const export_names *names;
    const char *dir; /* MODEL/SOURCE */
    arena *a;
} writer;

/* ---- rows -------------------------------------------------------------------------------------
 */

static void add_maybe(cJSON *to, const char *key, const char *text)
{
    if (text)
        export_add_name(to, key, text);
    else
        export_add_null(to, key);
}

/* Without a known time the key is left out: the tables then say when the row was imported. */
static void add_created(cJSON *to, const writer *w, const char *key)
{
    if (w->names->created)
        json_add_string(to, key, w->names->created);
}

/* An id like theirs, "c" and 24 signs, made from what the row is of, so that it is the same each
 * time and another in each table. */
static void add_id(cJSON *to, const writer *w, const char *table, int feature, int row)
{
    enum { SIGNS = 24 };
    char hex[SHA256_HEX];
    str of = {0};
    str_addf(&of, "%s %s %s %s %s %s %d %d", w->r->run.config_sha256, w->r->run.sae.sha256,
             w->r->run.data.sha256, w->names->model, w->names->source, table, feature, row);
    sha256_of(hex, of.data, of.len);
    json_add_string(to, "id", arena_printf(w->a, "c%.*s", (int)SIGNS, hex));
    str_release(&of);
}

static void add_place(cJSON *to, const writer *w, int feature)
{
    json_add_string(to, "modelId", w->names->model);
    json_add_string(to, "layer", w->names->source);
    json_add_string(to, "index", arena_printf(w->a, "%d", feature));
}

static void add_cosines(cJSON *to, const record_target *t)
{
    cJSON *indices = json_add_array(to, "topkCosSimIndices");
    cJSON *values = json_add_array(to, "topkCosSimValues");
    for (int i = 0; i < t->effects.n_relatives; i++) {
        const record_relative *x = &t->effects.relatives[i];
        if (strcmp(x->by, "decoder") || !isfinite(x->decoder_cosine))
            continue;
        json_add_number(indices, NULL, x->feature);
        json_add_number(values, NULL, export_round(x->decoder_cosine));
    }
}

static void add_feature(str *out, const writer *w, const record_target *t)
{
    cJSON *to = cJSON_CreateObject();
    add_place(to, w, t->id);
    add_maybe(to, "creatorId", w->names->creator);
    add_created(to, w, "createdAt");
    json_add_number(to, "maxActApprox", record_find_feature(w->r, t->id)->max);
    json_add_bool(to, "hasVector", t->n_decoder > 0);
    export_add_vector(to, t);
    export_add_null(to, "vectorLabel");
    export_add_null(to, "vectorDefaultSteerStrength");
    export_add_name(to, "hookName", w->r->run.sae.hook);
    add_cosines(to, t);
    export_add_statistics(to, w->r, t);
    json_add_string(to, "sourceSetName", w->names->set);
    json_print_line(out, to);
    cJSON_Delete(to);
}

/* Direct feature attribution. */
static void add_attention(cJSON *to, const export_example *x)
{
    const record_attention *from = x->attention;
    if (!from) {
        export_add_empty(to, "dfaValues");
        export_add_null(to, "dfaTargetIndex");
        export_add_null(to, "dfaMaxValue");
        return;
    }
    export_add_numbers(to, "dfaValues", from->parts, from->n_parts);
    json_add_number(to, "dfaTargetIndex", x->context->peak);
    json_add_number(to, "dfaMaxValue", export_round(export_largest_part(from)));
}

static void add_activation(str *out, const writer *w, const export_example *x, int feature, int row)
{
    const record_context *c = x->context;
    int strongest = 0;
    double least = c->activations[0];
    for (int i = 1; i < c->n_tokens; i++) {
        if (c->activations[i] > c->activations[strongest])
            strongest = i;
        least = c->activations[i] < least ? c->activations[i] : least;
    }
    cJSON *to = cJSON_CreateObject();
    add_id(to, w, "activation", feature, row);
    add_place(to, w, feature);
    export_add_tokens(to, "tokens", c->tokens, c->n_tokens);
    json_add_number(to, "maxValue", export_round(c->activations[strongest]));
    json_add_number(to, "maxValueTokenIndex", strongest);
    json_add_number(to, "minValue", export_round(least));
    export_add_numbers(to, "values", c->activations, c->n_tokens);
    add_maybe(to, "creatorId", w->names->creator);
    export_add_name(to, "dataSource", w->r->run.data.source);
    json_add_string(to, "dataIndex", arena_printf(w->a, "%d", c->prompt));
    add_attention(to, x);
    add_created(to, w, "createdAt");
    export_add_empty(to, "lossValues");
    export_add_null(to, "logitContributions");
    json_add_number(to, "binMin", x->bin_min);
    json_add_number(to, "binMax", x->bin_max);
    json_add_number(to, "binContains", x->bin_contains);
    json_add_number(to, "qualifyingTokenIndex", c->peak);
    export_add_null(to, "zIndices");
    export_add_null(to, "zValues");
    json_print_line(out, to);
    cJSON_Delete(to);
}

static void add_explanation(str *out, const writer *w, const export_explanation *x, int feature,
                            int row)
{
    cJSON *to = cJSON_CreateObject();
    add_id(to, w, "explanation", feature, row);
    add_place(to, w, feature);
    json_add_string(to, "description", x->text);
    add_maybe(to, "authorId", w->names->creator);
    export_add_null(to, "embedding");
    export_add_null(to, "triggeredById");
    json_add_string(to, "typeName", x->type);
    add_maybe(to, "explanationModelName", x->model);
    json_add_string(to, "notes", x->notes);
    add_created(to, w, "createdAt");
    json_print_line(out, to);
    cJSON_Delete(to);
}

/* ---- the run's four rows ----------------------------------------------------------------------
 */

static err_code write_row(const writer *w, const char *name, cJSON *row, err *e)
{
    str line = {0};
    json_print_line(&line, row);
    err_code rc = io_write(path_join(w->a, w->dir, name), line.data, line.len, e);
    str_release(&line);
    cJSON_Delete(row);
    return rc;
}

/* Keys that the tables have and a report has nothing to say of. */
static void add_nulls(cJSON *to, const char *const *keys)
{
    for (; *keys; keys++)
        export_add_null(to, *keys);
}

static cJSON *release_row(const writer *w)
{
    static const char *const unknown[] = {"creatorEmail", "creatorNameShort",
                                          "defaultSourceSetName", "defaultSourceId", NULL};
    cJSON *to = cJSON_CreateObject();
    json_add_string(to, "name", w->names->set);
    export_add_name(to, "description", w->r->run.title);
    json_add_string(to, "creatorName", "");
    add_maybe(to, "creatorId", w->names->creator);
    json_add_string(to, "visibility", "PUBLIC");
    json_add_bool(to, "isNewUi", false);
    json_add_bool(to, "featured", false);
    export_add_name(to, "descriptionShort", w->r->run.title);
    export_add_empty(to, "urls");
    add_nulls(to, unknown);
    export_add_empty(to, "defaultUmapSourceIds");
    add_created(to, w, "createdAt");
    return to;
}

static cJSON *model_row(const writer *w)
{
    static const char *const unknown[] = {"tlensId", "defaultSourceSetName", "defaultSourceId",
                                          "website", NULL};
    const record_model *m = &w->r->run.model;
    size_t n = strlen(w->names->model);
    cJSON *to = cJSON_CreateObject();
    json_add_string(to, "id", w->names->model);
    json_add_bool(to, "instruct", n > 3 && !strcmp(w->names->model + n - 3, "-it"));
    add_maybe(to, "creatorId", w->names->creator);
    export_add_name(to, "displayNameShort", m->source);
    export_add_name(to, "displayName", m->source);
    json_add_number(to, "dimension", m->d_model);
    json_add_string(to, "visibility", "PUBLIC");
    json_add_bool(to, "inferenceEnabled", false);
    json_add_number(to, "layers", m->n_layers);
    json_add_number(to, "neuronsPerLayer", m->d_mlp);
    json_add_string(to, "owner", "");
    add_nulls(to, unknown);
    add_created(to, w, "createdAt");
    add_created(to, w, "updatedAt");
    return to;
}

static cJSON *sourceset_row(const writer *w)
{
    static const char *const no[] = {"showCorrelated", "showHeadAttribution", "showUmap"};
    cJSON *to = cJSON_CreateObject();
    json_add_string(to, "modelId", w->names->model);
    json_add_string(to, "name", w->names->set);
    add_maybe(to, "creatorId", w->names->creator);
    json_add_bool(to, "hasDashboards", true);
    json_add_string(to, "visibility", "PUBLIC");
    export_add_name(to, "description", w->r->run.sae.hook);
    json_add_string(to, "type", "");
    json_add_string(to, "creatorName", "");
    export_add_empty(to, "urls");
    export_add_null(to, "creatorEmail");
    json_add_string(to, "releaseName", w->names->set);
    export_add_null(to, "defaultOfModelId");
    json_add_number(to, "defaultRange", 1);
    json_add_bool(to, "defaultShowBreaks", true);
    json_add_bool(to, "showDfa", export_has_attention(w->r));
    for (size_t i = 0; i < COUNT_OF(no); i++)
        json_add_bool(to, no[i], false);
    add_created(to, w, "createdAt");
    return to;
}

static cJSON *source_row(const writer *w)
{
    static const char *const unknown[] = {"saelensConfig",
                                          "saelensRelease",
                                          "saelensSaeId",
                                          "hfRepoId",
                                          "hfFolderId",
                                          "defaultOfModelId",
                                          NULL};
    const record_run *run = &w->r->run;
    cJSON *to = cJSON_CreateObject();
    json_add_string(to, "id", w->names->source);
    json_add_string(to, "modelId", w->names->model);
    json_add_string(to, "setName", w->names->set);
    add_maybe(to, "creatorId", w->names->creator);
    json_add_bool(to, "hasDashboards", true);
    json_add_bool(to, "inferenceEnabled", false);
    export_add_empty(to, "inferenceHosts");
    add_nulls(to, unknown);
    json_add_string(to, "visibility", "PUBLIC");
    json_add_bool(to, "hasUmap", false);
    json_add_bool(to, "hasUmapLogSparsity", false);
    json_add_bool(to, "hasUmapClusters", false);
    json_add_number(to, "num_prompts", run->data.n_prompts);
    json_add_number(to, "num_tokens_in_prompt", run->data.max_tokens);
    export_add_name(to, "dataset", run->data.source);
    export_add_name(to, "notes",
                    arena_printf(w->a, "saeinv %s; SHA-256 of model %s, SAE %s, data %s",
                                 run->tool_version, run->model.sha256, run->sae.sha256,
                                 run->data.sha256));
    add_created(to, w, "createdAt");
    return to;
}

static err_code write_run(const writer *w, err *e)
{
    err_code rc = write_row(w, "release.jsonl", release_row(w), e);
    if (!rc)
        rc = write_row(w, "model.jsonl", model_row(w), e);
    if (!rc)
        rc = write_row(w, "sourceset.jsonl", sourceset_row(w), e);
    return rc ? rc : write_row(w, "source.jsonl", source_row(w), e);
}

/* ---- batches ----------------------------------------------------------------------------------
 */

static err_code write_rows(const writer *w, const char *table, int batch, const str *rows, err *e)
{
    if (!rows->len)
        return OK;
    const char *dir = path_join(w->a, w->dir, table);
    err_code rc = io_make_dir(dir, e);
    return rc ? rc
              : io_write_gzip(path_join(w->a, dir, arena_printf(w->a, "batch-%d.jsonl.gz", batch)),
                              rows->data, rows->len, e);
}

static err_code write_batch(const writer *w, int batch, err *e)
{
    str features = {0}, activations = {0}, explanations = {0};
    const record *r = w->r;
    for (int i = batch * EXPORT_BATCH; i < r->n_targets && i < (batch + 1) * EXPORT_BATCH; i++) {
        const record_target *t = &r->targets[i];
        int n;
        const export_example *examples = export_examples(&n, r, t, w->a);
        add_feature(&features, w, t);
        for (int k = 0; k < n; k++)
            add_activation(&activations, w, &examples[k], t->id, k);
        const export_explanation *said = export_explanations(&n, r, t, w->a);
        for (int k = 0; k < n; k++)
            add_explanation(&explanations, w, &said[k], t->id, k);
    }
    err_code rc = write_rows(w, "features", batch, &features, e);
    if (!rc)
        rc = write_rows(w, "activations", batch, &activations, e);
    if (!rc)
        rc = write_rows(w, "explanations", batch, &explanations, e);
    str_release(&features);
    str_release(&activations);
    str_release(&explanations);
    return rc;
}

static void add_notes(str *notes, const writer *w)
{
    export_note_statistics(notes, w->r);
    str_add(
        notes,
        "- empty, as a report does not hold them: lossValues, logitContributions, z*, "
        "embedding, vectorLabel, vectorDefaultSteerStrength.\n"
        "- dfa*: of the strongest examples where the SAE reads at hook_z, else empty.\n"
        "- vector: the SAE's decoder row as this program computes with it; what strength steers "
        "well is not measured.\n"
        "- explanations: typeName rule-v1 and its like must be in the table ExplanationType "
        "before they are imported; what each is worth stands in its notes.\n"
        "- creatorName and owner are empty, visibility is PUBLIC: edit the .jsonl files to "
        "your case.\n");
    if (!w->names->creator)
        str_add(notes, "- creatorId and authorId are null; the tables ask for a user: give "
                       "--creator ID.\n");
    if (!w->names->created)
        str_add(notes, "- createdAt is left out, as the report's volatile/ is not there.\n");
}

err_code export_neuronpedia(const char *dir, const record *r, const export_names *names, str *notes,
                            err *e)
{
    arena a = {0};
    writer w = {r, names, path_join(&a, path_join(&a, dir, names->model), names->source), &a};
    err_code rc = io_make_dir(w.dir, e);
    if (!rc)
        rc = write_run(&w, e);
    for (int batch = 0; batch * EXPORT_BATCH < r->n_targets && !rc; batch++)
        rc = write_batch(&w, batch, e);
    add_notes(notes, &w);
    arena_release(&a);
    return rc;
}
