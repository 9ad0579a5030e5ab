/* Pages and sections of clusters. */
#include "site/cluster_place.h"
#include <ctype.h>

enum { SHARED_CLUSTERS = 64 }; /* on a page, on average at most */

bool cluster_has_page(const record *r, const record_cluster *c)
{
    bool holds = c->selected;
    for (int i = 0; i < r->n_targets && !holds; i++)
        holds = r->targets[i].cluster == c->label;
    return holds;
}

cluster_range cluster_range_of(const record *r, const record_cluster *c)
{
    int n = 0, pages = 1, ids = r->n_features > 0 ? r->n_features : 1;
    for (int i = 0; i < r->n_clusters; i++)
        n += !cluster_has_page(r, &r->clusters[i]);
    while (pages < ids && n > pages * SHARED_CLUSTERS)
        pages *= 2;
    int width = (ids + pages - 1) / pages, first = c->label / width * width;
    return (cluster_range){first, first + width < ids ? first + width - 1 : ids - 1};
}

const char *cluster_stem(arena *a, const record *r, const record_cluster *c)
{
    char name[RECORD_NAME];
    int layer = r->run.sae.layer;
    if (cluster_has_page(r, c))
        return arena_strdup(a, record_cluster_name(name, layer, c->label));
    cluster_range range = cluster_range_of(r, c);
    return arena_printf(a, "%s-%05d", record_cluster_name(name, layer, range.first), range.last);
}

const char *cluster_hash(arena *a, const record *r, const record_cluster *c)
{
    char name[RECORD_NAME];
    if (cluster_has_page(r, c))
        return "";
    record_cluster_name(name, r->run.sae.layer, c->label);
    for (char *p = name; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return arena_printf(a, "#%s", name);
}
