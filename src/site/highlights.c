/* The start of the run page: how far its results can be trusted, and which targets to look at
 * first, with the reason. */
#include "site/pages.h"
#include "site/sentence.h"
#include "site/show.h"
#include <string.h>

enum { FEW_TARGETS = 4 }; /* fewer are all worth a look */

/* ---- how far to trust it ------------------------------------------------------------------------
 */

static int count_certified(const record *r)
{
    int n = 0;
    for (int i = 0; i < r->n_targets; i++)
        n += record_has_search(&r->targets[i]) && r->targets[i].search.certified;
    return n;
}

static bool any_swept(const record *r)
{
    for (int i = 0; i < r->n_targets; i++)
        if (record_has_search(&r->targets[i]) && r->targets[i].search.n_sweeps > 0)
            return true;
    return false;
}

void put_trust(page *p)
{
    const record *r = p->site->r;
    arena *a = &p->memory;
    cJSON *object = json_add_object(p->tree, "trust");
    double rule = rule_median_f1(p, "rule"), shuffled = rule_median_f1(p, "shuffled"),
           frequent = rule_median_f1(p, "frequent tokens");
    json_add_bool(object, "has_rules", isfinite(rule));
    json_add_string(object, "rule", show_score(a, rule));
    json_add_bool(object, "has_controls", isfinite(shuffled) && isfinite(frequent));
    json_add_string(object, "shuffled", show_score(a, shuffled));
    json_add_string(object, "frequent", show_score(a, frequent));
    json_add_bool(object, "has_sae", r->sae_quality.n_prompts > 0);
    json_add_string(object, "variance", show_share(a, r->sae_quality.explained_variance));
    json_add_string(object, "recovered", show_share(a, r->sae_quality.loss_recovered));
    json_add_bool(object, "has_search", record_was_searched(r));
    json_add_bool(object, "has_sweeps", any_swept(r));
    json_add_string(object, "certified", show_count(a, count_certified(r)));
    json_add_bool(object, "has_map", r->quality.n_clusters > 0);
    json_add_string(object, "silhouette", show_score(a, r->quality.silhouette));
}

/* ---- worth a look -------------------------------------------------------------------------------
 */

static double warm_of(const record_target *t)
{
    return record_has_search(t) ? t->search.chain.warm : (double)NAN;
}

static double effect_of(const record_target *t)
{
    const record_change *c = record_find_change(&t->effects, "removed");
    return c ? c->kl_active : (double)NAN;
}

/* How much of the warm optimum is left in text that is as likely as the data. */
static double fluent_loss_of(const record_target *t)
{
    return record_has_search(t) ? t->search.chain.warm - t->search.chain.fluent : (double)NAN;
}

typedef struct highlight {
    const char *why;
    double (*value)(const record_target *t);
    int sign; /* 1: the largest value, -1: the smallest */
    const char *unit;
    bool ratio;
} highlight;

static const highlight highlights[] = {
    {"best explained", record_rule_f1, 1, "F1 of its rule", false},
    {"least explained", record_rule_f1, -1, "F1 of its rule", false},
    {"driven farthest beyond the data", warm_of, 1, "by real tokens", true},
    {"hardest to drive", warm_of, -1, "by real tokens", true},
    {"strongest effect on the output", effect_of, 1, "nats (KL) when it is taken out", false},
    {"wants the least likely text", fluent_loss_of, 1,
     "of the data's maximum, lost where text must be as likely as the data", true},
};

enum { N_HIGHLIGHTS = sizeof highlights / sizeof *highlights };

static const record_target *best_by(const record *r, const highlight *h)
{
    const record_target *best = NULL;
    for (int i = 0; i < r->n_targets; i++) {
        double value = h->sign * h->value(&r->targets[i]);
        if (isfinite(value) && (!best || value > h->sign * h->value(best)))
            best = &r->targets[i];
    }
    return best;
}

int highlighted_targets(int *indices, const record *r)
{
    int n = 0;
    for (size_t i = 0; i < N_HIGHLIGHTS && r->n_targets >= FEW_TARGETS; i++) {
        const record_target *t = best_by(r, &highlights[i]);
        bool is_new = t != NULL;
        for (int k = 0; k < n; k++)
            is_new = is_new && indices[k] != t - r->targets;
        if (is_new)
            indices[n++] = (int)(t - r->targets);
    }
    return n;
}

void put_highlights(page *p)
{
    const record *r = p->site->r;
    arena *a = &p->memory;
    cJSON *rows = json_add_array(p->tree, "highlights");
    for (size_t i = 0; i < N_HIGHLIGHTS && r->n_targets >= FEW_TARGETS; i++) {
        const highlight *h = &highlights[i];
        const record_target *t = best_by(r, h);
        if (!t)
            continue;
        cJSON *row = put_entry(rows);
        double value = h->value(t);
        json_add_string(row, "why", h->why);
        json_add_string(row, "value", h->ratio ? show_ratio(a, value) : show_score(a, value));
        json_add_string(row, "unit", h->unit);
        put_feature_link(row, "feature", p, t->id);
        json_add_string(row, "sentence", rule_line(a, &t->rule));
    }
    json_add_bool(p->tree, "has_highlights", cJSON_GetArraySize(rows) > 0);
}
