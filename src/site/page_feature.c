/* The page of one target feature: explanation, where it fires, what drives it most, how strongly.
 */
#include "site/escape.h"
#include "site/figures.h"
#include "site/pages.h"
#include "site/show.h"
#include <string.h>

static void put_ratio(cJSON *facts, arena *a, double ratio, const char *label)
{
    if (isfinite(ratio))
        put_fact(facts, show_ratio(a, ratio), label);
}

static void put_facts(page *p, const record_target *t, const record_feature *f)
{
    arena *a = &p->memory;
    cJSON *facts = json_add_array(p->tree, "facts");
    const record_data *d = &p->site->r->run.data;
    put_fact(facts, show_share(a, f->density),
             arena_printf(a, "of %s tokens activate it", show_count(a, d->n_tokens)));
    put_fact(facts, show_count(a, t->quantiles.n_prompts),
             arena_printf(a, "of %s prompts hold such a token", show_count(a, d->n_prompts)));
    put_fact(facts, show_number(a, f->max), "largest activation on the data");
    if (record_has_search(t)) {
        const record_chain *c = &t->search.chain;
        put_ratio(facts, a, c->warm, "of that, with the best real tokens");
        put_ratio(facts, a, c->cold, "with real tokens found without the data");
        put_ratio(facts, a, c->fluent, "with real tokens as likely as the data's");
    } else if (t->optimum.n_positions) {
        put_fact(facts, show_number(a, t->optimum.activation), "with the optimised input");
        put_fact(facts, show_number(a, t->optimum.snapped_activation),
                 "with its nearest real tokens");
        put_fact(facts, show_number(a, t->optimum.specificity), "specificity of the optimum");
    }
}

/* The frozen beginning of an optimised prompt. Not written with asterisks, because it may end in a
 * space, where Markdown would see no emphasis. */
static const char *muted_mark(page *p, const char *text)
{
    str html = {0}, markdown = {0};
    str_add(&html, "<em>");
    escape_html(&html, text);
    str_add(&html, "</em>");
    str_add(&markdown, "<i>");
    escape_markdown(&markdown, text);
    str_add(&markdown, "</i>");
    int number = block_add(&p->blocks, "", str_text(&markdown), str_text(&html), NULL);
    str_release(&html);
    str_release(&markdown);
    return block_mark(&p->blocks, number);
}

static void put_explanation(cJSON *list, page *p, const record_explanation *x)
{
    arena *a = &p->memory;
    cJSON *row = put_entry(list), *scores = json_add_array(row, "scores");
    int cut = x->prefix.n > 0 && x->prefix.n <= x->text.n ? x->prefix.n : 0;
    put_text(row, "title", a, x->title);
    put_text(row, "method", a, x->method);
    json_add_string(row, "prefix", cut ? muted_mark(p, show_part(a, x->text, 0, cut)) : "");
    json_add_string(row, "text", show_part(a, x->text, cut, x->text.n));
    json_add_string(row, "activation", show_number(a, x->activation));
    json_add_string(row, "specificity", show_number(a, x->specificity));
    json_add_string(row, "coherence", show_number(a, x->coherence));
    json_add_string(row, "length", show_count(a, x->length));
    for (int k = 0; k < x->n_scores; k++) {
        cJSON *score = put_entry(scores);
        put_text(score, "name", a, x->scores[k].name);
        put_text(score, "unit", a, x->scores[k].unit);
        json_add_string(score, "value", show_number(a, x->scores[k].value));
    }
}

/* The first of each method leads the page; the others are folded away. */
static void put_explanations(page *p, const record_target *t)
{
    cJSON *lead = json_add_array(p->tree, "explanations"),
          *rest = json_add_array(p->tree, "others");
    int n_others = 0, n = 0;
    for (int i = 0; i < t->n_explanations; i++) {
        bool first = true;
        if (is_written(&t->explanations[i]))
            continue;
        n++;
        for (int k = 0; k < i; k++)
            first = first && strcmp(t->explanations[k].method, t->explanations[i].method) != 0;
        put_explanation(first ? lead : rest, p, &t->explanations[i]);
        n_others += !first;
    }
    json_add_bool(p->tree, "has_explanations", n > 0);
    json_add_bool(p->tree, "has_others", n_others > 0);
    json_add_string(p->tree, "n_others", show_count(&p->memory, n_others));
}

static void put_concept(page *p, const record_target *t)
{
    arena *a = &p->memory;
    if (t->concept_index < 0) {
        json_add_bool(p->tree, "concept", false);
        return;
    }
    const record_concept *c = &p->site->r->concepts[t->concept_index];
    cJSON *object = json_add_object(p->tree, "concept");
    put_text(object, "name", a, c->name);
    put_text(object, "kind", a, c->kind);
    put_text(object, "description", a, c->description);
    json_add_string(object, "f1", show_score(a, t->concept_f1));
}

/* The nearest tokens of a position but the first, as code spans. */
static const char *other_tokens(arena *a, const record_position *q)
{
    str out = {0};
    for (int k = 1; k < q->n_neighbours; k++) {
        if (k > 1)
            str_add_char(&out, ' ');
        escape_code(&out, show_token(a, q->neighbours[k].token));
    }
    return str_into(&out, a);
}

