/* Which clusters of a condensed tree become the flat clustering, and how firmly rows belong.
 *
 * Follows the package to its last bit: stabilities are summed in edge order, a subtree's stability
 * is held in single precision, and infinite densities (equal rows) go through the same arithmetic
 * (an infinite birth makes a stability NaN, which no comparison calls better than its parent's). */
#include "features/hdbscan_tree.h"
#include "base/memory.h"
#include "features/labels.h"
#include <math.h>

enum { NONE = -1, ROOT = 0 };

/* Cluster c is node N + c of the tree. */
typedef struct cluster {
    int parent, first_child; /* cluster numbers or NONE; the second child is the next number */
    double birth, death;     /* densities: where it splits off, the highest one of its own edges */
    double deepest;          /* the highest death among it and its descendants */
    double stability;
    bool selected, covered; /* covered: something above it is selected */
    int home;               /* nearest selected cluster at or above it, else ROOT */
} cluster;

static void measure_clusters(cluster *clusters, const condensed_tree *t)
{
    for (int c = 0; c < t->n_clusters; c++)
        clusters[c] = (cluster){.parent = NONE, .first_child = NONE};
    for (int i = 0; i < t->n_edges; i++) {
        const condensed_edge *edge = &t->edges[i];
        cluster *parent = &clusters[edge->parent - t->n];
        parent->death = fmax(parent->death, edge->lambda);
        if (edge->child < t->n)
            continue;
        cluster *child = &clusters[edge->child - t->n];
        child->parent = edge->parent - t->n;
        child->birth = edge->lambda;
        if (parent->first_child == NONE)
            parent->first_child = edge->child - t->n;
    }
    for (int i = 0; i < t->n_edges; i++) {
        const condensed_edge *edge = &t->edges[i];
        cluster *parent = &clusters[edge->parent - t->n];
        parent->stability += (edge->lambda - parent->birth) * edge->size;
    }
    for (int c = t->n_clusters - 1; c >= 0; c--) {
        clusters[c].deepest = fmax(clusters[c].deepest, clusters[c].death);
        if (clusters[c].parent != NONE) {
            cluster *parent = &clusters[clusters[c].parent];
            parent->deepest = fmax(parent->deepest, clusters[c].deepest);
        }
    }
}

/* Excess of mass: a cluster stands unless its children are together more stable. */
static void select_most_stable(cluster *clusters, int n_clusters, bool allow_root)
{
    for (int c = n_clusters - 1; c >= (allow_root ? ROOT : ROOT + 1); c--) {
        float subtree = 0;
        for (int s = 0; s < 2 && clusters[c].first_child != NONE; s++)
            subtree = (float)((double)subtree + clusters[clusters[c].first_child + s].stability);
        clusters[c].selected = !((double)subtree > clusters[c].stability);
        if (!clusters[c].selected)
            clusters[c].stability = (double)subtree;
    }
    for (int c = ROOT + 1; c < n_clusters; c++) { /* parents come first */
        const cluster *above = &clusters[clusters[c].parent];
        clusters[c].covered = above->selected || above->covered;
        clusters[c].selected = clusters[c].selected && !clusters[c].covered;
    }
}

static void select_leaves(cluster *clusters, int n_clusters)
{
    for (int c = ROOT + 1; c < n_clusters; c++)
        clusters[c].selected = clusters[c].first_child == NONE;
}

/* The first cluster above `c` that was born at a distance beyond epsilon (Malzer and Baum). */
static int climb_to(const cluster *clusters, int c, double epsilon, bool allow_root)
{
    for (;;) {
        int parent = clusters[c].parent;
        if (parent == ROOT)
            return allow_root ? ROOT : c;
        if (1 / clusters[parent].birth > epsilon)
            return parent;
        c = parent;
    }
}

static bool any_above(const cluster *clusters, const bool *marked, int c)
{
    for (int up = clusters[c].parent; up != NONE; up = clusters[up].parent)
        if (marked[up])
            return true;
    return false;
}

static void merge_within_epsilon(cluster *clusters, int n_clusters, double epsilon, bool allow_root)
{
    bool *merged = mem_small((size_t)n_clusters, sizeof *merged);
    bool *chosen = mem_small((size_t)n_clusters, sizeof *chosen);
    for (int c = ROOT + 1; c < n_clusters; c++) {
        if (!clusters[c].selected)
            continue;
        if (!(1 / clusters[c].birth < epsilon)) {
            chosen[c] = true;
        } else if (!any_above(clusters, merged, c)) {
            int top = climb_to(clusters, c, epsilon, allow_root);
            merged[top] = chosen[top] = true;
        }
    }
    for (int c = ROOT; c < n_clusters; c++)
        clusters[c].selected = chosen[c];
    mem_free(merged);
    mem_free(chosen);
}

static int select_clusters(cluster *clusters, int n_clusters, const hdbscan_options *o)
{
    if (o->method == HDBSCAN_EOM)
        select_most_stable(clusters, n_clusters, o->allow_single_cluster);
    else
        select_leaves(clusters, n_clusters);
    if (o->cluster_selection_epsilon > 0 && !clusters[ROOT].selected)
        merge_within_epsilon(clusters, n_clusters, o->cluster_selection_epsilon,
                             o->allow_single_cluster);
    int count = 0;
    for (int c = ROOT; c < n_clusters; c++) {
        count += clusters[c].selected;
        bool own = clusters[c].selected || c == ROOT;
        clusters[c].home = own ? c : clusters[clusters[c].parent].home;
    }
    return count;
}

/* The root as the only cluster keeps the rows denser than epsilon, or, without one, its densest. */
static bool root_keeps(const cluster *root, double lambda, const hdbscan_options *o)
{
    if (o->cluster_selection_epsilon > 0)
        return lambda >= 1 / o->cluster_selection_epsilon;
    return lambda >= root->death;
}

static void label_row(hdbscan_result *r, const cluster *clusters, const condensed_edge *edge,
                      bool only_root, const hdbscan_options *o)
{
    const cluster *parent = &clusters[edge->parent - r->n], *home = &clusters[parent->home];
    int row = edge->child;
    double lambda = edge->lambda, deepest = parent->deepest;
    bool member = parent->home != ROOT || (only_root && root_keeps(home, lambda, o));
    r->label_N[row] = member ? parent->home : LABEL_NOISE;
    if (member)
        r->probability_N[row] =
            home->death > 0 && isfinite(lambda) ? fmin(lambda, home->death) / home->death : 1;
    r->outlier_N[row] = deepest > 0 && isfinite(lambda) ? (deepest - lambda) / deepest : 0;
    if (isnan(r->outlier_N[row]))
        r->outlier_N[row] = 1; /* a row of finite density where equal rows make it infinite */
}

err_code condensed_select(hdbscan_result *r, const condensed_tree *t, const hdbscan_options *o,
                          err *e)
{
    cluster *clusters = mem_array((size_t)t->n_clusters, sizeof *clusters, "clusters", e);
    if (!clusters)
        return e->code;
    measure_clusters(clusters, t);
    int count = select_clusters(clusters, t->n_clusters, o);
    bool only_root = count == 1 && clusters[ROOT].selected;
    for (int i = 0; i < t->n_edges; i++)
        if (t->edges[i].child < t->n)
            label_row(r, clusters, &t->edges[i], only_root, o);
    r->n_clusters = labels_renumber(r->label_N, r->n);
    mem_free(clusters);
    return OK;
}
