/* Pairs first, then what they say together. */
#include "compare/stability.h"
#include "base/memory.h"
#include "compare/agreement.h"
#include "compare/parts.h"
#include "compare/summary.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

over_runs over_runs_of(const double *values, int n)
{
    over_runs s = {.mean = (double)NAN, .least = (double)NAN, .most = (double)NAN};
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++) {
        if (isnan(values[i]))
            continue;
        s.least = s.n ? fmin(s.least, values[i]) : values[i];
        s.most = s.n ? fmax(s.most, values[i]) : values[i];
        sum += values[i];
        s.n++;
    }
    /* Equal values have no deviation, however their sum was rounded. */
    s.mean = !s.n ? (double)NAN : s.least == s.most ? s.least : sum / s.n;
    for (int i = 0; i < n; i++)
        squares += isnan(values[i]) ? 0 : (values[i] - s.mean) * (values[i] - s.mean);
    s.deviation = s.n > 1 ? sqrt(squares / (s.n - 1)) : (double)NAN;
    return s;
}

/* ---- settings and metrics -----------------------------------------------------------------------
 */

/* NULL: the run does not have it. */
static const char *setting_of(const record *r, const char *group, const char *key)
{
    const record_config *c = find_setting(&r->run, group, key);
    return !c ? NULL : c->value ? c->value : "";
}

static bool has_setting(const stability *s, const setting_pair *wanted)
{
    for (int i = 0; i < s->n_settings; i++)
        if (!strcmp(s->settings[i].group, wanted->group) &&
            !strcmp(s->settings[i].key, wanted->key))
            return true;
    return false;
}

/* Settings that a run does not share with the first. */
static void add_settings(stability *s, const comparison *c, arena *memory)
{
    for (int i = 0; i < c->n_config; i++) {
        const setting_pair *from = &c->config[i];
        if (has_setting(s, from))
            continue;
        stable_setting *to = &s->settings[s->n_settings++];
        *to = (stable_setting){.group = from->group, .key = from->key, .unit = from->unit};
        to->value_R = arena_push(memory, (size_t)s->R, sizeof *to->value_R);
        for (int r = 0; r < s->R; r++)
            to->value_R[r] = setting_of(s->runs[r], from->group, from->key);
    }
}

static double relative_deviation(const stable_metric *m)
{
    double size = fabs(m->spread.mean);
    return isnan(m->spread.deviation) ? 0
           : size > 0                 ? m->spread.deviation / size
           : m->spread.deviation > 0  ? HUGE_VAL
                                      : 0;
}

static int by_deviation(const void *left, const void *right)
{
    const stable_metric *x = left, *y = right;
    double a = relative_deviation(x), b = relative_deviation(y);
    return a != b ? (a > b ? -1 : 1) : strcmp(x->name, y->name);
}

static stable_metric *find_metric(stability *s, const char *name)
{
    for (int i = 0; i < s->n_metrics; i++)
        if (!strcmp(s->metrics[i].name, name))
            return &s->metrics[i];
    return NULL;
}

static void add_metric(stability *s, const record_metric *m, int run, arena *memory)
{
    stable_metric *to = find_metric(s, m->name);
    if (!to) {
        to = &s->metrics[s->n_metrics++];
        *to = (stable_metric){.name = m->name, .unit = m->unit, .better = m->better};
        to->value_R = arena_push(memory, (size_t)s->R, sizeof *to->value_R);
        for (int r = 0; r < s->R; r++)
            to->value_R[r] = (double)NAN;
    }
    to->value_R[run] = m->value;
}

static void gather_metrics(stability *s, arena *memory)
{
    int *n_R = arena_push(memory, (size_t)s->R, sizeof *n_R);
    const record_metric **list_R = arena_push(memory, (size_t)s->R, sizeof *list_R);
    size_t room = 1;
    for (int r = 0; r < s->R; r++) {
        list_R[r] = record_headlines(&n_R[r], s->runs[r], memory);
        room += (size_t)n_R[r];
    }
    s->metrics = arena_push(memory, room, sizeof *s->metrics);
    for (int r = 0; r < s->R; r++)
        for (int i = 0; i < n_R[r]; i++)
            if (!isnan(list_R[r][i].value))
                add_metric(s, &list_R[r][i], r, memory);
    for (int i = 0; i < s->n_metrics; i++)
        s->metrics[i].spread = over_runs_of(s->metrics[i].value_R, s->R);
    if (s->n_metrics)
        qsort(s->metrics, (size_t)s->n_metrics, sizeof *s->metrics, by_deviation);
}

