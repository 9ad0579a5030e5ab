/* What a target does to the output and resembles, and how good the SAE is, as values of pages. */
#include "site/escape.h"
#include "site/figures.h"
#include "site/pages.h"
#include "site/show.h"
#include "site/tokens.h"
#include <string.h>

enum { SENTENCE_TOKENS = 5 };

/* Below this mean KL, in nats, a change of the predictions is too small to be spoken of. */
static const double LEAST_KL = 1e-3;
/* Less than this share of the listed tokens right: the logit table does not say what happens. */
static const double UNRELIABLE = 0.75;

static const record_effect_token *token_at(const record_effects *x, const char *list, int index)
{
    for (int i = 0; i < x->n_tokens; i++)
        if (!strcmp(x->tokens[i].list, list) && index-- == 0)
            return &x->tokens[i];
    return NULL;
}

/* The first tokens of a list as code spans. */
static const char *spans(arena *a, const record_effects *x, const char *list, int most)
{
    str out = {0};
    const record_effect_token *t;
    for (int i = 0; i < most && (t = token_at(x, list, i)); i++) {
        str_add(&out, i ? ", " : "");
        escape_code(&out, show_token(a, t->token));
    }
    return str_into(&out, a);
}

/* Two lists side by side: {left, left_value, right, right_value}. */
static void put_ends(cJSON *object, const char *key, arena *a, const record_effects *x,
                     const char *left, const char *right)
{
    cJSON *rows = json_add_array(object, key);
    const record_effect_token *l, *r;
    for (int i = 0; (l = token_at(x, left, i)) && (r = token_at(x, right, i)); i++) {
        cJSON *row = put_entry(rows);
        json_add_string(row, "left", show_token(a, l->token));
        json_add_string(row, "left_value", show_number(a, l->value));
        json_add_string(row, "right", show_token(a, r->token));
        json_add_string(row, "right_value", show_number(a, r->value));
    }
}

static void put_read_in(cJSON *object, arena *a, const record_effects *x)
{
    cJSON *rows = json_add_array(object, "reads");
    const record_effect_token *t;
    for (int i = 0; (t = token_at(x, "reads", i)); i++) {
        cJSON *row = put_entry(rows);
        json_add_string(row, "token", show_token(a, t->token));
        json_add_string(row, "cosine", show_score(a, t->value));
    }
}

/* ---- changes -----------------------------------------------------------------------------------
 */

static const char *right_of(arena *a, int right, int n)
{
    return n ? arena_printf(a, "%d of %d", right, n) : "–";
}

static void put_change(cJSON *row, arena *a, const record_change *c)
{
    json_add_string(row, "loss_active", show_number(a, c->loss_active));
    json_add_string(row, "loss_later", show_number(a, c->loss_later));
    json_add_string(row, "kl_active", show_number(a, c->kl_active));
    json_add_string(row, "kl_later", show_number(a, c->kl_later));
    json_add_string(row, "raised", right_of(a, c->raised_right, c->n_raised));
    json_add_string(row, "lowered", right_of(a, c->lowered_right, c->n_lowered));
    json_add_string(row, "right",
                    right_of(a, c->raised_right + c->lowered_right, c->n_raised + c->n_lowered));
    json_add_string(row, "rank", show_score(a, c->rank_correlation));
}

static double most_kl(const record_effects *x, bool later)
{
    double most = 0;
    for (int i = 0; i < x->n_changes; i++)
        most = fmax(most, later ? x->changes[i].kl_later : x->changes[i].kl_active);
    return most;
}

/* Were the listed tokens right in too few cases, over both changes? */
static bool unreliable(const record_effects *x)
{
    int right = 0, n = 0;
    for (int i = 0; i < x->n_changes; i++) {
        right += x->changes[i].raised_right + x->changes[i].lowered_right;
        n += x->changes[i].n_raised + x->changes[i].n_lowered;
    }
    return n && right < UNRELIABLE * n;
}

static void put_changes(cJSON *object, arena *a, const record_target *t)
{
    const record_effects *x = &t->effects;
    static const char *const names[] = {"removed", "doubled"};
    for (int i = 0; i < 2; i++) {
        const record_change *c = record_find_change(x, names[i]);
        if (c)
            put_change(json_add_object(object, names[i]), a, c);
        else
            json_add_bool(object, names[i], false);
    }
    json_add_bool(object, "has_runs", record_has_runs(t));
    json_add_bool(object, "measurable", most_kl(x, false) >= LEAST_KL);
    json_add_string(object, "most_kl", show_number(a, most_kl(x, false)));
    json_add_string(object, "least_kl", show_number(a, LEAST_KL));
    json_add_bool(object, "unreliable", unreliable(x));
    json_add_bool(object, "own_token_only", x->n_later > 0 && most_kl(x, true) == 0);
    json_add_string(object, "n_prompts", show_count(a, x->n_prompts));
    json_add_string(object, "n_active", show_count(a, x->n_active));
    json_add_string(object, "n_active_losses", show_count(a, x->n_active_losses));
    json_add_string(object, "n_later", show_count(a, x->n_later));
    json_add_string(object, "n_later_losses", show_count(a, x->n_later_losses));
}

