/* effects: what every target does to the output, whom it resembles, how good the SAE is. */
#include "base/memory.h"
#include "pipeline/pieces.h"
#include "pipeline/traces.h"
#include <string.h>

enum {
    EFFECTS_VERSION = 5, /* raised when the stage's arithmetic or file layout changes */
    GROUP = 16           /* targets whose weights are gone through at once */
};

/* ---- where the SAE's output stands --------------------------------------------------------------
 */

/* A transcoder's output stands at hook_out, which may be missing, of another model, or behind what
 * the cfg does to it. */
static void find_hook(study *s)
{
    const sae_config *c = sae_describe(s->sae);
    const model_config *network = model_describe(s->model);
    hook_processing processing = {.center_writing_weights = c->center_writing_weights,
                                  .fold_value_biases = c->fold_value_biases,
                                  .fold_ln = c->fold_ln};
    err e = {0};
    s->effect_hook = s->hook;
    s->effects_missing = NULL;
    if (!c->transcoder)
        return;
    err_code rc = hook_parse(&s->effect_hook, network, c->hook_out, &e);
    if (!rc && c->has_head_out)
        rc = hook_select_head(&s->effect_hook, network, c->head_out, &e);
    if (rc)
        s->effects_missing =
            arena_printf(&s->memory, "the transcoder's output has no place: %s", e.text);
    else if (s->effect_hook.width != c->d_out)
        s->effects_missing = arena_printf(&s->memory, "the transcoder writes %d numbers, %s has %d",
                                          c->d_out, s->effect_hook.name, s->effect_hook.width);
    else if (!hook_is_writable(&s->effect_hook))
        s->effects_missing =
            arena_printf(&s->memory, "%s can only be looked at", s->effect_hook.name);
    else
        hook_apply_processing(&s->effect_hook, network, &processing);
}

static effect_setting setting_of(const study *s, const char *name)
{
    bool same = !sae_describe(s->sae)->transcoder;
    return (effect_setting){.model = s->model,
                            .sae = s->sae,
                            .read = &s->hook,
                            .write = same ? &s->hook : &s->effect_hook,
                            .prompts = &s->prompts,
                            .tokenizer = s->tokenizer,
                            .ids_n = s->tokens->ids,
                            .n = s->tokens->n,
                            .batch_size = s->config->collect.batch_size,
                            .reporter = s->reporter,
                            .name = name};
}

/* ---- keeping results ----------------------------------------------------------------------------
 */

static store_key key_start(const study *s, const char *kind)
{
    store_key k = store_key_start(kind, EFFECTS_VERSION);
    store_key_text(&k, s->model_sha256);
    store_key_text(&k, s->sae_sha256);
    store_key_text(&k, s->data_sha256);
    store_key_bytes(&k, s->prompts.first, ((size_t)s->prompts.n + 1) * sizeof *s->prompts.first);
    store_key_text(&k, s->hook.name);
    store_key_text(&k, s->effect_hook.name);
    store_key_text(&k, s->backend->name);
    store_key_bytes(&k, &s->config->collect.batch_size, sizeof(int));
    return k;
}

/* ---- the SAE ------------------------------------------------------------------------------------
 */

static err_code measure_quality(study *s, bool *cached, err *e)
{
    int most = s->config->effects.quality_prompts;
    s->quality_missing = s->target_names      ? "the targets were given by hand, without an SAE"
                         : s->effects_missing ? s->effects_missing
                         : most == 0          ? "effects.quality_prompts is 0"
                                              : NULL;
    store_key k = key_start(s, "quality");
    store_key_bytes(&k, &most, sizeof most);
    effect_setting set = setting_of(s, "quality");
    if (s->quality_missing) /* counts alone, for which nothing is run */
        return quality_measure(&s->quality, &set, &s->collected, 0, e);
    kept before;
    bool found;
    piece pieces[MOST_PIECES] = {{&s->quality, sizeof s->quality}};
    err_code rc = pieces_find(&found, &before, pieces, s, "quality", &k, e);
    if (!rc && !found) {
        *cached = false;
        set.draft = kept_draft(&before);
        rc = quality_measure(&s->quality, &set, &s->collected, most, e);
        if (!rc)
            rc = pieces_save(&before, pieces, e);
    }
    kept_close(&before);
    return rc;
}

/* ---- the targets --------------------------------------------------------------------------------
 */

/* Relatives of all targets, then the neurons they rise and fall with. */
static err_code find_relatives(study *s, bool *cached, err *e)
{
    kept before;
    bool known;
    size_t n = (size_t)s->n_targets;
    target_relatives *found = mem_small(n, sizeof *found);
    target_neurons *neurons = mem_small(n, sizeof *neurons);
    piece pieces[MOST_PIECES] = {{found, n * sizeof *found}, {neurons, n * sizeof *neurons}};
    store_key k = key_start(s, "relatives");
    store_key_bytes(&k, s->targets, n * sizeof *s->targets);
    err_code rc = pieces_find(&known, &before, pieces, s, "relatives", &k, e);
    if (!rc && !known) {
        *cached = false;
        scan_source source = study_source(s, "relatives");
        rc = relatives_find(found, neurons, &source, s->sae, &s->surveyed, &s->collected, e);
        if (!rc)
            rc = pieces_save(&before, pieces, e);
    }
    kept_close(&before);
    for (size_t i = 0; i < n; i++) {
        target_effects *t = &s->effects[i];
        t->relatives = found[i];
        t->neurons.n_correlated = neurons[i].n_correlated;
        memcpy(t->neurons.correlated, neurons[i].correlated, sizeof neurons[i].correlated);
    }
    mem_free(neurons);
    mem_free(found);
    return rc;
}