/* ---- means of agreements ------------------------------------------------------------------------
 */

typedef struct running_mean {
    double sum;
    int n;
} running_mean;

static void add_agreement(running_mean *m, agreement *of, const record_target *a,
                          const record_target *b)
{
    double value = a && b ? of(a, b) : (double)NAN;
    m->sum += isnan(value) ? 0 : value;
    m->n += !isnan(value);
}

static double mean_of(const running_mean *m)
{
    return m->n ? m->sum / m->n : (double)NAN;
}

/* Over the features that both runs chose. */
static double mean_agreement(const comparison *c, agreement *of)
{
    running_mean m = {0};
    for (int i = 0; i < c->n_targets; i++)
        add_agreement(&m, of, c->targets[i].a, c->targets[i].b);
    return mean_of(&m);
}

/* ---- pairs --------------------------------------------------------------------------------------
 */

static run_pair pair_of(const comparison *c, int i, int j)
{
    run_pair p = {.i = i,
                  .j = j,
                  .same = c->same,
                  .matched = c->matched,
                  .by_decoder = c->by_decoder,
                  .mcc = c->decoders.mcc,
                  .rand_index = c->clusters.rand_index,
                  .tokens = mean_agreement(c, shared_tokens),
                  .words = mean_agreement(c, shared_words),
                  .same_rule = mean_agreement(c, same_rule)};
    for (int k = 0; k < c->n_targets; k++)
        p.n_shared += c->targets[k].a && c->targets[k].b;
    p.chosen = c->n_targets ? (double)p.n_shared / c->n_targets : (double)NAN;
    return p;
}

/* What the first run's clusters are in another. */
static void follow_clusters(stability *s, const comparison *c)
{
    const cluster_pairs *p = &c->clusters;
    for (int i = 0; i < p->n_cells; i++) {
        int a = p->cells[i].a, b = p->cells[i].b, both = p->cells[i].n;
        if (p->of_a[a] != b)
            continue;
        int either = c->a->clusters[a].size + c->b->clusters[b].size - both;
        s->clusters[a].n_runs++;
        s->clusters[a].jaccard += either > 0 ? (double)both / either : 0;
    }
}

/* What the first run's targets are in run `other`. */
static void follow_targets(stability *s, const comparison *c, int other)
{
    const record *first = s->runs[0];
    for (int i = 0; i < c->n_targets; i++)
        if (c->targets[i].a && c->targets[i].b) {
            stable_target *t = &s->targets[c->targets[i].a - first->targets];
            t->of_R[other] = c->targets[i].b;
            t->n_runs++;
        }
}

/* Why not all could be compared: of the first two runs that differ so, of which nothing could be
 * matched if there are such. */
static void keep_limits(stability *s, const comparison *c, const run_pair *p, arena *memory)
{
    bool compared = p->matched || p->by_decoder;
    if (!*s->limits || (!compared && s->comparable)) {
        const char *limits = comparison_limits(c, memory);
        if (*limits)
            s->limits = arena_printf(memory, "Of run %d (A) and run %d (B): %s", p->i + 1, p->j + 1,
                                     limits);
    }
    s->comparable &= compared;
}

/* Memory for the comparison itself is given back after each pair. */
static void compare_pairs(stability *s, double tolerance, arena *memory)
{
    for (int i = 0; i < s->R; i++)
        for (int j = i + 1; j < s->R; j++) {
            arena scratch = {0};
            comparison c;
            comparison_make(&c, s->runs[i], s->runs[j], tolerance, &scratch);
            run_pair *p = &s->pairs[s->n_pairs++];
            *p = pair_of(&c, i, j);
            s->same &= p->same;
            s->matched &= p->matched;
            keep_limits(s, &c, p, memory);
            if (i == 0 && p->matched)
                follow_clusters(s, &c);
            if (i == 0) {
                follow_targets(s, &c, j);
                add_settings(s, &c, memory);
            }
            arena_release(&scratch);
        }
}