/* ---- token by token ----------------------------------------------------------------------------
 */

static double largest_cost(const record_effects *x)
{
    double most = 0;
    for (int i = 0; i < x->n_traces; i++)
        for (int k = 0; k < x->traces[i].n_costs; k++)
            if (isfinite(x->traces[i].costs[k]))
                most = fmax(most, fabs(x->traces[i].costs[k]));
    return most;
}

static void put_traces(cJSON *object, page *p, const record_target *t)
{
    const record_effects *x = &t->effects;
    arena *a = &p->memory;
    double most = largest_cost(x);
    cJSON *rows = json_add_array(object, "traces");
    for (int i = 0; i < x->n_traces; i++) {
        const record_context *c = &t->top[x->traces[i].context];
        double total = 0;
        for (int k = 0; k < x->traces[i].n_costs; k++)
            total += x->traces[i].costs[k];
        cJSON *row = put_entry(rows);
        json_add_string(row, "total", show_number(a, total));
        json_add_string(row, "place", arena_printf(a, "%d:%d", c->prompt, c->start + c->peak));
        json_add_string(row, "tokens", change_mark(p, c, x->traces[i].costs, most));
    }
    json_add_bool(object, "has_traces", x->n_traces > 0 && most > 0);
    json_add_string(object, "largest_cost", show_number(a, most));
}

/* ---- neurons -----------------------------------------------------------------------------------
 */

static void put_neurons(cJSON *object, arena *a, const record_effects *x)
{
    cJSON *aligned = json_add_array(object, "aligned"),
          *correlated = json_add_array(object, "correlated");
    for (int i = 0; i < x->n_neurons; i++) {
        const record_neuron *n = &x->neurons[i];
        bool by_weight = !strcmp(n->list, "aligned");
        cJSON *row = put_entry(by_weight ? aligned : correlated);
        json_add_string(row, "neuron", arena_printf(a, "%d", n->neuron));
        if (by_weight) {
            json_add_string(row, "weight", show_number(a, n->weight));
            json_add_string(row, "share", show_share(a, n->share));
        } else {
            json_add_string(row, "correlation", show_score(a, n->correlation));
            json_add_string(row, "cosine", show_score(a, n->cosine));
        }
    }
    json_add_bool(object, "has_neurons", x->n_neurons > 0);
    json_add_bool(object, "has_aligned", cJSON_GetArraySize(aligned) > 0);
    json_add_bool(object, "has_correlated", cJSON_GetArraySize(correlated) > 0);
}

/* ---- neighbours --------------------------------------------------------------------------------
 */

static const char *list_label(const char *by)
{
    return !strcmp(by, "decoder")   ? "decoder"
           : !strcmp(by, "encoder") ? "encoder"
           : !strcmp(by, "jaccard") ? "Jaccard"
                                    : "correlation";
}

static int first_of(const record_effects *x, int feature)
{
    for (int i = 0; i < x->n_relatives; i++)
        if (x->relatives[i].feature == feature)
            return i;
    return -1;
}

/* Its places in the lists: "decoder 1, Jaccard 3". */
static const char *places_of(arena *a, const record_effects *x, int feature)
{
    const char *text = "";
    int place = 0;
    for (int i = 0; i < x->n_relatives; i++) {
        const record_relative *r = &x->relatives[i];
        place = i && !strcmp(r->by, x->relatives[i - 1].by) ? place + 1 : 1;
        if (r->feature == feature)
            text = arena_printf(a, "%s%s%s %d", text, *text ? ", " : "", list_label(r->by), place);
    }
    return text;
}

static void put_relative(cJSON *rows, page *p, const record_effects *x, const record_relative *r)
{
    arena *a = &p->memory;
    const record_feature *f = record_find_feature(p->site->r, r->feature);
    cJSON *row = put_entry(rows);
    put_feature_link(row, "feature", p, r->feature);
    json_add_string(row, "token", f->best_token.n ? show_token(a, f->best_token) : "–");
    json_add_string(row, "places", places_of(a, x, r->feature));
    json_add_string(row, "decoder", show_score(a, r->decoder_cosine));
    json_add_string(row, "encoder", show_score(a, r->encoder_cosine));
    json_add_string(row, "jaccard", show_score(a, r->jaccard));
    json_add_string(row, "correlation", show_score(a, r->correlation));
    json_add_string(row, "n_both", show_count(a, r->n_both));
    json_add_string(row, "n_active", show_count(a, r->n_active));
    static const char *const relations[] = {"same", "contains", "inside", "apart"};
    for (size_t i = 0; i < sizeof relations / sizeof *relations; i++)
        json_add_bool(row, relations[i], r->relation && !strcmp(r->relation, relations[i]));
    json_add_bool(row, "related", r->relation && *r->relation);
}

