/* A target feature from the data's side: where and how strongly it is active. */
#include "base/memory.h"
#include "features/position_profile.h"
#include "features/quantiles.h"
#include "features/suffix_trie.h"
#include "features/token_shares.h"
#include "pipeline/report.h"
#include <math.h>

enum {
    TARGET_TOKENS = 20,
    HISTOGRAM_BINS = 40,
    PATH_OCCURRENCES = 10, /* active ones, of a path that is shown */
    TARGET_PATHS = 40
};
static const double PATH_GAIN = 0.1;

static void fill_quantiles(record_target *t, study *s, int target)
{
    activation_quantiles q = survey_quantiles(&s->surveyed, target);
    t->quantiles = (record_quantiles){.n = q.n,
                                      .n_prompts = q.n_prompts,
                                      .least = q.least,
                                      .p10 = q.p10,
                                      .median = q.median,
                                      .p90 = q.p90,
                                      .p99 = q.p99,
                                      .most = q.most};
}

static record_histogram empty_histogram(study *s, int bins)
{
    return (record_histogram){.edges = arena_push(&s->memory, (size_t)bins + 1, sizeof(double)),
                              .n_edges = bins + 1,
                              .counts = arena_push(&s->memory, (size_t)bins, sizeof(double)),
                              .n_counts = bins};
}

static void linear_histogram(record_target *t, study *s, int target)
{
    double max = s->collected.stats_F[t->id].max;
    if (!(max > 0))
        return;
    t->histogram = empty_histogram(s, HISTOGRAM_BINS);
    for (int i = 0; i <= HISTOGRAM_BINS; i++)
        t->histogram.edges[i] = max * i / HISTOGRAM_BINS;
    for (size_t i = 0; i < s->surveyed.n_active[target]; i++) {
        double share = (double)s->surveyed.active[target][i].value / max;
        int bin = (int)(share * HISTOGRAM_BINS);
        t->histogram.counts[bin < HISTOGRAM_BINS ? bin : HISTOGRAM_BINS - 1]++;
    }
}

/* The streamed bins between the first and the last that hold anything. */
static void log_histogram(record_target *t, study *s)
{
    const uint32_t *counts = s->collected.stats_F[t->id].histogram;
    int first = 0, last = STATS_BINS - 1;
    while (first < STATS_BINS && !counts[first])
        first++;
    while (last > first && !counts[last])
        last--;
    if (first == STATS_BINS)
        return;
    t->log_histogram = empty_histogram(s, last - first + 1);
    t->log_histogram.log_edges = true;
    for (int i = first; i <= last + 1; i++)
        t->log_histogram.edges[i - first] = stats_bin_edge(i);
    for (int i = first; i <= last; i++)
        t->log_histogram.counts[i - first] = counts[i];
}

static void fill_tokens(record_target *t, study *s, int target, const text_index *index)
{
    token_share *shares;
    int n = survey_token_shares(&shares, &s->surveyed, target, &s->prompts, index, &s->memory);
    t->n_tokens = n < TARGET_TOKENS ? n : TARGET_TOKENS;
    t->tokens = arena_push(&s->memory, (size_t)t->n_tokens + 1, sizeof *t->tokens);
    for (int i = 0; i < t->n_tokens; i++)
        t->tokens[i] = (record_token_stat){.token = report_token(s, shares[i].stat.token),
                                           .id = shares[i].stat.token,
                                           .count = shares[i].stat.n_active,
                                           .activation = shares[i].stat.mean,
                                           .occurrences = shares[i].n,
                                           .fires = shares[i].fires.value,
                                           .fires_low = shares[i].fires.low,
                                           .fires_high = shares[i].fires.high,
                                           .share = shares[i].share};
}