static void summarise_pairs(stability *s)
{
    size_t n = (size_t)s->n_pairs;
    double *values = mem_small(n, sizeof *values);
    const struct {
        over_runs *to;
        size_t from;
    } rows[] = {{&s->rand_index, offsetof(run_pair, rand_index)},
                {&s->mcc, offsetof(run_pair, mcc)},
                {&s->chosen, offsetof(run_pair, chosen)},
                {&s->tokens, offsetof(run_pair, tokens)},
                {&s->words, offsetof(run_pair, words)},
                {&s->same_rule, offsetof(run_pair, same_rule)}};
    for (size_t k = 0; k < COUNT_OF(rows); k++) {
        for (size_t i = 0; i < n; i++)
            memcpy(&values[i], (const char *)&s->pairs[i] + rows[k].from, sizeof *values);
        *rows[k].to = over_runs_of(values, s->n_pairs);
    }
    mem_free(values);
}

/* ---- features -----------------------------------------------------------------------------------
 */

static double mean_over_pairs(const stable_target *t, int R, agreement *of)
{
    running_mean m = {0};
    for (int i = 0; i < R; i++)
        for (int j = i + 1; j < R; j++)
            add_agreement(&m, of, t->of_R[i], t->of_R[j]);
    return mean_of(&m);
}

static void conclude_target(stable_target *t, int R)
{
    double *warm = mem_small((size_t)R, sizeof *warm), *f1 = mem_small((size_t)R, sizeof *f1);
    for (int r = 0; r < R; r++) {
        f1[r] = target_figure(t->of_R[r], 0);
        warm[r] = target_figure(t->of_R[r], 1);
    }
    t->warm = over_runs_of(warm, R);
    t->rule_f1 = over_runs_of(f1, R);
    t->tokens = mean_over_pairs(t, R, shared_tokens);
    t->words = mean_over_pairs(t, R, shared_words);
    t->same_rule = mean_over_pairs(t, R, same_rule);
    mem_free(f1);
    mem_free(warm);
}

static int by_runs(const void *left, const void *right)
{
    const stable_target *x = left, *y = right;
    return x->n_runs != y->n_runs ? y->n_runs - x->n_runs : x->id - y->id;
}

static void add_target(stability *s, int id, arena *memory)
{
    stable_target *t = &s->targets[s->n_targets++];
    *t = (stable_target){.id = id};
    t->of_R = arena_push(memory, (size_t)s->R, sizeof *t->of_R);
}

/* The first run's, before any other is looked at. */
static void begin_targets(stability *s, arena *memory)
{
    size_t room = 1;
    for (int r = 0; r < s->R; r++)
        room += (size_t)s->runs[r]->n_targets;
    s->targets = arena_push(memory, room, sizeof *s->targets);
    for (int i = 0; i < s->runs[0]->n_targets; i++) {
        add_target(s, s->runs[0]->targets[i].id, memory);
        s->targets[i].of_R[0] = &s->runs[0]->targets[i];
        s->targets[i].n_runs = 1;
    }
}

static stable_target *find_target(stability *s, int id, arena *memory)
{
    for (int i = 0; i < s->n_targets; i++)
        if (s->targets[i].id == id)
            return &s->targets[i];
    add_target(s, id, memory);
    return &s->targets[s->n_targets - 1];
}

/* In one dictionary also those that the first run did not choose. */
static void gather_targets(stability *s, arena *memory)
{
    for (int r = 1; r < s->R && s->matched; r++)
        for (int i = 0; i < s->runs[r]->n_targets; i++) {
            stable_target *t = find_target(s, s->runs[r]->targets[i].id, memory);
            t->n_runs += !t->of_R[r];
            t->of_R[r] = &s->runs[r]->targets[i];
        }
    for (int i = 0; i < s->n_targets; i++) {
        conclude_target(&s->targets[i], s->R);
        s->n_in_all += s->targets[i].n_runs == s->R;
    }
    if (s->n_targets)
        qsort(s->targets, (size_t)s->n_targets, sizeof *s->targets, by_runs);
}

