/* What the search for real tokens found, as values of the pages. */
#include "site/chain.h"
#include "site/figures.h"
#include "site/pages.h"
#include "site/show.h"
#include <string.h>

/* Less than this share left behind other text: what was found is an artefact of its place. */
static const double FRAGILE = 0.3;

/* A ratio as the text of a section that is left out when there is none. */
static const char *ratio_or_none(arena *a, double value)
{
    return isfinite(value) ? show_ratio(a, value) : "";
}

static void put_sequence_tokens(cJSON *object, page *p, const record_sequence *s)
{
    arena *a = &p->memory;
    cJSON *rows = json_add_array(object, "pieces");
    for (int i = 0; i < s->n_tokens; i++) {
        cJSON *row = put_entry(rows);
        json_add_string(row, "token", show_token(a, s->tokens[i]));
        json_add_string(row, "activation", show_number(a, s->activations[i]));
        json_add_string(row, "lost_most", show_share(a, s->lost_most[i]));
        json_add_string(row, "lost_least", show_share(a, s->lost_least[i]));
    }
}

static void put_sequence_values(cJSON *object, page *p, const record_sequence *s)
{
    const record_search_summary *all = &p->site->r->search;
    arena *a = &p->memory;
    json_add_string(object, "label", chain_label(a, s->kind));
    put_text(object, "provenance", a, s->provenance);
    json_add_string(object, "text", show_prose(a, s->text));
    json_add_bool(object, "retokenizes", s->retokenizes);
    json_add_string(object, "pre_activation", show_number(a, s->pre_activation));
    json_add_string(object, "activation", show_number(a, s->activation));
    json_add_bool(object, "has_ratio", isfinite(s->ratio));
    json_add_string(object, "ratio", show_ratio(a, s->ratio));
    json_add_string(object, "cross_entropy", show_number(a, s->cross_entropy));
    json_add_bool(object, "has_cross_entropy", isfinite(s->cross_entropy));
    json_add_bool(object, "unlike_data", s->unlike_data);
    json_add_string(object, "limit", show_number(a, all->cross_entropy_limit));
    json_add_bool(object, "fragile", s->n_contexts > 0 && s->kept_mean < FRAGILE);
    json_add_bool(object, "has_contexts", s->n_contexts > 0);
    json_add_string(object, "n_contexts", show_count(a, s->n_contexts));
    json_add_string(object, "kept_mean", show_share(a, s->kept_mean));
    json_add_string(object, "kept_least", show_share(a, s->kept_least));
}

/* One of the three sequences the page is about, with its strip. */
static void put_found(cJSON *object, page *p, const record_target *t, const char *kind,
                      strip_list *strips)
{
    const record_sequence *s = record_find_sequence(&t->search, kind);
    if (!s || !s->n_tokens) {
        json_add_bool(object, kind, false);
        return;
    }
    cJSON *found = json_add_object(object, kind);
    json_add_string(found, "key", kind);
    put_sequence_values(found, p, s);
    put_sequence_tokens(found, p, s);
    sequence_strip(strips, p, kind, chain_label(&p->memory, kind), s);
}

static const char *const FOUND[] = {"warm", "cold", "fluent"};

static bool is_found(const record_sequence *s)
{
    for (size_t i = 0; i < sizeof FOUND / sizeof *FOUND; i++)
        if (s->kind && !strcmp(s->kind, FOUND[i]))
            return true;
    return false;
}

static bool any_found(const record_search *s)
{
    bool any = false;
    for (int i = 0; i < s->n_sequences; i++)
        any |= is_found(&s->sequences[i]) && s->sequences[i].n_tokens > 0;
    return any;
}

static void put_other_sequences(cJSON *object, page *p, const record_search *s)
{
    cJSON *rows = json_add_array(object, "other_sequences");
    int n = 0;
    for (int i = 0; i < s->n_sequences; i++) {
        if (is_found(&s->sequences[i]))
            continue;
        cJSON *row = put_entry(rows);
        put_sequence_values(row, p, &s->sequences[i]);
        json_add_string(row, "strip", sequence_mark(p, &s->sequences[i]));
        n++;
    }
    json_add_bool(object, "has_other_sequences", n > 0);
}

static void put_chain(cJSON *object, page *p, const record_chain *c)
{
    int n;
    const chain_bar *bars = chain_bars(&n);
    cJSON *chain = json_add_object(object, "chain");
    for (int i = 0; i < n; i++)
        json_add_string(chain, bars[i].name, ratio_or_none(&p->memory, chain_value(c, &bars[i])));
}

static void put_search_restarts(cJSON *object, page *p, const record_search *s)
{
    arena *a = &p->memory;
    cJSON *rows = json_add_array(object, "restarts");
    int dead = 0;
    for (int i = 0; i < s->n_restarts; i++) {
        const record_search_restart *x = &s->restarts[i];
        cJSON *row = put_entry(rows);
        json_add_string(row, "index", arena_printf(a, "%d", x->index));
        put_text(row, "provenance", a, x->provenance);
        json_add_string(row, "first_ratio", show_ratio(a, x->first_ratio));
        json_add_string(row, "ratio", show_ratio(a, x->ratio));
        json_add_bool(row, "dead", x->dead);
        json_add_string(row, "shaken", show_count(a, x->n_shaken));
        json_add_string(row, "text", show_prose(a, x->text));
        dead += x->dead;
    }
    json_add_bool(object, "has_restarts", s->n_restarts > 0);
    json_add_string(object, "n_restarts", show_count(a, s->n_restarts));
    json_add_string(object, "n_dead", show_count(a, dead));
    json_add_string(object, "spread", show_share(a, s->restart_spread));
    json_add_string(object, "near_best", show_share(a, s->near_best));
    json_add_string(object, "n_modes", show_count(a, s->n_modes));
}