static void put_relatives(cJSON *object, page *p, const record_effects *x)
{
    cJSON *rows = json_add_array(object, "relatives");
    bool related = false;
    for (int i = 0; i < x->n_relatives; i++) {
        if (first_of(x, x->relatives[i].feature) != i)
            continue;
        put_relative(rows, p, x, &x->relatives[i]);
        related |= x->relatives[i].relation && *x->relatives[i].relation;
    }
    json_add_bool(object, "has_relatives", x->n_relatives > 0);
    json_add_bool(object, "has_relations", related);
    json_add_string(object, "mostly", arena_printf(&p->memory, "%.0f%%", 100 * RECORD_MOSTLY));
    json_add_string(object, "seldom",
                    arena_printf(&p->memory, "%.0f%%", 100 * (1 - RECORD_MOSTLY)));
    json_add_string(object, "alike", arena_printf(&p->memory, "%.1f", RECORD_ALIKE));
    json_add_string(object, "relation_tokens", show_count(&p->memory, RECORD_RELATION_TOKENS));
}

/* ---- all ---------------------------------------------------------------------------------------
 */

err_code put_effects(page *p, const record_target *t, err *e)
{
    const record_effects *x = &t->effects;
    arena *a = &p->memory;
    bool drawn = false;
    if (!record_has_effects(t)) {
        json_add_bool(p->tree, "effects", false);
        return OK;
    }
    cJSON *object = json_add_object(p->tree, "effects");
    put_text(object, "hook", a, x->hook);
    put_text(object, "read", a, p->site->r->run.sae.hook);
    put_text(object, "path", a, x->path);
    put_text(object, "no_table", a, x->no_table);
    put_text(object, "no_read_in", a, x->no_read_in);
    put_text(object, "no_runs", a, x->no_runs);
    json_add_bool(object, "has_table", token_at(x, "raises", 0) != NULL);
    json_add_bool(object, "has_read_in", token_at(x, "reads", 0) != NULL);
    json_add_bool(object, "late", p->site->r->run.sae.layer > 0);
    json_add_string(object, "layer", show_count(a, p->site->r->run.sae.layer));
    json_add_string(object, "n_vocabulary", show_count(a, x->n_vocabulary));
    static const char *const lists[] = {"raises", "lowers", "rose", "fell"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        json_add_string(object, lists[i], spans(a, x, lists[i], SENTENCE_TOKENS));
    put_ends(object, "table", a, x, "raises", "lowers");
    put_ends(object, "moved", a, x, "rose", "fell");
    put_read_in(object, a, x);
    put_changes(object, a, t);
    put_traces(object, p, t);
    put_neurons(object, a, x);
    put_relatives(object, p, x);
    err_code rc = draw_logits(p, t, &drawn, e);
    json_add_bool(object, "has_logits", drawn);
    return rc;
}

static void put_row(cJSON *rows, const char *name, const char *value, const char *note)
{
    cJSON *row = put_entry(rows);
    json_add_string(row, "name", name);
    json_add_string(row, "value", value);
    json_add_string(row, "note", note);
}

enum { LOSS_PLACES = 4 }; /* a recovered loss is close to 1 */

static void put_losses(cJSON *rows, page *p, const record_sae_quality *q)
{
    arena *a = &p->memory;
    const char *prompts = show_count(a, q->n_prompts), *losses = show_count(a, q->n_losses);
    put_row(rows, "explained variance", show_fixed(a, q->explained_variance, LOSS_PLACES),
            arena_printf(a,
                         "of the value the output stands for, around its mean; %s tokens of %s "
                         "prompts",
                         show_count(a, q->n_rows), prompts));
    put_row(rows, "loss recovered", show_fixed(a, q->loss_recovered, LOSS_PLACES),
            "1: the model predicts as well with the output in place; 0: as badly as with zeros");
    put_row(rows, "loss as it is", show_fixed(a, q->clean_loss, LOSS_PLACES),
            arena_printf(a, "nats a token, over %s next tokens", losses));
    put_row(rows, "added by the output",
            show_fixed(a, q->spliced_loss - q->clean_loss, LOSS_PLACES), "nats a token");
    put_row(rows, "added by zeros", show_fixed(a, q->ablated_loss - q->clean_loss, LOSS_PLACES),
            "nats a token");
}

void put_sae_quality(page *p)
{
    const record *r = p->site->r;
    const record_sae_quality *q = &r->sae_quality;
    arena *a = &p->memory;
    if (q->n_tokens == 0) {
        json_add_bool(p->tree, "sae_quality", false);
        return;
    }
    cJSON *object = json_add_object(p->tree, "sae_quality"), *rows = json_add_array(object, "rows");
    const char *tokens = show_count(a, q->n_tokens), *features = show_count(a, r->n_features);
    put_row(rows, "active features (L0)", show_number(a, q->l0),
            arena_printf(a, "a token, over %s tokens", tokens));
    put_row(rows, "dead features", show_count(a, q->n_dead),
            arena_printf(a, "of %s, active on none of them", features));
    put_row(rows, "dense features", show_count(a, q->n_dense),
            arena_printf(a, "of %s, active on more than a tenth of them", features));
    bool runs = q->n_prompts > 0;
    if (runs)
        put_losses(rows, p, q);
    json_add_bool(object, "has_runs", runs);
    put_text(object, "no_runs", a, q->no_runs);
    put_text(object, "place", a, q->hook);
}
