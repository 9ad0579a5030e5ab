/* Single linkage from a sorted spanning tree, then condensed: a split counts only when both sides
 * have min_cluster_size rows, else the smaller side's rows fall out of the cluster one by one.
 * Edges stand in the package's breadth-first order: stabilities are summed in that order. */
#include "features/hdbscan_tree.h"
#include "base/memory.h"
#include <math.h>

/* Node n + i of the hierarchy. */
typedef struct merge {
    int left, right, size;
    double distance;
} merge;

/* The topmost node above `node`, shortening the path on the way. */
static int find_top(int *above, int node)
{
    int top = node;
    while (above[top] >= 0)
        top = above[top];
    while (above[node] >= 0) {
        int next = above[node];
        above[node] = top;
        node = next;
    }
    return top;
}

static int node_size(const merge *merges, int n, int node)
{
    return node < n ? 1 : merges[node - n].size;
}

static void link_edges(merge *merges, int *above, const density_edge *edges, int n)
{
    for (int i = 0; i < 2 * n - 1; i++)
        above[i] = -1;
    for (int i = 0; i < n - 1; i++) {
        int left = find_top(above, edges[i].a), right = find_top(above, edges[i].b);
        int size = node_size(merges, n, left) + node_size(merges, n, right);
        merges[i] = (merge){left, right, size, edges[i].distance};
        above[left] = above[right] = n + i;
    }
}

/* Breadth-first order of the nodes under `root`, itself first. Returns how many. */
static int walk(int *order, const merge *merges, int n, int root)
{
    int filled = 0;
    order[filled++] = root;
    for (int i = 0; i < filled; i++)
        if (order[i] >= n) {
            order[filled++] = merges[order[i] - n].left;
            order[filled++] = merges[order[i] - n].right;
        }
    return filled;
}

typedef struct condenser {
    condensed_tree *tree;
    const merge *merges;
    int *cluster_of; /* of a hierarchy node */
    bool *fallen;    /* nodes whose rows have left their cluster already */
    int *order;      /* scratch for walk() */
    int min_cluster_size;
} condenser;

static void add_edge(condensed_tree *t, int parent, int child, int size, double lambda)
{
    t->edges[t->n_edges++] = (condensed_edge){parent, child, size, lambda};
}

static void fall_out(condenser *c, int cluster, int node, double lambda)
{
    int n = c->tree->n, count = walk(c->order, c->merges, n, node);
    for (int i = 0; i < count; i++) {
        if (c->order[i] < n)
            add_edge(c->tree, cluster, c->order[i], 1, lambda);
        c->fallen[c->order[i]] = true;
    }
}

static void condense_node(condenser *c, int node)
{
    condensed_tree *t = c->tree;
    const merge *m = &c->merges[node - t->n];
    double lambda = m->distance > 0 ? 1 / m->distance : HUGE_VAL;
    int cluster = c->cluster_of[node], side[2] = {m->left, m->right}, size[2];
    for (int s = 0; s < 2; s++)
        size[s] = node_size(c->merges, t->n, side[s]);
    bool split = size[0] >= c->min_cluster_size && size[1] >= c->min_cluster_size;
    for (int s = 0; s < 2; s++) {
        if (split) {
            c->cluster_of[side[s]] = t->n + t->n_clusters++;
            add_edge(t, cluster, c->cluster_of[side[s]], size[s], lambda);
        } else if (size[s] < c->min_cluster_size) {
            fall_out(c, cluster, side[s], lambda);
        } else {
            c->cluster_of[side[s]] = cluster;
        }
    }
}

err_code condensed_build(condensed_tree *out, const density_edge *edges, int n,
                         int min_cluster_size, err *e)
{
    size_t n_nodes = 2 * (size_t)n - 1;
    condensed_tree tree = {.n = n, .n_clusters = 1};
    merge *merges = NULL;
    int *above = NULL, *order = NULL;
    condenser c = {.tree = &tree, .min_cluster_size = min_cluster_size};
    (void)((merges = mem_array((size_t)n, sizeof *merges, "hierarchy", e)) &&
           (above = mem_array(n_nodes, sizeof *above, "hierarchy", e)) &&
           (order = mem_array(n_nodes, sizeof *order, "hierarchy order", e)) &&
           (c.order = mem_array(n_nodes, sizeof *c.order, "hierarchy order", e)) &&
           (c.cluster_of = mem_array(n_nodes, sizeof *c.cluster_of, "hierarchy clusters", e)) &&
           (c.fallen = mem_array(n_nodes, sizeof *c.fallen, "hierarchy", e)) &&
           (tree.edges = mem_array(n_nodes, sizeof *tree.edges, "condensed tree", e)));
    err_code code = tree.edges ? OK : e->code;
    if (!code) {
        link_edges(merges, above, edges, n);
        c.merges = merges;
        int root = 2 * n - 2, count = walk(order, merges, n, root);
        c.cluster_of[root] = n;
        for (int i = 0; i < count; i++)
            if (order[i] >= n && !c.fallen[order[i]])
                condense_node(&c, order[i]);
        *out = tree;
    }
    mem_free(merges);
    mem_free(above);
    mem_free(order);
    mem_free(c.order);
    mem_free(c.cluster_of);
    mem_free(c.fallen);
    return code;
}

void condensed_release(condensed_tree *t)
{
    mem_free(t->edges);
    *t = (condensed_tree){0};
}