void stability_make(stability *out, const record *const *runs, int R, double tolerance,
                    arena *memory)
{
    *out = (stability){
        .R = R, .runs = runs, .same = true, .matched = true, .comparable = true, .limits = ""};
    int n = runs[0]->n_clusters;
    size_t settings = 1;
    for (int r = 0; r < R; r++)
        settings += (size_t)runs[r]->run.n_config;
    out->settings = arena_push(memory, settings, sizeof *out->settings);
    out->pairs = arena_push(memory, (size_t)R * (size_t)(R - 1) / 2, sizeof *out->pairs);
    out->clusters = arena_push(memory, (size_t)n + 1, sizeof *out->clusters);
    for (int i = 0; i < n; i++)
        out->clusters[i].index = i;
    begin_targets(out, memory);
    compare_pairs(out, tolerance, memory);
    gather_metrics(out, memory);
    summarise_pairs(out);
    if (out->comparable)
        gather_targets(out, memory);
    else
        out->n_targets = 0;
    if (!out->matched)
        return;
    out->n_clusters = n;
    for (int i = 0; i < n; i++)
        out->clusters[i].jaccard = out->clusters[i].n_runs
                                       ? out->clusters[i].jaccard / out->clusters[i].n_runs
                                       : (double)NAN;
}

/* ---- words --------------------------------------------------------------------------------------
 */

enum { MENTIONED_SETTINGS = 4 };
/* A metric varies much when its deviation is above this share of its mean. */
static const double MUCH = 0.1;

static void add_difference(str *out, const stability *s)
{
    str_addf(out, "%d runs", s->R);
    if (!s->n_settings)
        str_add(out, " with the same settings");
    else if (s->n_settings > MENTIONED_SETTINGS)
        str_addf(out, " that differ in %d settings", s->n_settings);
    for (int i = 0; i < s->n_settings && s->n_settings <= MENTIONED_SETTINGS; i++)
        str_addf(out, "%s%s.%s", i ? ", " : " that differ in ", s->settings[i].group,
                 s->settings[i].key);
    str_add(out, ".");
}

const char *stability_verdict(const stability *s, arena *a)
{
    str out = {0};
    int vary = 0;
    add_difference(&out, s);
    if (s->same) {
        str_add(&out, " Nothing in them differs.");
        return str_into(&out, a);
    }
    for (int i = 0; i < s->n_metrics; i++)
        vary += relative_deviation(&s->metrics[i]) > MUCH;
    str_addf(&out, " %d of %d metrics vary by more than a tenth of their mean.", vary,
             s->n_metrics);
    if (isfinite(s->rand_index.mean))
        str_addf(&out, " Clusters agree with an adjusted Rand index of %.2f (%.2f to %.2f).",
                 s->rand_index.mean, s->rand_index.least, s->rand_index.most);
    if (s->n_targets)
        str_addf(&out,
                 s->matched ? " Of the %d features that a run chose, %d were chosen by all."
                            : " Of the %d features that the first run chose, %d have a fellow "
                              "among those of every other.",
                 s->n_targets, s->n_in_all);
    if (isfinite(s->mcc.mean))
        str_addf(&out,
                 " Between two dictionaries the PW-MCC of the chosen features is %.2f (%.2f to "
                 "%.2f).",
                 s->mcc.mean, s->mcc.least, s->mcc.most);
    if (isfinite(s->tokens.mean))
        str_addf(&out,
                 " Where two runs chose the same feature, their best sequences share %.0f%% of "
                 "their tokens",
                 100 * s->tokens.mean);
    if (isfinite(s->tokens.mean) && isfinite(s->words.mean))
        str_addf(&out, ", their rules %.0f%% of their words", 100 * s->words.mean);
    if (isfinite(s->tokens.mean))
        str_add(&out, ".");
    return str_into(&out, a);
}
