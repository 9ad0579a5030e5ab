/* Lists of tokens, changes and relatives, and why some of them are missing. */
#include "pipeline/report_effects.h"
#include "base/memory.h"
#include "pipeline/report.h"
#include "pipeline/traces.h"
#include <math.h>

static void add_tokens(record_effects *x, study *s, const char *list, const ranked_token *tokens,
                       int n)
{
    for (int i = 0; i < n; i++)
        x->tokens[x->n_tokens++] = (record_effect_token){.list = list,
                                                         .token = report_token(s, tokens[i].id),
                                                         .id = tokens[i].id,
                                                         .value = tokens[i].value};
}

static const char *path_of(stream_reach reach)
{
    static const char *const names[] = {[REACH_NOTHING] = "",
                                        [REACH_STREAM] = "the residual stream itself",
                                        [REACH_ATTENTION] = "the output matrix of attention",
                                        [REACH_MLP] = "the last matrix of the mlp"};
    return names[reach];
}

static void fill_logits(record_effects *x, study *s, const logit_table *t)
{
    x->path = path_of(t->reach);
    if (s->effects_missing)
        x->no_table = s->effects_missing;
    else if (t->reach == REACH_NOTHING)
        x->no_table = arena_printf(&s->memory,
                                   "what is written at %s reaches the residual stream only through "
                                   "attention or a nonlinearity",
                                   s->effect_hook.name);
    else if (t->flat)
        x->no_table = "nothing of its decoder row is left behind the final norm";
    else
        x->no_table = "";
    if (*x->no_table)
        return;
    add_tokens(x, s, "raises", t->ends.highest, t->ends.n);
    add_tokens(x, s, "lowers", t->ends.lowest, t->ends.n);
    x->logits = (record_histogram){.edges = arena_push(&s->memory, LOGIT_BINS + 1, sizeof(double)),
                                   .n_edges = LOGIT_BINS + 1,
                                   .counts = arena_push(&s->memory, LOGIT_BINS, sizeof(double)),
                                   .n_counts = LOGIT_BINS};
    for (int i = 0; i <= LOGIT_BINS; i++)
        x->logits.edges[i] = t->least + (t->most - t->least) * i / LOGIT_BINS;
    for (int i = 0; i < LOGIT_BINS; i++)
        x->logits.counts[i] = (double)t->counts[i];
}

static void fill_read_in(record_effects *x, study *s, const token_ends *read_in)
{
    x->no_read_in = read_in->n ? ""
                               : arena_printf(&s->memory,
                                              "%s does not hold the residual stream, which begins "
                                              "as the token's embedding",
                                              s->hook.name);
    add_tokens(x, s, "reads", read_in->highest, read_in->n);
}

static void fill_changes(record_effects *x, study *s, const target_effects *t)
{
    static const char *const names[] = {[CHANGE_REMOVED] = "removed", [CHANGE_DOUBLED] = "doubled"};
    const causal_effect *c = &t->causal;
    x->no_runs = s->effects_missing                ? s->effects_missing
                 : s->config->effects.prompts == 0 ? "effects.prompts is 0"
                 : c->n_active == 0                ? "it is active nowhere on this data"
                                                   : "";
    if (*x->no_runs)
        return;
    x->n_prompts = c->n_prompts;
    x->n_active = c->n_active;
    x->n_active_losses = c->n_active_losses;
    x->n_later = c->n_later;
    x->n_later_losses = c->n_later_losses;
    add_tokens(x, s, "rose", c->moved.highest, c->moved.n);
    add_tokens(x, s, "fell", c->moved.lowest, c->moved.n);
    x->n_changes = EFFECT_CHANGES;
    x->changes = arena_push(&s->memory, EFFECT_CHANGES, sizeof *x->changes);
    int listed = *x->no_table ? 0 : t->logits.ends.n;
    for (int k = 0; k < EFFECT_CHANGES; k++) {
        const change_effect *from = &c->changes[k];
        x->changes[k] = (record_change){.name = names[k],
                                        .factor = change_factor((effect_change)k),
                                        .loss_active = from->loss_active,
                                        .loss_later = from->loss_later,
                                        .kl_active = from->kl_active,
                                        .kl_later = from->kl_later,
                                        .raised_right = from->raised_right,
                                        .lowered_right = from->lowered_right,
                                        .n_raised = listed,
                                        .n_lowered = listed,
                                        .rank_correlation = from->rank_correlation};
    }
}

