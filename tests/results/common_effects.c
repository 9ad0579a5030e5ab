/* The synthetic record's effects on the output, relatives and quality of the SAE. */
#include "base/memory.h"
#include "results/common_maker.h"

enum { LISTED = 10, BINS = 40 };

static void add_tokens(record_effects *x, maker *m, const char *list, int topic, double first,
                       double step)
{
    for (int i = 0; i < LISTED; i++)
        x->tokens[x->n_tokens++] =
            (record_effect_token){.list = list,
                                  .token = maker_token(m, i < 6 ? TOPICS[topic][i] : FILLERS[i]),
                                  .id = 300 + 10 * topic + i,
                                  .value = first + step * i};
}

static void make_logits(record_histogram *h, maker *m)
{
    *h = (record_histogram){false, arena_push(m->a, BINS + 1, sizeof(double)), BINS + 1,
                            arena_push(m->a, BINS, sizeof(double)), BINS};
    for (int i = 0; i <= BINS; i++)
        h->edges[i] = -4 + 0.25 * i;
    for (int i = 0; i < BINS; i++)
        h->counts[i] = floor(200 * exp(-(i - 16) * (i - 16) / 40.0));
}

static void make_changes(record_effects *x, maker *m, int topic)
{
    static const record_change changes[] = {
        {"removed", 0, 0.21, 0.004, 0.34, 0.006, 9, 10, LISTED, LISTED, 0.61},
        {"doubled", 2, 0.05, 0.001, 0.12, 0.002, 10, 8, LISTED, LISTED, 0.72}};
    x->n_prompts = 12;
    x->n_active = 58;
    x->n_active_losses = 55;
    x->n_later = 660;
    x->n_later_losses = 651;
    x->n_changes = COUNT_OF(changes);
    x->changes = arena_push(m->a, COUNT_OF(changes), sizeof *x->changes);
    for (int i = 0; i < x->n_changes; i++) {
        x->changes[i] = changes[i];
        if (topic == 1) /* hardly any effect */
            x->changes[i].kl_active /= 1000;
        if (topic == 2) { /* the table does not hold, and nothing carries the change on */
            x->changes[i].raised_right = x->changes[i].lowered_right = 4;
            x->changes[i].kl_later = x->changes[i].loss_later = 0;
        }
    }
}

static void make_relatives(record_effects *x, maker *m, int topic, int n_features)
{
    static const char *const lists[] = {"decoder", "encoder", "jaccard", "correlation"};
    static const char *const relations[] = {"", "inside", "contains", "apart", "same"};
    enum { EACH = 5 };
    x->n_relatives = 4 * EACH;
    x->relatives = arena_push(m->a, (size_t)x->n_relatives, sizeof *x->relatives);
    for (int i = 0; i < x->n_relatives; i++)
        x->relatives[i] = (record_relative){.by = lists[i / EACH],
                                            .feature = (100 * topic + 37 * (i % 13)) % n_features,
                                            .decoder_cosine = 0.9 - 0.04 * i,
                                            .encoder_cosine = 0.7 - 0.03 * i,
                                            .jaccard = i == 3 ? (double)NAN : 0.5 / (i + 1),
                                            .correlation = 0.6 - 0.02 * i,
                                            .n_both = 40 * i,
                                            .n_active = 1000 + i,
                                            .relation = relations[topic ? i % 5 : 0]};
}

/* One token harder, one easier, the others as they were. */
static void make_traces(record_effects *x, maker *m, const record_context *top)
{
    x->n_traces = 2;
    x->traces = arena_push(m->a, 2, sizeof *x->traces);
    for (int i = 0; i < 2; i++) {
        double *costs = arena_push(m->a, (size_t)top[i].n_tokens, sizeof *costs);
        costs[top[i].n_tokens - 1] = 0.5;
        costs[0] = -0.25;
        x->traces[i] = (record_trace){i, costs, top[i].n_tokens};
    }
}

/* The token before the peak brings most, the first holds back; of ten heads, two bring nothing. The
 * second context has twice the parts. */