static void put_search_values(cJSON *object, page *p, const record_search *s)
{
    const record_search_summary *all = &p->site->r->search;
    arena *a = &p->memory;
    put_text(object, "effort", a, s->effort);
    put_text(object, "kind", a, s->kind);
    json_add_bool(object, "has_found", any_found(s));
    json_add_bool(object, "has_unit", isfinite(s->unit));
    json_add_string(object, "unit", show_number(a, s->unit));
    json_add_string(object, "length", show_count(a, all->length));
    json_add_bool(object, "has_limit", isfinite(all->cross_entropy_limit));
    json_add_string(object, "cross_entropy_mean", show_number(a, all->cross_entropy_mean));
    json_add_string(object, "cross_entropy_limit", show_number(a, all->cross_entropy_limit));
    json_add_string(object, "hypervolume", show_number(a, s->hypervolume));
    json_add_bool(object, "certified", s->certified);
    json_add_bool(object, "swept", s->n_sweeps > 0);
    json_add_string(object, "sweep_tokens", show_count(a, s->sweep_tokens));
    json_add_string(object, "n_sweeps", show_count(a, s->n_sweeps));
    json_add_string(object, "n_forwards", show_count(a, s->n_forwards));
    json_add_string(object, "tflop", show_number(a, s->tflop));
}

err_code put_search(page *p, const record_target *t, strip_list *strips, err *e)
{
    const record_search *s = &t->search;
    bool front = false, curve = false;
    if (!record_has_search(t)) {
        json_add_bool(p->tree, "search", false);
        return OK;
    }
    cJSON *object = json_add_object(p->tree, "search");
    put_search_values(object, p, s);
    put_chain(object, p, &s->chain);
    put_other_sequences(object, p, s);
    put_search_restarts(object, p, s);
    err_code rc = isfinite(s->unit) ? draw_chain(p, t, e) : OK;
    for (size_t i = 0; i < sizeof FOUND / sizeof *FOUND; i++)
        put_found(object, p, t, FOUND[i], strips);
    if (!rc && isfinite(s->unit))
        rc = draw_search(p, t, &front, &curve, e);
    json_add_bool(object, "has_figure", front || curve);
    json_add_bool(object, "has_front", front);
    json_add_bool(object, "has_curve", curve);
    return rc;
}

/* ---- of the whole run ---- */

static void put_strata(cJSON *object, page *p, const record_search_summary *s)
{
    arena *a = &p->memory;
    cJSON *rows = json_add_array(object, "strata");
    for (int i = 0; i < s->n_strata; i++) {
        const record_stratum *x = &s->strata[i];
        cJSON *row = put_entry(rows);
        put_text(row, "group", a, x->group);
        put_text(row, "name", a, x->name);
        json_add_string(row, "n", show_count(a, x->n));
        json_add_string(row, "warm", show_ratio(a, x->warm));
        json_add_string(row, "cold", show_ratio(a, x->cold));
        json_add_string(row, "fluent", show_ratio(a, x->fluent));
        json_add_string(row, "above_1", show_share(a, x->above_1));
    }
    json_add_bool(object, "has_strata", s->n_strata > 0);
}

static void put_ratios(cJSON *object, page *p, const record_search_summary *s)
{
    arena *a = &p->memory;
    cJSON *rows = json_add_array(object, "ratios");
    str missing = {0};
    for (int i = 0; i < s->n_ratios; i++) {
        const record_ratio *x = &s->ratios[i];
        if (!x->n) {
            str_addf(&missing, "%s%s", missing.len ? ", " : "", chain_label(a, x->name));
            continue;
        }
        cJSON *row = put_entry(rows);
        json_add_string(row, "label", chain_label(a, x->name));
        json_add_string(row, "n", show_count(a, x->n));
        json_add_string(row, "median", show_ratio(a, x->median));
        json_add_string(row, "p10", show_ratio(a, x->p10));
        json_add_string(row, "above_08", show_share(a, x->above_08));
        json_add_string(row, "above_1", show_share(a, x->above_1));
    }
    json_add_bool(object, "has_missing", missing.len > 0);
    json_add_string(object, "missing", str_text(&missing));
    str_release(&missing);
}

void put_search_summary(page *p)
{
    const record_search_summary *s = &p->site->r->search;
    arena *a = &p->memory;
    if (!record_was_searched(p->site->r)) {
        json_add_bool(p->tree, "search", false);
        return;
    }
    cJSON *object = json_add_object(p->tree, "search");
    put_text(object, "effort", a, s->effort);
    json_add_string(object, "length", show_count(a, s->length));
    json_add_bool(object, "has_limit", isfinite(s->cross_entropy_limit));
    json_add_string(object, "cross_entropy_mean", show_number(a, s->cross_entropy_mean));
    json_add_string(object, "cross_entropy_limit", show_number(a, s->cross_entropy_limit));
    json_add_string(object, "tflop_planned", show_number(a, s->tflop_planned));
    json_add_string(object, "tflop", show_number(a, s->tflop));
    json_add_string(object, "n_starts", show_count(a, s->n_starts));
    json_add_string(object, "dead_starts", show_share(a, s->dead_starts));
    put_ratios(object, p, s);
    put_strata(object, p, s);
}
