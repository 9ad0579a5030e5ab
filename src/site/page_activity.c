/* The parts of a feature's page that its active tokens tell: state, contexts, tokens, paths,
 * statistics. */
#include "base/memory.h"
#include "site/figures.h"
#include "site/pages.h"
#include "site/paths.h"
#include "site/show.h"
#include "site/tokens.h"

enum { FIRST_CONTEXTS = 6, SHOWN_TOKENS = 12 };

/* ---- contexts ---- */

void put_context(cJSON *row, page *p, const record_context *c, double maximum)
{
    arena *a = &p->memory;
    json_add_string(row, "activation", show_number(a, c->activations[c->peak]));
    json_add_string(row, "place", arena_printf(a, "%d:%d", c->prompt, c->start + c->peak));
    json_add_string(row, "tokens", context_mark(p, c, maximum));
}

static void put_contexts(page *p, const char *key, const record_context *list, int n,
                         double maximum)
{
    cJSON *rows = json_add_array(p->tree, key);
    for (int i = 0; i < n; i++)
        put_context(put_entry(rows), p, &list[i], maximum);
}

/* One row per context; the group's numbers stand in its first row. A group without contexts has a
 * row of numbers. */
static void put_groups(page *p, const char *key, const record_value_group *list, int n,
                       double maximum)
{
    arena *a = &p->memory;
    cJSON *rows = json_add_array(p->tree, key);
    for (int i = 0; i < n; i++) {
        const record_value_group *g = &list[i];
        for (int k = 0; k < g->n_contexts || k == 0; k++) {
            cJSON *row = put_entry(rows);
            json_add_string(row, "number", arena_printf(a, "%d", i + 1));
            json_add_string(row, "low", show_number(a, g->low));
            json_add_string(row, "high", show_number(a, g->high));
            json_add_string(row, "n_tokens", k ? "" : show_count(a, g->n_tokens));
            json_add_string(row, "n_prompts", k ? "" : show_count(a, g->n_prompts));
            json_add_bool(row, "has_context", k < g->n_contexts);
            if (k < g->n_contexts)
                put_context(row, p, &g->contexts[k], maximum);
        }
    }
}

static int count_contexts(const record_value_group *list, int n)
{
    int count = 0;
    for (int i = 0; i < n; i++)
        count += list[i].n_contexts;
    return count;
}

static void put_all_contexts(page *p, const record_target *t, double maximum)
{
    int first = t->n_top < FIRST_CONTEXTS ? t->n_top : FIRST_CONTEXTS;
    put_contexts(p, "top", t->top, first, maximum);
    put_contexts(p, "more", t->top + first, t->n_top - first, maximum);
    put_groups(p, "deciles", t->deciles, t->n_deciles, maximum);
    put_groups(p, "intervals", t->intervals, t->n_intervals, maximum);
    json_add_bool(p->tree, "has_top", t->n_top > 0);
    json_add_bool(p->tree, "has_more", t->n_top > first);
    json_add_bool(p->tree, "has_deciles", count_contexts(t->deciles, t->n_deciles) > 0);
    json_add_bool(p->tree, "has_intervals", t->n_intervals > 0);
    json_add_string(p->tree, "n_more", show_count(&p->memory, t->n_top - first));
    json_add_string(p->tree, "n_intervals", show_count(&p->memory, t->n_intervals));
}

/* ---- tokens ---- */

static void put_tokens(page *p, const record_target *t)
{
    arena *a = &p->memory;
    cJSON *rows = json_add_array(p->tree, "tokens");
    double share = 0;
    int shown = t->n_tokens < SHOWN_TOKENS ? t->n_tokens : SHOWN_TOKENS;
    for (int i = 0; i < shown; i++) {
        const record_token_stat *k = &t->tokens[i];
        cJSON *row = put_entry(rows);
        json_add_string(row, "token", show_token(a, k->token));
        json_add_string(row, "count", show_count(a, k->count));
        json_add_string(row, "occurrences", show_count(a, k->occurrences));
        json_add_string(row, "fires", show_share(a, k->fires));
        json_add_string(row, "fires_low", show_share(a, k->fires_low));
        json_add_string(row, "fires_high", show_share(a, k->fires_high));
        json_add_string(row, "share", show_share(a, k->share));
        json_add_string(row, "activation", show_number(a, k->activation));
        share += k->share;
    }
    json_add_bool(p->tree, "has_tokens", shown > 0);
    json_add_string(p->tree, "tokens_share", show_share(a, share));
}

