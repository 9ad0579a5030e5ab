/* The list of clusters and one page per cluster. */
#include "site/figures.h"
#include "site/pages.h"
#include "site/show.h"

enum { SHOWN_MEMBERS = 200, SHOWN_TOKENS = 12 };

err_code page_clusters(const site *s, err *e)
{
    page p;
    page_start(&p, s, SECTION_CLUSTERS, "clusters", "index", "Clusters");
    put_cluster_rows(p.tree, "clusters", &p);
    put_text(p.tree, "method", &p.memory, s->r->quality.method);
    json_add_string(p.tree, "n_clusters", show_count(&p.memory, s->r->n_clusters));
    json_add_string(p.tree, "noise", show_share(&p.memory, s->r->quality.noise_share));
    put_text(p.tree, "score_kind", &p.memory, s->r->quality.score_kind);
    return page_write(&p, "clusters.md", e);
}

static void put_members(page *p, const record_cluster *c)
{
    const record *r = p->site->r;
    arena *a = &p->memory;
    cJSON *rows = json_add_array(p->tree, "members");
    int n = c->n_members < SHOWN_MEMBERS ? c->n_members : SHOWN_MEMBERS;
    for (int i = 0; i < n; i++) {
        const record_feature *f = &r->features[c->members[i]];
        cJSON *row = put_entry(rows);
        put_feature_link(row, "feature", p, f->id);
        json_add_bool(row, "medoid", f->id == c->medoid);
        json_add_string(row, "density", show_share(a, f->density));
        json_add_string(row, "prompts", show_share(a, f->prompt_share));
        json_add_string(row, "mean_active", show_number(a, f->mean_active));
        json_add_string(row, "maximum", show_number(a, f->max));
    }
    json_add_bool(p->tree, "cut", n < c->n_members);
    json_add_string(p->tree, "n_shown", show_count(a, n));
}

static void put_cluster(page *p, const record_cluster *c)
{
    arena *a = &p->memory;
    const record_quality *q = &p->site->r->quality;
    cJSON *facts = json_add_array(p->tree, "facts"), *rows = json_add_array(p->tree, "tokens");
    cJSON *scores = json_add_array(p->tree, "scores");
    const struct {
        const char *name;
        double value;
    } list[] = {{"size", c->score_size},
                {"activation", c->score_activation},
                {"max_activation", c->score_max_activation},
                {"sparsity", c->score_sparsity},
                {"composite", c->score_composite}};
    put_fact(facts, show_count(a, c->size), "features");
    put_fact(facts, show_number(a, c->score),
             arena_printf(a, "score (%s)", show_text(a, q->score_kind)));
    for (int i = 0; i < c->n_tokens && i < SHOWN_TOKENS; i++) {
        cJSON *row = put_entry(rows);
        json_add_string(row, "token", show_token(a, c->tokens[i].token));
        json_add_string(row, "count", show_count(a, c->tokens[i].count));
        json_add_string(row, "activation", show_number(a, c->tokens[i].activation));
    }
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        cJSON *row = put_entry(scores);
        json_add_string(row, "name", list[i].name);
        json_add_string(row, "value", show_number(a, list[i].value));
    }
    json_add_bool(p->tree, "has_tokens", c->n_tokens > 0);
    json_add_bool(p->tree, "selected", c->selected);
    json_add_string(p->tree, "size", show_count(a, c->size));
    put_feature_link(p->tree, "medoid", p, c->medoid);
}

err_code page_cluster(const site *s, int index, err *e)
{
    const record *r = s->r;
    const record_cluster *c = &r->clusters[index];
    char label[RECORD_NAME];
    page p;
    record_cluster_name(label, r->run.sae.layer, c->label);
    page_start(&p, s, SECTION_CLUSTERS, "clusters", label, c->name && *c->name ? c->name : label);
    json_add_string(p.tree, "label", label);
    json_add_string(p.tree, "number", show_count(&p.memory, index + 1));
    put_cluster_link(p.tree, "previous", &p, index ? r->clusters[index - 1].label : -1);
    put_cluster_link(p.tree, "next", &p,
                     index + 1 < r->n_clusters ? r->clusters[index + 1].label : -1);
    put_cluster(&p, c);
    put_members(&p, c);
    json_add_bool(p.tree, "has_activity", draw_activity(&p, index));
    return page_write(&p, "cluster.md", e);
}