/* Some targets' weights and what they give against the vocabulary. */
typedef struct group {
    int first, n, O;
    int n_done;                /* the first ones, which have been run */
    const piece *pieces;       /* what is found out of all of them */
    float *row_CO, *column_CD; /* decoder rows, encoder columns */
    double *logit_Cn, *per_activation_C;
} group;

static void group_release(group *g)
{
    mem_free(g->row_CO);
    mem_free(g->column_CD);
    mem_free(g->logit_Cn);
    mem_free(g->per_activation_C);
}

static err_code group_make(group *g, const study *s, int first, int n, err *e)
{
    const sae_config *c = sae_describe(s->sae);
    size_t O = (size_t)c->d_out, D = (size_t)c->d_in, C = (size_t)n, V = (size_t)s->tokens->n;
    float bias_C[GROUP];
    sae_columns *columns = NULL;
    *g = (group){.first = first,
                 .n = n,
                 .O = c->d_out,
                 .row_CO = mem_array(C * O, sizeof(float), "decoder rows", e),
                 .column_CD = mem_array(C * D, sizeof(float), "encoder columns", e),
                 .logit_Cn = mem_array(C * V, sizeof(double), "logits of the vocabulary", e),
                 .per_activation_C = mem_small(C, sizeof(double))};
    err_code rc = g->row_CO && g->column_CD && g->logit_Cn ? OK : e->code;
    if (!rc)
        rc = sae_columns_new(&columns, s->sae, s->targets + first, n, e);
    if (!rc)
        rc = sae_columns_copy(g->column_CD, bias_C, columns, e);
    for (int i = 0; i < n && !rc; i++) {
        double length = sae_direction_length(ROW(g->column_CD, i, D), c->d_in);
        sae_decoder_row(ROW(g->row_CO, i, O), s->sae, s->targets[first + i]);
        /* A target given by hand is a direction of any length, whose row is of length 1: what is
         * there of it in the hook's value is the activation over that length. */
        g->per_activation_C[i] = s->target_names && length > 0 ? 1 / length : 1;
    }
    sae_columns_free(columns);
    return rc;
}

static err_code look_at_weights(group *g, study *s, const effect_setting *set, err *e)
{
    err_code rc = OK;
    size_t V = (size_t)set->n;
    double *cosine_Cn = NULL;
    bool reaches = !s->effects_missing && direction_reach(set->write) != REACH_NOTHING;
    if (reaches)
        rc = direct_logits(g->logit_Cn, set, g->row_CO, g->n, e);
    for (int i = 0; i < g->n && !rc; i++)
        neurons_align(&s->effects[g->first + i].neurons, ROW(g->row_CO, i, g->O), g->O);
    for (int i = 0; i < g->n && !rc; i++)
        s->effects[g->first + i].logits = reaches ? direct_table(set, ROW(g->logit_Cn, i, V))
                                                  : (logit_table){.reach = REACH_NOTHING};
    if (rc || !direct_reads_embeddings(set))
        return rc;
    cosine_Cn = mem_array((size_t)g->n * V, sizeof *cosine_Cn, "cosines of the vocabulary", e);
    rc = cosine_Cn ? direct_read_in(cosine_Cn, set, g->column_CD, g->n, e) : e->code;
    for (int i = 0; i < g->n && !rc; i++)
        s->effects[g->first + i].read_in =
            find_token_ends(set->ids_n, ROW(cosine_Cn, i, V), set->n);
    mem_free(cosine_Cn);
    return rc;
}

/* What runs the model, made when it is first needed; NULL where there is nothing to run for. */
typedef struct runs {
    causal_runner *changed;      /* the output, the target changed */
    attention_reader *attention; /* what attention brings to the target */
} runs;

static err_code runs_make(runs *r, const study *s, const effect_setting *set, err *e)
{
    err_code rc = OK;
    if (!r->changed && !s->effects_missing && s->config->effects.prompts > 0)
        rc = causal_runner_new(&r->changed, set, e);
    if (!rc && !r->attention && attention_is_read(set->read))
        rc = attention_reader_new(&r->attention, set, e);
    return rc;
}

static void put_done(str *to, const group *g)
{
    packed_put(to, &g->n_done, 1, sizeof g->n_done);
    pieces_put(to, g->pieces);
}

static err_code get_done(group *g, const draft *d, err *e)
{
    packed_reader r = packed_read(&d->state);
    packed_get(&r, &g->n_done, 1, sizeof g->n_done);
    bool fits = g->n_done >= 0 && g->n_done <= g->n && pieces_get(&r, g->pieces);
    return draft_accept(d, &r, fits, "these targets' effects", e);
}

