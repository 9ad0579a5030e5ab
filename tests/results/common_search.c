/* The synthetic record's search for real tokens. */
#include "results/common_maker.h"
#include "base/memory.h"
#include "base/str.h"

enum { LENGTH = 10, MEMBERS = 8, FRONT = 9, ITERATIONS = 60 };
static const char *const PROVENANCES[] = {"data window", "beam", "relaxed", "random"};

static record_bytes joined(maker *m, const record_bytes *tokens, int n)
{
    str text = {0};
    for (int i = 0; i < n; i++)
        str_add_bytes(&text, tokens[i].bytes, (size_t)tokens[i].n);
    record_bytes out = {arena_strndup(m->a, str_text(&text), text.len), (int)text.len};
    str_release(&text);
    return out;
}

static record_sequence make_sequence(maker *m, int topic, const char *kind, const char *provenance,
                                     double ratio, double cross_entropy, int n)
{
    record_sequence s = {.kind = kind,
                         .provenance = provenance,
                         .retokenizes = true,
                         .pre_activation = ratio * 8,
                         .activation = fmax(0, ratio * 8),
                         .ratio = ratio,
                         .cross_entropy = cross_entropy,
                         .unlike_data = cross_entropy > 4.4,
                         .n_contexts = 16,
                         .kept_mean = topic == 1 ? 0.21 : maker_between(m, 0.6, 0.95),
                         .kept_least = maker_between(m, 0.1, 0.5),
                         .tokens = arena_push(m->a, (size_t)n, sizeof(record_bytes)),
                         .ids = arena_push(m->a, (size_t)n, sizeof(int)),
                         .activations = arena_push(m->a, (size_t)n, sizeof(double)),
                         .lost_most = arena_push(m->a, (size_t)n, sizeof(double)),
                         .lost_least = arena_push(m->a, (size_t)n, sizeof(double)),
                         .n_tokens = n};
    for (int i = 0; i < n; i++) {
        bool on = i == n - 1 || rng_below(&m->random, 3) > 0;
        s.tokens[i] = maker_token(m, on ? TOPICS[topic][rng_below(&m->random, 6)]
                                        : FILLERS[rng_below(&m->random, N_FILLERS)]);
        s.ids[i] = 300 + (int)rng_below(&m->random, 200);
        s.activations[i] = i == n - 1 ? s.activation
                           : on       ? maker_between(m, 0, 0.6) * s.activation
                                      : 0;
        s.lost_most[i] = i == n - 1 ? 1.2
                         : on       ? maker_between(m, 0.2, 0.9)
                                    : maker_between(m, 0, 0.2);
        s.lost_least[i] = i ? s.lost_most[i] * maker_between(m, 0, 0.6) : -0.01;
    }
    s.text = joined(m, s.tokens, n);
    return s;
}

static void make_sequences(record_search *s, maker *m, int topic)
{
    const record_chain *c = &s->chain;
    s->n_sequences = 6;
    s->sequences = arena_push(m->a, 6, sizeof *s->sequences);
    s->sequences[0] = make_sequence(m, topic, "warm", "data window", c->warm, 7.3, LENGTH);
    s->sequences[1] = make_sequence(m, topic, "cold", "beam", c->cold, 8.1, LENGTH - 2);
    s->sequences[2] = make_sequence(m, topic, "fluent", "data window", c->fluent, 3.9, LENGTH);
    s->sequences[3] = make_sequence(m, topic, "projected", "", c->projected, 9.6, LENGTH);
    s->sequences[4] = make_sequence(m, topic, "single_token", "", c->single_token, (double)NAN, 1);
    s->sequences[5] = make_sequence(m, topic, "data_window", "", c->data_window, 2.8, LENGTH);
}