/* Of the strongest contexts, which the report has by now. */
static void fill_traces(record_effects *x, study *s, const record_target *t, int target)
{
    int longest = prompts_longest(&s->prompts);
    const float *trace_RT = ROW(s->trace_CRT, target, EFFECT_TRACES * longest);
    if (*x->no_runs)
        return;
    x->n_traces = t->n_top < EFFECT_TRACES ? t->n_top : EFFECT_TRACES;
    x->traces = arena_push(&s->memory, EFFECT_TRACES, sizeof *x->traces);
    for (int i = 0; i < x->n_traces; i++) {
        const record_context *c = &t->top[i];
        const float *cost_T = ROW(trace_RT, i, longest) + c->start;
        double *costs = arena_push(&s->memory, (size_t)c->n_tokens, sizeof *costs);
        for (int k = 0; k < c->n_tokens; k++)
            costs[k] = (double)cost_T[k];
        x->traces[i] = (record_trace){.context = i, .costs = costs, .n_costs = c->n_tokens};
    }
}

/* Of the same contexts; the hook may hold one head alone. */
static record_attention attention_of(study *s, const record_context *c, int index,
                                     const float *part_T, const float *part_H)
{
    int n_heads = model_describe(s->model)->n_heads, only = s->hook.head;
    record_attention x = {.context = index,
                          .parts = arena_push(&s->memory, (size_t)c->n_tokens, sizeof(double)),
                          .n_parts = c->n_tokens,
                          .heads = arena_push(&s->memory, (size_t)n_heads, sizeof *x.heads)};
    for (int t = 0; t < c->start; t++)
        x.elsewhere += (double)part_T[t];
    for (int k = 0; k < c->n_tokens; k++)
        x.parts[k] = (double)part_T[c->start + k];
    for (int h = 0; h < n_heads; h++)
        if (only < 0 || h == only)
            x.heads[x.n_heads++] = (record_head){.head = h, .part = (double)part_H[h]};
    return x;
}

static void fill_attention(record_effects *x, study *s, const record_target *t, int target)
{
    int longest = prompts_longest(&s->prompts), n_heads = model_describe(s->model)->n_heads;
    if (!attention_is_read(&s->hook))
        return;
    const float *part_RT = ROW(s->attention_CRT, target, traces_parts(s)),
                *head_RH = ROW(s->head_CRH, target, traces_heads(s));
    x->n_attention = t->n_top < EFFECT_TRACES ? t->n_top : EFFECT_TRACES;
    x->attention = arena_push(&s->memory, EFFECT_TRACES, sizeof *x->attention);
    for (int i = 0; i < x->n_attention; i++)
        x->attention[i] =
            attention_of(s, &t->top[i], i, ROW(part_RT, i, longest), ROW(head_RH, i, n_heads));
}

static void fill_neurons(record_effects *x, study *s, const target_neurons *t)
{
    x->neurons = arena_push(&s->memory, (size_t)2 * NEURONS, sizeof *x->neurons);
    for (int i = 0; i < t->n_aligned; i++)
        x->neurons[x->n_neurons++] = (record_neuron){.list = "aligned",
                                                     .neuron = t->aligned[i].neuron,
                                                     .weight = t->aligned[i].weight,
                                                     .share = t->aligned[i].share,
                                                     .correlation = (double)NAN,
                                                     .cosine = (double)NAN};
    for (int i = 0; i < t->n_correlated; i++)
        x->neurons[x->n_neurons++] = (record_neuron){.list = "correlated",
                                                     .neuron = t->correlated[i].neuron,
                                                     .weight = (double)NAN,
                                                     .share = (double)NAN,
                                                     .correlation = t->correlated[i].correlation,
                                                     .cosine = t->correlated[i].cosine};
}