static err_code run_changed(group *g, study *s, causal_runner *r, int i, err *e)
{
    target_effects *t = &s->effects[g->first + i];
    bool table = t->logits.reach != REACH_NOTHING && !t->logits.flat;
    causal_job job = {.row_O = ROW(g->row_CO, i, g->O),
                      .per_activation = g->per_activation_C[i],
                      .logit_n = table ? ROW(g->logit_Cn, i, s->tokens->n) : NULL,
                      .ends = &t->logits.ends,
                      .surveyed = &s->surveyed,
                      .which = g->first + i};
    err_code rc = causal_measure(&t->causal, r, &job, s->config->effects.prompts, e);
    return rc ? rc : trace_costs(s, r, &job, e);
}

/* A target that was stopped begins anew, those before it are in the draft. */
static err_code run_targets(group *g, study *s, const runs *r, draft *d, progress *bar, err *e)
{
    int D = sae_describe(s->sae)->d_in;
    err_code rc = OK;
    for (; g->n_done < g->n && !rc; g->n_done++) {
        int i = g->n_done;
        put_done(draft_room(d), g);
        if (r->changed)
            rc = run_changed(g, s, r->changed, i, e);
        if (!rc && r->attention)
            rc = trace_attention(s, r->attention, ROW(g->column_CD, i, D), g->first + i, e);
        if (draft_is_due(d, rc))
            rc = draft_keep(d, rc, e);
        progress_step(bar, g->first + i + 1, NULL);
    }
    return rc;
}

static piece piece_of(float *all, size_t each, int first, int n)
{
    return (piece){ROW(all, first, each), (size_t)n * each * sizeof *all};
}

static err_code work_out_group(study *s, int first, int n, const piece *pieces, draft *d,
                               const effect_setting *set, runs *r, progress *bar, err *e)
{
    group g;
    err_code rc = group_make(&g, s, first, n, e);
    g.pieces = pieces;
    if (!rc && draft_found(d))
        rc = get_done(&g, d, e);
    if (!rc)
        rc = look_at_weights(&g, s, set, e);
    if (!rc)
        rc = runs_make(r, s, set, e);
    if (!rc)
        rc = run_targets(&g, s, r, d, bar, e);
    group_release(&g);
    return rc;
}

static err_code measure_group(study *s, int first, int n, const effect_setting *set, runs *r,
                              progress *bar, bool *cached, err *e)
{
    kept before;
    bool found;
    piece pieces[MOST_PIECES] = {{s->effects + first, (size_t)n * sizeof *s->effects},
                                 piece_of(s->trace_CRT, traces_costs(s), first, n),
                                 piece_of(s->attention_CRT, traces_parts(s), first, n),
                                 piece_of(s->head_CRH, traces_heads(s), first, n)};
    store_key k = key_start(s, "effects");
    study_key_settings(&k, s, "effects.prompts");
    study_key_settings(&k, s, "analyse.context"); /* which contexts are traced */
    store_key_bytes(&k, s->tokens->ids, (size_t)s->tokens->n * sizeof *s->tokens->ids);
    store_key_bytes(&k, s->targets + first, (size_t)n * sizeof *s->targets);
    err_code rc = pieces_find(&found, &before, pieces, s, "effects", &k, e);
    if (!rc && !found) {
        *cached = false;
        rc = work_out_group(s, first, n, pieces, kept_draft(&before), set, r, bar, e);
        if (!rc)
            rc = pieces_save(&before, pieces, e);
    }
    kept_close(&before);
    if (!rc)
        progress_step(bar, first + n, NULL);
    return rc;
}

static err_code measure_targets(study *s, bool *cached, err *e)
{
    runs r = {0};
    effect_setting set = setting_of(s, "effects");
    err_code rc = OK;
    progress bar = progress_start(s->reporter, "effects", s->n_targets);
    for (int first = 0; first < s->n_targets && !rc; first += GROUP) {
        int n = s->n_targets - first < GROUP ? s->n_targets - first : GROUP;
        rc = measure_group(s, first, n, &set, &r, &bar, cached, e);
    }
    progress_end(&bar);
    causal_runner_free(r.changed);
    attention_reader_free(r.attention);
    return rc;
}

err_code stage_effects(study *s, bool *cached, err *e)
{
    *cached = true;
    size_t n = (size_t)s->n_targets + 1;
    s->effects = arena_push(&s->memory, n, sizeof *s->effects);
    traces_make(s);
    find_hook(s);
    err_code rc = measure_quality(s, cached, e);
    if (!rc && s->n_targets)
        rc = measure_targets(s, cached, e);
    if (!rc && s->n_targets)
        rc = find_relatives(s, cached, e);
    if (!rc && !s->quality_missing)
        report_line(
            s->reporter,
            "effects    %d features; the SAE explains %.3f of the variance and recovers %.4f "
            "of the loss%s",
            s->n_targets, s->quality.explained_variance, s->quality.loss_recovered,
            *cached ? " (kept from before)" : "");
    return rc;
}
