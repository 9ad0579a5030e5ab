/* Held-out measurements of the language model and its SAE. */
#include "train/evaluate.h"
#include "base/io.h"
#include "base/json.h"
#include "base/memory.h"
#include "compute/sparse_rows.h"
#include "effects/splice.h"
#include "train/curves.h"
#include "train/lm.h"
#include <string.h>

#define RECOVERED_F1 0.9

enum { ENCODE_ROWS = 512 };

/* What every measurement uses. */
typedef struct subject {
    model *m;
    sae *s;
    hook h;
    const evaluate_options *o;
    text_stream text; /* seed and group set by each measurement */
    backend *be;
} subject;

static text_stream stream_of(const subject *u, const char *purpose, int group)
{
    text_stream text = u->text;
    text.seed = text_seed(u->o->seed, purpose);
    text.group = group;
    return text;
}

/* ---- loss with the SAE in place
 * ------------------------------------------------------------------ */

/* Rows that stay as they are: BOS. */
static void mark_bos(bool *keep_N, const int32_t *tokens_N, int N)
{
    for (int n = 0; n < N; n++)
        keep_N[n] = tokens_N[n] == TEXT_BOS;
}

static err_code measure_losses(evaluation *out, const subject *u, err *e)
{
    int part = u->o->part, T = u->text.context;
    text_stream text = stream_of(u, "splice text", part);
    size_t rows = (size_t)part * (size_t)T;
    splicer *p = NULL;
    splice_sums sums = {0};
    bool *keep = mem_small(rows, sizeof *keep);
    int32_t *tokens = mem_small(rows, sizeof *tokens), *targets = mem_small(rows, sizeof *targets);
    err_code rc = splicer_new(&p, u->m, u->s, &u->h, &u->h, part, T, e);
    for (int w = 0; w < u->o->splice_windows && !rc; w += part) {
        rc = text_windows(tokens, NULL, &text, (uint64_t)w, part, e);
        text_targets(targets, tokens, part, T);
        mark_bos(keep, tokens, part * T);
        if (!rc)
            rc = splicer_add(&sums, NULL, p, tokens, targets, keep, part, T, e);
    }
    if (!rc) {
        double count = (double)sums.n;
        out->clean_loss = sums.clean / count;
        out->spliced_loss = sums.spliced / count;
        out->ablated_loss = sums.ablated / count;
        out->loss_recovered = splice_recovered(&sums);
    }
    splicer_free(p);
    mem_free(targets);
    mem_free(tokens);
    mem_free(keep);
    return rc;
}

/* ---- activations and reconstruction
 * -------------------------------------------------------------- */

typedef struct feature_sums {
    variance_sums variance;
    double active;
    long *fired_F;
    bool keep_N[ENCODE_ROWS];
    float *f_NF, *y_ND; /* ENCODE_ROWS rows, backend */
    float *host_x_ND, *host_y_ND;
    sparse_rows *f;
} feature_sums;

static void add_rows(feature_sums *q, const int32_t *tokens, int rows)
{
    mark_bos(q->keep_N, tokens, rows);
    variance_sums_add(&q->variance, q->host_x_ND, q->host_y_ND, q->keep_N, rows);
    for (int b = 0; b < q->f->blocks; b++)
        for (int row = 0; row < rows; row++) {
            int n;
            const sparse_number *number = sparse_row(&n, q->f, b, row);
            if (q->keep_N[row])
                continue;
            for (int i = 0; i < n; i++)
                q->fired_F[number[i].column]++;
            q->active += n;
        }
}

static err_code add_part(feature_sums *q, const subject *u, const float *x_ND,
                         const int32_t *tokens, int rows, err *e)
{
    backend *be = u->be;
    int D = u->h.width;
    err_code rc = OK;
    for (int at = 0; at < rows && !rc; at += ENCODE_ROWS) {
        int n = rows - at < ENCODE_ROWS ? rows - at : ENCODE_ROWS;
        const float *x = ROW(x_ND, at, D);
        sae_encode(q->f_NF, u->s, x, n);
        sae_decode(q->y_ND, u->s, q->f_NF, x, n);
        be->to_sparse(be, q->f, q->f_NF, n);
        be->download(be, q->host_x_ND, x, (size_t)n * (size_t)D * sizeof(float));
        be->download(be, q->host_y_ND, q->y_ND, (size_t)n * (size_t)D * sizeof(float));
        rc = sparse_rows_arrive(q->f, e);
        if (!rc)
            add_rows(q, tokens + at, n);
    }
    return rc;
}

