/* The list of clusters and one page per cluster. */
#include "site/cluster_place.h"
#include "site/figures.h"
#include "site/pages.h"
#include "site/show.h"

enum { SHOWN_MEMBERS = 200, SHOWN_TOKENS = 12, LISTED_MEMBERS = 60 };

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
    put_fact(facts, show_score(a, c->score),
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
        json_add_string(row, "value", show_score(a, list[i].value));
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

/* ---- clusters that share a page ---- */

/* The ids of the first members, in one line. */
static const char *member_line(arena *a, const record_cluster *c)
{
    str out = {0};
    for (int i = 0; i < c->n_members && i < LISTED_MEMBERS; i++)
        str_addf(&out, "%s%d", i ? ", " : "", c->members[i]);
    return str_into(&out, a);
}

static void put_section(cJSON *list, page *p, const record_cluster *c)
{
    const record *r = p->site->r;
    arena *a = &p->memory;
    cJSON *row = put_entry(list);
    put_cluster_link(row, "cluster", p, c->label);
    json_add_string(row, "size", show_count(a, c->size));
    json_add_string(row, "score", show_score(a, c->score));
    json_add_string(row, "score_kind", show_text(a, r->quality.score_kind));
    put_feature_link(row, "medoid", p, c->medoid);
    json_add_bool(row, "has_tokens", c->n_tokens > 0);
    json_add_string(row, "tokens", token_list(a, c->tokens, c->n_tokens, SHOWN_TOKENS));
    json_add_string(row, "members", member_line(a, c));
    json_add_bool(row, "cut", c->n_members > LISTED_MEMBERS);
}

/* Clusters come largest first, so also within a page. */
static err_code page_range(const site *s, const record_cluster *some, err *e)
{
    const record *r = s->r;
    arena scratch = {0};
    cluster_range range = cluster_range_of(r, some);
    page p;
    page_start(
        &p, s, SECTION_CLUSTERS, "clusters", cluster_stem(&scratch, r, some),
        arena_printf(&scratch, "Clusters without a target, %d to %d", range.first, range.last));
    p.stem = arena_strdup(&p.memory, p.stem);
    arena_release(&scratch);
    cJSON *list = json_add_array(p.tree, "sections");
    int n = 0;
    for (int i = 0; i < r->n_clusters; i++) {
        const record_cluster *c = &r->clusters[i];
        if (cluster_has_page(r, c) || c->label < range.first || c->label > range.last)
            continue;
        put_section(list, &p, c);
        n++;
    }
    json_add_string(p.tree, "n", show_count(&p.memory, n));
    json_add_string(p.tree, "first", show_count(&p.memory, range.first));
    json_add_string(p.tree, "last", show_count(&p.memory, range.last));
    return page_write(&p, "cluster_sections.md", e);
}

/* Whether an earlier cluster shares its page with cluster `index`, so that it is written already.
 */
static bool has_been_written(const record *r, int index)
{
    cluster_range own = cluster_range_of(r, &r->clusters[index]);
    for (int i = 0; i < index; i++)
        if (!cluster_has_page(r, &r->clusters[i]) &&
            cluster_range_of(r, &r->clusters[i]).first == own.first)
            return true;
    return false;
}

err_code page_shared_clusters(const site *s, err *e)
{
    err_code rc = OK;
    for (int i = 0; i < s->r->n_clusters && !rc; i++)
        if (!cluster_has_page(s->r, &s->r->clusters[i]) && !has_been_written(s->r, i))
            rc = page_range(s, &s->r->clusters[i], e);
    return rc;
}