static void make_attention(record_effects *x, maker *m, const record_context *top)
{
    static const double heads[] = {0.25, 1, 0.0625, 1.5, 0.0625, 0.0625, 0.0625, -0.5, 0, 0};
    x->n_attention = 2;
    x->attention = arena_push(m->a, 2, sizeof *x->attention);
    for (int i = 0; i < 2; i++) {
        double scale = i + 1, *parts = arena_push(m->a, (size_t)top[i].n_tokens, sizeof *parts);
        parts[0] = -0.25 * scale;
        parts[top[i].peak - 1] = 2 * scale;
        parts[top[i].peak] = 0.5 * scale;
        record_attention *a = &x->attention[i];
        *a = (record_attention){.context = i,
                                .parts = parts,
                                .n_parts = top[i].n_tokens,
                                .elsewhere = 0.25 * scale,
                                .heads = arena_push(m->a, COUNT_OF(heads), sizeof *a->heads),
                                .n_heads = COUNT_OF(heads)};
        for (int h = 0; h < a->n_heads; h++)
            a->heads[h] = (record_head){h, heads[h] * scale};
    }
}

static void make_neurons(record_effects *x, maker *m)
{
    static const record_neuron neurons[] = {
        {"aligned", 7, -0.61, 0.125, (double)NAN, (double)NAN},
        {"aligned", 30, 0.22, 0.045, (double)NAN, (double)NAN},
        {"correlated", 30, (double)NAN, (double)NAN, 0.43, 0.51},
        {"correlated", 2, (double)NAN, (double)NAN, -0.38, -0.02}};
    x->n_neurons = COUNT_OF(neurons);
    x->neurons = arena_push(m->a, COUNT_OF(neurons), sizeof *x->neurons);
    for (int i = 0; i < x->n_neurons; i++)
        x->neurons[i] = neurons[i];
}

void make_effects(record_effects *x, maker *m, int topic, int n_features, const record_context *top)
{
    bool table = topic != 3, runs = topic != 4;
    *x = (record_effects){.hook = maker_text(m, "blocks.2.hook_resid_post"),
                          .path = table ? maker_text(m, "the residual stream itself") : "",
                          .no_table = table ? "" : maker_text(m, "it is behind a nonlinearity"),
                          .no_read_in = topic == 5 ? maker_text(m, "it reads no stream") : "",
                          .no_runs = runs ? "" : maker_text(m, "effects.prompts is 0"),
                          .n_vocabulary = 1890,
                          .tokens = arena_push(m->a, (size_t)5 * LISTED, sizeof *x->tokens)};
    if (table) {
        add_tokens(x, m, "raises", topic, 9, -0.5);
        add_tokens(x, m, "lowers", (topic + 1) % N_TOPICS, -6, 0.25);
        make_logits(&x->logits, m);
    }
    if (topic != 5)
        add_tokens(x, m, "reads", topic, 0.5, -0.0625);
    if (runs) {
        add_tokens(x, m, "rose", topic, 0.25, -0.015625);
        add_tokens(x, m, "fell", (topic + 2) % N_TOPICS, -0.125, 0.0078125);
        make_changes(x, m, topic);
        make_traces(x, m, top);
    }
    if (topic != 5)
        make_attention(x, m, top);
    make_neurons(x, m);
    make_relatives(x, m, topic, n_features);
}

record_sae_quality make_sae_quality(maker *m)
{
    return (record_sae_quality){.n_tokens = 58213,
                                .l0 = 32.4,
                                .n_dead = 49,
                                .n_dense = 3,
                                .no_runs = "",
                                .hook = maker_text(m, "blocks.2.hook_resid_post"),
                                .n_prompts = 200,
                                .n_rows = 17833,
                                .explained_variance = 0.957,
                                .n_losses = 17800,
                                .clean_loss = 2.046,
                                .spliced_loss = 2.11,
                                .ablated_loss = 8.8,
                                .loss_recovered = 0.9905};
}
