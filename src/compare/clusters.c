/* Which clusters correspond, and how the second map lies on the first. */
#include "base/str.h"
#include "compare/parts.h"
#include <math.h>

/* The index of every feature's cluster. A label is a member's id, so a table finds it at once. */
static int *cluster_indices(const record *r, arena *memory)
{
    int *at = arena_push(memory, (size_t)r->n_features + 1, sizeof *at);
    int *index = arena_push(memory, (size_t)r->n_features + 1, sizeof *index);
    for (int i = 0; i < r->n_features; i++)
        at[i] = -1;
    for (int i = 0; i < r->n_clusters; i++)
        if (r->clusters[i].label >= 0 && r->clusters[i].label < r->n_features)
            at[r->clusters[i].label] = i;
    for (int i = 0; i < r->n_features; i++) {
        int label = r->features[i].cluster;
        index[i] = label >= 0 && label < r->n_features ? at[label] : -1;
    }
    return index;
}

void compare_clusters(comparison *c, arena *memory)
{
    cluster_pairs *p = &c->clusters;
    int n_a = c->a->n_clusters, n_b = c->b->n_clusters;
    const int *a = p->index_a = cluster_indices(c->a, memory);
    const int *b = p->index_b = cluster_indices(c->b, memory);
    p->of_a = arena_push(memory, (size_t)n_a + 1, sizeof *p->of_a);
    p->of_b = arena_push(memory, (size_t)n_b + 1, sizeof *p->of_b);
    p->cells = partition_cells(&p->n_cells, a, b, c->a->n_features, memory);
    partition_match(p->of_a, n_a, n_b, p->cells, p->n_cells);
    for (int i = 0; i < n_b; i++)
        p->of_b[i] = -1;
    for (int i = 0; i < n_a; i++)
        if (p->of_a[i] >= 0)
            p->of_b[p->of_a[i]] = i;
    for (int i = 0; i < p->n_cells; i++)
        p->n_both += p->cells[i].n;
    p->rand_index = partition_rand_index(p->cells, p->n_cells);
}

bool has_moved(const comparison *c, int id)
{
    const record_feature *a = &c->a->features[id], *b = &c->b->features[id];
    int in_a = c->clusters.index_a[id], in_b = c->clusters.index_b[id];
    if (a->cluster == RECORD_NOT_CLUSTERED || b->cluster == RECORD_NOT_CLUSTERED)
        return false;
    return in_a < 0 || in_b < 0 ? in_a != in_b : c->clusters.of_a[in_a] != in_b;
}

static bool on_map(const record_feature *f)
{
    return isfinite(f->x) && isfinite(f->y);
}

/* Positions say little by themselves: maps differ when, laid upon each other, they have another
 * shape, or hold other features. Six digits of a coordinate leave a disparity far below the least
 * that counts here. */
void compare_maps(comparison *c, arena *memory)
{
    const double least = 1e-8;
    size_t room = (size_t)c->a->n_features + 1;
    double *x[2], *y[2];
    int n = 0;
    for (int i = 0; i < 2; i++) {
        x[i] = arena_push(memory, room, sizeof *x[i]);
        y[i] = arena_push(memory, room, sizeof *y[i]);
    }
    for (int i = 0; i < c->a->n_features; i++) {
        const record_feature *a = &c->a->features[i], *b = &c->b->features[i];
        c->map_only_a += on_map(a) && !on_map(b);
        c->map_only_b += on_map(b) && !on_map(a);
        if (!on_map(a) || !on_map(b))
            continue;
        x[0][n] = a->x;
        y[0][n] = a->y;
        x[1][n] = b->x;
        y[1][n++] = b->y;
    }
    c->alignment = procrustes_fit(x[0], y[0], x[1], y[1], n);
    double allowed = fmax(least, c->tolerance * c->tolerance);
    if (c->alignment.disparity > allowed || c->map_only_a || c->map_only_b) {
        char text[NUMBER_TEXT];
        differences_add(&c->differences, "map.disparity", "0",
                        number_text(text, c->alignment.disparity));
    }
}