static void conclude_features(evaluation *out, float *host_frequency_F, const feature_sums *q,
                              int F)
{
    double tokens = (double)q->variance.n;
    int dead = 0;
    for (int f = 0; f < F; f++) {
        dead += q->fired_F[f] == 0;
        host_frequency_F[f] = (float)((double)q->fired_F[f] / tokens);
    }
    out->explained_variance = variance_explained(&q->variance);
    out->mean_l0 = q->active / tokens;
    out->dead_share = (double)dead / F;
    out->feature_tokens = (long)q->variance.n;
}

static err_code feature_sums_make(feature_sums *q, const subject *u, err *e)
{
    size_t D = (size_t)u->h.width, F = (size_t)sae_describe(u->s)->d_sae;
    q->variance = variance_sums_new(u->h.width);
    q->fired_F = mem_small(F, sizeof *q->fired_F);
    q->f_NF = u->be->alloc(u->be, ENCODE_ROWS * F, sizeof(float), "SAE activations", e);
    q->y_ND = u->be->alloc(u->be, ENCODE_ROWS * D, sizeof(float), "SAE output", e);
    q->host_x_ND = mem_array(ENCODE_ROWS * D, sizeof(float), "SAE input", e);
    q->host_y_ND = mem_array(ENCODE_ROWS * D, sizeof(float), "SAE output", e);
    if (!q->f_NF || !q->y_ND || !q->host_x_ND || !q->host_y_ND)
        return e->code;
    return sparse_rows_new(&q->f, u->be, ENCODE_ROWS, (int)F, e);
}

static void feature_sums_release(feature_sums *q, backend *be)
{
    be->free(be, q->f_NF);
    be->free(be, q->y_ND);
    sparse_rows_free(q->f);
    variance_sums_release(&q->variance);
    void *arrays[] = {q->fired_F, q->host_x_ND, q->host_y_ND};
    for (size_t i = 0; i < COUNT_OF(arrays); i++)
        mem_free(arrays[i]);
}

static err_code measure_features(evaluation *out, float *host_frequency_F, const subject *u,
                                 reporter *r, err *e)
{
    int part = u->o->part, T = u->text.context;
    text_stream text = stream_of(u, "feature text", part);
    int32_t *tokens = mem_small((size_t)part * (size_t)T, sizeof *tokens);
    forward *pass = NULL;
    feature_sums q = {0};
    progress bar = progress_start(r, "evaluate features", u->o->feature_windows);
    err_code rc = feature_sums_make(&q, u, e);
    if (!rc)
        rc = forward_new(&pass, u->m, part, T, &u->h, FORWARD_ONLY, e);
    for (int w = 0; w < u->o->feature_windows && !rc; w += part) {
        rc = text_windows(tokens, NULL, &text, (uint64_t)w, part, e);
        if (!rc)
            rc = forward_tokens(pass, tokens, part, T, &u->h, e);
        if (!rc)
            rc = add_part(&q, u, forward_hook(pass), tokens, part * T, e);
        if (!rc)
            rc = cancel_check(e);
        progress_step(&bar, w + part, NULL);
    }
    progress_end(&bar);
    if (!rc)
        conclude_features(out, host_frequency_F, &q, sae_describe(u->s)->d_sae);
    feature_sums_release(&q, u->be);
    forward_free(pass);
    mem_free(tokens);
    return rc;
}

/* ---- concepts
 * ------------------------------------------------------------------------------------ */

/* n_tokens: of the sample on which the figures were taken. */
static err_code write_concepts(const concept_match *matches, int n, int n_tokens, const char *dir,
                               err *e)
{
    int count;
    const world_concept *concepts = world_concepts(&count);
    str csv = {0};
    curve_header(&csv, "concept,kind,base_rate,feature,threshold,f1,precision,recall,"
                       "f1_where_chosen,tokens");
    for (int c = 0; c < n; c++) {
        const concept_match *m = &matches[c];
        double row[] = {(double)m->positives / n_tokens,
                        m->feature,
                        (double)m->threshold,
                        m->f1,
                        m->precision,
                        m->recall,
                        m->chosen_f1,
                        m->positives};
        str_addf(&csv, "\"%s\",%s,", concepts[c].name, concepts[c].kind);
        curve_row(&csv, row, (int)COUNT_OF(row));
    }
    err_code rc = curve_write(&csv, dir, "concepts.csv", e);
    str_release(&csv);
    return rc;
}

/* Windows of this measurement start with the start of a document, so that what a concept refers
 * back to has been seen. */