static void put_positions(page *p, const record_optimum *o)
{
    arena *a = &p->memory;
    cJSON *rows = json_add_array(p->tree, "positions");
    for (int i = 0; i < o->n_positions; i++) {
        const record_position *q = &o->positions[i];
        const record_neighbour *near = q->n_neighbours ? &q->neighbours[0] : NULL;
        cJSON *row = put_entry(rows);
        json_add_string(row, "position", arena_printf(a, "%d", i));
        json_add_string(row, "token", near ? show_token(a, near->token) : "–");
        json_add_string(row, "cosine", show_number(a, near ? near->cosine : (double)NAN));
        json_add_string(row, "others", other_tokens(a, q));
        json_add_string(row, "activation", show_number(a, q->activation));
        json_add_string(row, "pre_activation", show_number(a, q->pre_activation));
        json_add_string(row, "snapped", show_number(a, q->snapped));
    }
}

static void put_optimum(page *p, const record_target *t)
{
    const record_optimum *o = &t->optimum;
    arena *a = &p->memory;
    if (!o->n_positions) {
        json_add_bool(p->tree, "optimum", false);
        return;
    }
    int converged = 0, best = 0;
    for (int i = 0; i < o->n_restarts; i++) {
        converged += o->restarts[i].converged;
        best = o->restarts[i].is_best ? i : best;
    }
    put_positions(p, o);
    cJSON *object = json_add_object(p->tree, "optimum");
    json_add_string(object, "activation", show_number(a, o->activation));
    json_add_string(object, "position", show_count(a, o->position));
    json_add_string(object, "mean", show_number(a, o->mean));
    json_add_string(object, "skewness", show_number(a, o->skewness));
    json_add_string(object, "specificity", show_number(a, o->specificity));
    json_add_string(object, "snapped", show_number(a, o->snapped_activation));
    json_add_bool(object, "has_ratio", isfinite(o->data_ratio));
    json_add_string(object, "data_ratio", show_ratio(a, o->data_ratio));
    json_add_string(object, "snapped_ratio", show_ratio(a, o->snapped_ratio));
    json_add_string(object, "length", show_count(a, o->n_positions));
    json_add_string(object, "n_restarts", show_count(a, o->n_restarts));
    json_add_string(object, "n_converged", show_count(a, converged));
    json_add_string(object, "best", show_count(a, best));
    json_add_string(object, "steps",
                    show_count(a, o->n_restarts ? o->restarts[best].last_step : 0));
    json_add_string(object, "restart_mean", show_number(a, o->restart_mean));
    json_add_string(object, "restart_deviation", show_number(a, o->restart_deviation));
    json_add_string(object, "restart_min", show_number(a, o->restart_min));
    json_add_string(object, "restart_max", show_number(a, o->restart_max));
    json_add_string(object, "restart_cosine", show_number(a, o->restart_cosine));
    json_add_string(object, "restart_overlap", show_share(a, o->restart_token_overlap));
}

static err_code draw(page *p, const record_target *t, err *e)
{
    bool curves = false, bars = false;
    strip_list strips = {.n = 0};
    err_code rc = put_search(p, t, &strips, e);
    if (!rc)
        rc = put_effects(p, t, e);
    if (!rc)
        rc = draw_free(p, t, &bars, &curves, e);
    if (!rc && t->optimum.n_positions)
        optimum_strip(&strips, p, "strip", "free vectors, as their nearest tokens", &t->optimum);
    if (!rc)
        rc = strips_write(p, &strips, e);
    json_add_bool(p->tree, "has_strips", strips.n > 0);
    json_add_bool(p->tree, "has_free", bars || curves);
    json_add_bool(p->tree, "has_curves", curves);
    json_add_bool(p->tree, "has_bars", bars);
    return rc;
}

err_code page_feature(const site *s, int index, err *e)
{
    const record *r = s->r;
    const record_target *t = &r->targets[index];
    const record_feature *f = record_find_feature(r, t->id);
    char name[RECORD_NAME];
    page p;
    arena scratch = {0};
    const char *title = arena_printf(&scratch, "Feature %s", record_feature_label(&scratch, f));
    page_start(&p, s, SECTION_FEATURES, "features",
               record_feature_name(name, r->run.sae.layer, t->id), title);
    arena_release(&scratch);
    p.stem = arena_strdup(&p.memory, name);
    json_add_string(p.tree, "name", p.stem);
    json_add_string(p.tree, "id", arena_printf(&p.memory, "%d", t->id));
    json_add_string(p.tree, "maximum", show_number(&p.memory, f->max));
    put_text(p.tree, "hook", &p.memory, r->run.sae.hook);
    put_named(p.tree, r);
    put_text(p.tree, "reason", &p.memory, t->reason);
    json_add_bool(p.tree, "on_map", isfinite(f->x) && isfinite(f->y));
    put_cluster_link(p.tree, "cluster", &p, t->cluster);
    put_feature_link(p.tree, "previous", &p, index ? r->targets[index - 1].id : -1);
    put_feature_link(p.tree, "next", &p, index + 1 < r->n_targets ? r->targets[index + 1].id : -1);
    put_facts(&p, t, f);
    put_rule(&p, t);
    put_written(&p, t);
    put_explanations(&p, t);
    put_concept(&p, t);
    put_optimum(&p, t);
    put_attention(&p, t);
    err_code rc = put_activity(&p, t, e);
    if (!rc)
        rc = draw(&p, t, e);
    if (!rc)
        return page_write(&p, "feature.md", e);
    page_drop(&p);
    return rc;
}