static void put_position_bins(page *p, const record_target *t)
{
    arena *a = &p->memory;
    cJSON *rows = json_add_array(p->tree, "position_bins");
    for (int i = 0; i < t->n_position_bins; i++) {
        const record_position_bin *b = &t->position_bins[i];
        cJSON *row = put_entry(rows);
        json_add_string(row, "place",
                        b->first == b->last ? arena_printf(a, "%d", b->first)
                                            : arena_printf(a, "%d–%d", b->first, b->last));
        json_add_string(row, "n", show_count(a, b->n));
        json_add_string(row, "n_active", show_count(a, b->n_active));
        json_add_string(row, "density", show_share(a, b->density));
        json_add_string(row, "mean", show_number(a, b->mean));
    }
}

/* ---- statistics ---- */

/* What the reader must know before any number; the words are the template's. */
static void put_state(page *p, const record_target *t, const record_feature *f)
{
    arena *a = &p->memory;
    const record_run *run = &p->site->r->run;
    record_state state = record_state_of(f, t);
    cJSON *object = json_add_object(p->tree, "state");
    json_add_bool(p->tree, "alive", state != RECORD_DEAD);
    json_add_bool(object, "dead", state == RECORD_DEAD);
    json_add_bool(object, "constant", state == RECORD_CONSTANT);
    json_add_bool(object, "dense", state == RECORD_IS_DENSE);
    json_add_bool(object, "under_sampled", state == RECORD_UNDER_SAMPLED);
    json_add_string(object, "limit", show_share(a, RECORD_DENSE));
    json_add_string(object, "enough", show_count(a, RECORD_ENOUGH_PROMPTS));
    json_add_string(object, "density", show_share(a, f->density));
    json_add_string(object, "value", show_number(a, t->quantiles.most));
    json_add_string(p->tree, "density", show_share(a, f->density));
    json_add_string(p->tree, "n_active", show_count(a, f->n_active));
    json_add_string(p->tree, "n_tokens", show_count(a, run->data.n_tokens));
    json_add_string(p->tree, "n_active_prompts", show_count(a, t->quantiles.n_prompts));
    json_add_string(p->tree, "n_prompts", show_count(a, run->data.n_prompts));
}

static void put_statistics(page *p, const record_target *t, const record_feature *f)
{
    arena *a = &p->memory;
    const record_quantiles *q = &t->quantiles;
    const record_data *d = &p->site->r->run.data;
    const char *active = arena_printf(a, "of the %s active tokens", show_count(a, f->n_active));
    const char *all = arena_printf(a, "of all %s tokens", show_count(a, d->n_tokens));
    const char *prompts = arena_printf(a, "of %s prompts", show_count(a, d->n_prompts));
    const struct {
        const char *name, *value, *note;
    } rows[] = {
        {"density", show_share(a, f->density),
         arena_printf(a, "%s %s, with activation > 0", show_count(a, f->n_active), all)},
        {"active prompts", show_share(a, (double)q->n_prompts / (d->n_prompts ? d->n_prompts : 1)),
         arena_printf(a, "%s %s, with an active token", show_count(a, q->n_prompts), prompts)},
        {"prompts above", show_share(a, f->prompt_share),
         arena_printf(a, "%s, above activation_threshold", prompts)},
        {"entropy", show_number(a, f->entropy),
         arena_printf(a, "nats, of the activation over %s prompts", show_count(a, d->n_prompts))},
        {"mean", show_number(a, f->mean), all},
        {"mean when active", show_number(a, f->mean_active), active},
        {"least", show_number(a, q->least), active},
        {"tenth percentile", show_number(a, q->p10), active},
        {"median", show_number(a, q->median), active},
        {"90th percentile", show_number(a, q->p90), active},
        {"99th percentile", show_number(a, q->p99), active},
        {"maximum", show_number(a, f->max), active},
        {"variance", show_number(a, f->variance), active},
        {"skewness", show_number(a, f->skewness), active},
        {"kurtosis", show_number(a, f->kurtosis), active},
        {"threshold", show_number(a, t->threshold), "below it the SAE reports 0"},
    };
    cJSON *list = json_add_array(p->tree, "statistics");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cJSON *row = put_entry(list);
        json_add_string(row, "name", rows[i].name);
        json_add_string(row, "value", rows[i].value);
        json_add_string(row, "note", rows[i].note);
    }
}

err_code put_activity(page *p, const record_target *t, err *e)
{
    const record_feature *f = record_find_feature(p->site->r, t->id);
    bool histograms = false, profile = false;
    put_state(p, t, f);
    put_all_contexts(p, t, f->max);
    put_tokens(p, t);
    put_position_bins(p, t);
    put_statistics(p, t, f);
    json_add_bool(p->tree, "has_paths", put_paths(p, t));
    err_code rc = draw_activation(p, t, &histograms, &profile, e);
    json_add_bool(p->tree, "has_activation", histograms || profile);
    json_add_bool(p->tree, "has_histograms", histograms);
    json_add_bool(p->tree, "has_position_bins", profile);
    return rc;
}