const char *relation_between(int64_t n_target, int64_t n_other, int64_t n_both, int64_t n_tokens,
                             double decoder_cosine)
{
    int64_t rarer = n_target < n_other ? n_target : n_other;
    int64_t commoner = n_target < n_other ? n_other : n_target;
    double both = (double)n_both;
    if (rarer < RECORD_RELATION_TOKENS || (double)commoner > QUALITY_DENSE * (double)n_tokens)
        return "";
    bool contains = both >= RECORD_MOSTLY * (double)n_target;
    bool inside = both >= RECORD_MOSTLY * (double)n_other;
    if (contains || inside)
        return contains && inside ? "same" : contains ? "contains" : "inside";
    bool apart =
        decoder_cosine >= RECORD_ALIKE && both <= (double)rarer - RECORD_MOSTLY * (double)rarer;
    return apart ? "apart" : "";
}

static void fill_relatives(record_effects *x, study *s, int target, const target_relatives *t)
{
    static const char *const names[] = {[BY_DECODER] = "decoder",
                                        [BY_ENCODER] = "encoder",
                                        [BY_JACCARD] = "jaccard",
                                        [BY_CORRELATION] = "correlation"};
    const collection *c = &s->collected;
    x->relatives = arena_push(&s->memory, (size_t)RESEMBLANCES * RELATIVES, sizeof *x->relatives);
    for (int by = 0; by < RESEMBLANCES; by++)
        for (int i = 0; i < t->n[by]; i++) {
            const relative *from = &t->list[by][i];
            int64_t n_other = c->stats_F[from->feature].n_active;
            x->relatives[x->n_relatives++] = (record_relative){
                .by = names[by],
                .feature = from->feature,
                .decoder_cosine = from->decoder_cosine,
                .encoder_cosine = from->encoder_cosine,
                .jaccard = from->jaccard,
                .correlation = from->correlation,
                .n_both = from->n_both,
                .n_active = n_other,
                .relation = relation_between(c->stats_F[target].n_active, n_other, from->n_both,
                                             c->n_tokens, from->decoder_cosine)};
        }
}

static record_sae_quality quality_of(const study *s)
{
    const sae_quality *q = &s->quality;
    return (record_sae_quality){.n_tokens = q->n_tokens,
                                .l0 = q->l0,
                                .n_dead = q->n_dead,
                                .n_dense = q->n_dense,
                                .no_runs = s->quality_missing ? s->quality_missing : "",
                                .hook = s->effect_hook.name,
                                .n_prompts = q->n_prompts,
                                .n_rows = q->n_rows,
                                .explained_variance = q->explained_variance,
                                .n_losses = q->n_losses,
                                .clean_loss = q->clean_loss,
                                .spliced_loss = q->spliced_loss,
                                .ablated_loss = q->ablated_loss,
                                .loss_recovered = q->loss_recovered};
}

void report_effects(record *r, study *s)
{
    if (!s->effects)
        return;
    r->sae_quality = quality_of(s);
    for (int i = 0; i < s->n_targets; i++) {
        record_effects *x = &r->targets[i].effects;
        const target_effects *t = &s->effects[i];
        *x = (record_effects){
            .hook = s->effect_hook.name,
            .n_vocabulary = s->tokens->n,
            .tokens = arena_push(&s->memory, (size_t)5 * END_TOKENS, sizeof *x->tokens)};
        fill_logits(x, s, &t->logits);
        fill_read_in(x, s, &t->read_in);
        fill_changes(x, s, t);
        fill_traces(x, s, &r->targets[i], i);
        fill_attention(x, s, &r->targets[i], i);
        fill_neurons(x, s, &t->neurons);
        fill_relatives(x, s, s->targets[i], &t->relatives);
    }
}
