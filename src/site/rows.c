/* Values that several pages share: links, key figures, rows of targets and clusters. */
#include "draw/inline_svg.h"
#include "site/cluster_place.h"
#include "site/pages.h"
#include "site/sentence.h"
#include "site/show.h"
#include "site/tokens.h"

enum { NAME_TOKENS = 4 };

void put_fact(cJSON *list, const char *value, const char *label)
{
    cJSON *entry = put_entry(list);
    json_add_string(entry, "value", value);
    json_add_string(entry, "label", label);
}

const record_target *find_target(const record *r, int id)
{
    for (int i = 0; i < r->n_targets; i++)
        if (r->targets[i].id == id)
            return &r->targets[i];
    return NULL;
}

void put_feature_link(cJSON *object, const char *key, page *p, int id)
{
    char name[RECORD_NAME];
    const record *r = p->site->r;
    if (!record_find_feature(r, id)) {
        json_add_bool(object, key, false);
        return;
    }
    cJSON *link = json_add_object(object, key);
    put_text(link, "id", &p->memory, record_feature_label(&p->memory, &r->features[id]));
    json_add_string(link, "name", record_feature_name(name, r->run.sae.layer, id));
    json_add_bool(link, "page", find_target(r, id) != NULL);
}

void put_cluster_link(cJSON *object, const char *key, page *p, int label)
{
    char name[RECORD_NAME];
    const record *r = p->site->r;
    const record_cluster *c = record_find_cluster(r, label);
    if (!c) {
        json_add_bool(object, key, false);
        return;
    }
    cJSON *link = json_add_object(object, key);
    json_add_string(link, "label", record_cluster_name(name, r->run.sae.layer, label));
    json_add_string(link, "file", cluster_stem(&p->memory, r, c));
    json_add_string(link, "hash", cluster_hash(&p->memory, r, c));
    put_text(link, "name", &p->memory, c->name && *c->name ? c->name : "unnamed");
    json_add_string(link, "number", arena_printf(&p->memory, "%d", (int)(c - r->clusters) + 1));
}

/* The best real tokens so far; the better of both lanes, because one may be missing. */
static const char *search_sparkline(page *p, const record_search *s)
{
    double *best = arena_push(&p->memory, (size_t)s->n_curve + 1, sizeof *best);
    for (int i = 0; i < s->n_curve; i++)
        best[i] = fmax(s->curve[i].cold, s->curve[i].warm);
    if (!s->n_curve)
        return "";
    str svg = {0};
    const char *end = show_ratio(&p->memory, best[s->n_curve - 1]);
    int last = s->curve[s->n_curve - 1].iteration;
    sparkline_svg(&svg, best, s->n_curve,
                  arena_printf(&p->memory, "ratio over %d iterations, ending at %s", last, end));
    int number = block_add(&p->blocks, "", arena_printf(&p->memory, "%d iterations", last),
                           str_text(&svg), NULL);
    str_release(&svg);
    return block_mark(&p->blocks, number);
}

/* The best restart of the free vectors. */
static const char *optimum_sparkline(page *p, const record_optimum *o)
{
    str svg = {0};
    const char *mark = "";
    for (int i = 0; i < o->n_restarts; i++) {
        const record_restart *s = &o->restarts[i];
        if (!s->is_best || !s->n_steps)
            continue;
        sparkline_svg(&svg, s->activation_curve, s->n_steps,
                      arena_printf(&p->memory, "activation over %d steps, ending at %s",
                                   s->last_step, show_number(&p->memory, s->activation)));
        const char *markdown = arena_printf(&p->memory, "%d steps", s->last_step);
        mark = block_mark(&p->blocks, block_add(&p->blocks, "", markdown, str_text(&svg), NULL));
    }
    str_release(&svg);
    return mark;
}

void put_named(cJSON *tree, const record *r)
{
    const record_feature *first = record_find_feature(r, 0);
    json_add_bool(tree, "given", first && first->name && *first->name);
}

void put_target_rows(cJSON *tree, const char *key, page *p, const int *order, int most)
{
    const record *r = p->site->r;
    arena *a = &p->memory;
    json_add_bool(tree, "has_concepts", r->n_concepts > 0);
    json_add_bool(tree, "has_search", record_was_searched(r));
    json_add_bool(tree, "has_cold", record_any_cold(r));
    json_add_bool(tree, "has_rules", r->rules.mass > 0);
    put_named(tree, r);
    cJSON *list = json_add_array(tree, key);
    json_add_bool(tree, "more_targets", r->n_targets > most);
    json_add_string(tree, "n_shown_targets",
                    show_count(a, r->n_targets < most ? r->n_targets : most));
    for (int i = 0; i < r->n_targets && i < most; i++) {
        const record_target *t = &r->targets[order ? order[i] : i];
        const record_feature *f = record_find_feature(r, t->id);
        const record_concept *c = t->concept_index >= 0 ? &r->concepts[t->concept_index] : NULL;
        cJSON *row = put_entry(list);
        put_feature_link(row, "feature", p, t->id);
        put_cluster_link(row, "cluster", p, t->cluster);
        json_add_string(row, "tokens", token_list(a, t->tokens, t->n_tokens, NAME_TOKENS));
        json_add_string(row, "sentence", rule_line(a, &t->rule));
        json_add_string(row, "rule_f1", show_score(a, record_rule_f1(t)));
        put_text(row, "concept", a, c ? c->name : "–");
        json_add_string(row, "concept_f1", show_score(a, t->concept_f1));
        json_add_string(row, "density", show_share(a, f->density));
        json_add_string(row, "maximum", show_number(a, f->max));
        json_add_string(row, "activation", show_number(a, t->optimum.activation));
        json_add_string(row, "data_ratio", show_ratio(a, t->optimum.data_ratio));
        json_add_string(row, "snapped_ratio", show_ratio(a, t->optimum.snapped_ratio));
        const record_chain *found = record_has_search(t) ? &t->search.chain : NULL;
        json_add_string(row, "warm", show_ratio(a, found ? found->warm : (double)NAN));
        json_add_string(row, "cold", show_ratio(a, found ? found->cold : (double)NAN));
        json_add_string(row, "fluent", show_ratio(a, found ? found->fluent : (double)NAN));
        json_add_string(row, "specificity", show_number(a, t->optimum.specificity));
        json_add_string(row, "curve",
                        found ? search_sparkline(p, &t->search)
                              : optimum_sparkline(p, &t->optimum));
    }
}

void put_cluster_rows(cJSON *tree, const char *key, page *p)
{
    const record *r = p->site->r;
    arena *a = &p->memory;
    cJSON *list = json_add_array(tree, key);
    for (int i = 0; i < r->n_clusters; i++) {
        const record_cluster *c = &r->clusters[i];
        cJSON *row = put_entry(list);
        put_cluster_link(row, "cluster", p, c->label);
        json_add_string(row, "tokens", token_list(a, c->tokens, c->n_tokens, NAME_TOKENS));
        json_add_string(row, "size", show_count(a, c->size));
        json_add_string(row, "score", show_score(a, c->score));
        put_feature_link(row, "medoid", p, c->medoid);
        json_add_bool(row, "selected", c->selected);
    }
}