static void fill_trie(record_target *t, study *s, int target, const text_index *index)
{
    trie_options o = {.least_active = PATH_OCCURRENCES, .gain = PATH_GAIN, .most = TARGET_PATHS};
    trie_node *nodes;
    t->n_trie =
        survey_suffix_trie(&nodes, &s->surveyed, target, &s->prompts, index, &o, &s->memory);
    t->trie = arena_push(&s->memory, (size_t)t->n_trie + 1, sizeof *t->trie);
    for (int i = 0; i < t->n_trie; i++) {
        proportion fires = proportion_of(nodes[i].n_active, nodes[i].n);
        t->trie[i] = (record_trie_node){.depth = nodes[i].depth,
                                        .token = report_token(s, nodes[i].token),
                                        .id = nodes[i].token,
                                        .n = nodes[i].n,
                                        .n_active = nodes[i].n_active,
                                        .precision = fires.value,
                                        .low = fires.low,
                                        .high = fires.high,
                                        .mean = nodes[i].mean};
    }
}

static void fill_positions(record_target *t, study *s, int target, const text_index *index)
{
    position_bin *bins;
    t->n_position_bins =
        survey_positions(&bins, &s->surveyed, target, &s->prompts, index, &s->memory);
    t->position_bins =
        arena_push(&s->memory, (size_t)t->n_position_bins + 1, sizeof *t->position_bins);
    for (int i = 0; i < t->n_position_bins; i++) {
        const position_bin *b = &bins[i];
        t->position_bins[i] = (record_position_bin){
            .first = b->first,
            .last = b->last,
            .n = b->n,
            .n_active = b->n_active,
            .density = b->n ? (double)b->n_active / (double)b->n : (double)NAN,
            .mean = b->mean};
    }
}

record_context report_context(const feature_context *c, study *s)
{
    record_context out = {
        .prompt = c->prompt, .start = c->start, .peak = c->peak, .n_tokens = c->n_tokens};
    out.tokens = arena_push(&s->memory, (size_t)c->n_tokens, sizeof *out.tokens);
    out.activations = arena_push(&s->memory, (size_t)c->n_tokens, sizeof *out.activations);
    for (int i = 0; i < c->n_tokens; i++) {
        out.tokens[i] = report_token(s, prompts_tokens(&s->prompts, c->prompt)[c->start + i]);
        out.activations[i] = (double)c->activations[i];
    }
    return out;
}

static record_context *contexts_of(const feature_context *list, int n, study *s)
{
    record_context *out = arena_push(&s->memory, (size_t)n + 1, sizeof *out);
    for (int i = 0; i < n; i++)
        out[i] = report_context(&list[i], s);
    return out;
}

static record_value_group *groups_of(const context_group *list, int n, study *s)
{
    record_value_group *out = arena_push(&s->memory, (size_t)n + 1, sizeof *out);
    for (int i = 0; i < n; i++)
        out[i] =
            (record_value_group){.low = list[i].low,
                                 .high = list[i].high,
                                 .n_prompts = list[i].n_prompts,
                                 .n_tokens = list[i].n_tokens,
                                 .contexts = contexts_of(list[i].contexts, list[i].n_contexts, s),
                                 .n_contexts = list[i].n_contexts};
    return out;
}

static void fill_contexts(record_target *t, study *s, int target)
{
    context_options o = study_context_options(s);
    feature_context *top;
    context_group *deciles, *intervals;
    t->n_top = survey_top_contexts(&top, &s->surveyed, target, &s->prompts, &o, &s->memory);
    t->top = contexts_of(top, t->n_top, s);
    t->n_deciles = survey_deciles(&deciles, &s->surveyed, target, &s->prompts, &o, &s->memory);
    t->deciles = groups_of(deciles, t->n_deciles, s);
    t->n_intervals =
        survey_intervals(&intervals, &s->surveyed, target, &s->prompts, &o, &s->memory);
    t->intervals = groups_of(intervals, t->n_intervals, s);
}

void report_activity(record_target *t, study *s, int target, const text_index *index)
{
    fill_quantiles(t, s, target);
    linear_histogram(t, s, target);
    log_histogram(t, s);
    fill_tokens(t, s, target, index);
    fill_trie(t, s, target, index);
    fill_positions(t, s, target, index);
    fill_contexts(t, s, target);
}