static void make_restarts(record_search *s, maker *m)
{
    static const int kinds[MEMBERS] = {0, 0, 0, 1, 1, 2, 2, 3};
    s->restarts = arena_push(m->a, MEMBERS, sizeof *s->restarts);
    s->n_restarts = MEMBERS;
    for (int i = 0; i < MEMBERS; i++) {
        double start = kinds[i] ? maker_between(m, -0.2, 0.4) : maker_between(m, 0.7, 0.95);
        s->restarts[i] = (record_search_restart){.index = i,
                                                 .provenance = PROVENANCES[kinds[i]],
                                                 .first_ratio = start,
                                                 .ratio = start + maker_between(m, 0.1, 0.4),
                                                 .dead = i == MEMBERS - 1,
                                                 .n_shaken = i % 3,
                                                 .text = s->sequences[kinds[i] ? 1 : 0].text};
    }
}

void make_search(record_search *s, maker *m, int topic)
{
    double warm = maker_between(m, 1.02, 1.2), cold = maker_between(m, 0.7, 1.1);
    *s = (record_search){.effort = maker_text(m, "standard"),
                         .kind = topic % 2 ? "context" : "single token",
                         .unit = 8,
                         .chain = {1, 0.93, maker_between(m, 0.3, 0.9), 3.4, 0.17, 1.31, cold, warm,
                                   fmin(warm, cold)},
                         .hypervolume = 6.4,
                         .restart_spread = 0.12,
                         .near_best = 0.25,
                         .n_modes = 3,
                         .certified = topic != 1,
                         .sweep_tokens = 64,
                         .n_sweeps = 2,
                         .n_forwards = 41250,
                         .tflop = 0.083};
    make_sequences(s, m, topic);
    make_restarts(s, m);
    s->front = arena_push(m->a, FRONT, sizeof *s->front);
    s->n_front = FRONT;
    for (int i = 0; i < FRONT; i++)
        s->front[i] = (record_front_point){.ratio = warm * (1 - exp(-(i + 1) / 2.5)),
                                           .cross_entropy = 1.8 + 0.7 * i,
                                           .provenance = PROVENANCES[(i * 7 + topic) % 4],
                                           .text = s->sequences[i % 3].text};
    s->curve = arena_push(m->a, ITERATIONS, sizeof *s->curve);
    s->n_curve = ITERATIONS;
    for (int i = 0; i < ITERATIONS; i++)
        s->curve[i] = (record_search_step){i, cold * (1 - exp(-(i + 1) / 12.0)),
                                           warm - (warm - 0.9) * exp(-i / 9.0)};
}

void make_search_summary(record *r, maker *m)
{
    static record_ratio ratios[] = {
        {"data", 8, 1, 1, 1, 0},
        {"data_window", 8, 0.93, 0.93, 1, 0},
        {"single_token", 8, 0.55, 0.32, 0.125, 0},
        {"free", 8, 3.4, 3.4, 1, 1},
        {"projected", 8, 0.17, 0.17, 0, 0},
        {"relaxed", 8, 1.31, 1.31, 1, 1},
        {"cold", 8, 0.94, 0.74, 0.75, 0.375},
        {"warm", 8, 1.12, 1.03, 1, 1},
        {"fluent", 8, 0.93, 0.74, 0.75, 0.25},
    };
    static record_stratum strata[] = {
        {"density", "below 0.1%", 2, 1.17, 0.81, 0.8, 1},
        {"density", "0.1% to 1%", 4, 1.11, 0.95, 0.94, 1},
        {"density", "above 1%", 2, 1.05, 1.01, 0.98, 1},
        {"kind", "single token", 4, 1.08, 0.98, 0.97, 1},
        {"kind", "context", 4, 1.14, 0.83, 0.82, 1},
    };
    r->search = (record_search_summary){.effort = maker_text(m, "standard"),
                                        .length = LENGTH,
                                        .cross_entropy_mean = 2.9,
                                        .cross_entropy_limit = 4.4,
                                        .tflop_planned = 1.1,
                                        .tflop = 0.66,
                                        .n_starts = 64,
                                        .dead_starts = 1 / 8.0,
                                        .ratios = ratios,
                                        .n_ratios = COUNT_OF(ratios),
                                        .strata = strata,
                                        .n_strata = COUNT_OF(strata)};
}