static err_code measure_concepts(evaluation *out, const subject *u, const char *dir, err *e)
{
    concept_sample halves[2] = {{0}};
    text_stream text = stream_of(u, "concept text", 1);
    int windows = u->o->concept_windows;
    err_code rc = OK;
    for (int i = 0; i < 2 && !rc; i++)
        rc = concept_sample_make(&halves[i], u->m, u->s, &u->h, &text,
                                 (uint64_t)i * (uint64_t)windows, windows, u->o->part, e);
    world_concepts(&out->concepts);
    concept_match *matches = mem_small((size_t)out->concepts, sizeof *matches);
    if (!rc) {
        concept_match_all(matches, out->concepts, &halves[0], &halves[1], u->be->pool);
        for (int c = 0; c < out->concepts; c++) {
            out->recovered += matches[c].f1 >= RECOVERED_F1;
            out->mean_f1 += matches[c].f1 / out->concepts;
        }
        rc = write_concepts(matches, out->concepts, halves[1].n_tokens, dir, e);
    }
    mem_free(matches);
    for (int i = 0; i < 2; i++)
        concept_sample_release(&halves[i]);
    return rc;
}

/* ---- all
 * ----------------------------------------------------------------------------------------- */

static err_code write_json(const evaluation *v, const char *dir, err *e)
{
    cJSON *root = cJSON_CreateObject();
    if (!root)
        err_die("out of memory while building JSON");
    json_add_number(root, "validation_loss", v->validation_loss);
    json_add_number(root, "source_entropy", v->source_entropy);
    json_add_number(root, "clean_loss", v->clean_loss);
    json_add_number(root, "spliced_loss", v->spliced_loss);
    json_add_number(root, "ablated_loss", v->ablated_loss);
    json_add_number(root, "loss_recovered", v->loss_recovered);
    json_add_number(root, "explained_variance", v->explained_variance);
    json_add_number(root, "mean_l0", v->mean_l0);
    json_add_number(root, "dead_share", v->dead_share);
    json_add_number(root, "feature_tokens", (double)v->feature_tokens);
    json_add_number(root, "concepts", v->concepts);
    json_add_number(root, "concepts_recovered", v->recovered);
    json_add_number(root, "mean_f1", v->mean_f1);
    arena paths = {0};
    err_code rc = json_write(path_join(&paths, dir, "evaluation.json"), root, e);
    arena_release(&paths);
    cJSON_Delete(root);
    return rc;
}

static void print_table(const evaluation *v, reporter *r)
{
    report_line(r, "validation loss            %.4f nats per token", v->validation_loss);
    report_line(r, "generator's own entropy    %.4f nats per token, given its hidden choices",
                v->source_entropy);
    report_line(r, "explained variance         %.4f", v->explained_variance);
    report_line(r, "loss recovered             %.4f  (clean %.4f, spliced %.4f, ablated %.4f)",
                v->loss_recovered, v->clean_loss, v->spliced_loss, v->ablated_loss);
    report_line(r, "mean L0                    %.2f", v->mean_l0);
    report_line(r, "dead features              %.2f %% over %ld tokens", 100 * v->dead_share,
                v->feature_tokens);
    report_line(r, "concepts with F1 >= %.1f    %d of %d (%.0f %%), mean F1 %.3f", RECOVERED_F1,
                v->recovered, v->concepts, 100.0 * v->recovered / v->concepts, v->mean_f1);
}

err_code evaluate(evaluation *out, float *host_frequency_F, model *m, sae *s, const world *w,
                  const tokenizer *t, const evaluate_options *o, const char *dir, reporter *r,
                  err *e)
{
    evaluation v = {0};
    subject u = {.m = m, .s = s, .o = o, .be = model_backend(m)};
    u.text = (text_stream){
        .world = w, .tokens = t, .pool = u.be->pool, .context = model_describe(m)->context};
    err_code rc = hook_parse(&u.h, model_describe(m), sae_describe(s)->hook, e);
    text_stream validation = stream_of(&u, "validation text", o->part);
    if (!rc)
        rc = lm_loss(&v.validation_loss, m, &validation, 0, o->validation_windows, o->part, e);
    if (!rc)
        rc = text_entropy(&v.source_entropy, &validation, 0, o->entropy_documents, e);
    if (!rc)
        rc = measure_losses(&v, &u, e);
    if (!rc)
        rc = measure_features(&v, host_frequency_F, &u, r, e);
    if (!rc)
        rc = measure_concepts(&v, &u, dir, e);
    if (!rc)
        rc = write_json(&v, dir, e);
    if (!rc)
        print_table(&v, r);
    *out = v;
    return rc;
}
