/* The suffixes of all active tokens, sorted, are the tree; its paths are looked up
 * wherever their token stands; paths that gain nothing go; what is left is put in order. */
#include "features/suffix_trie.h"
#include "base/memory.h"
#include "features/proportion.h"
#include <math.h>
#include <stdlib.h>

typedef struct suffix {
    int32_t tokens[TRIE_DEPTH]; /* backwards; -1 before the prompt */
    float value;
} suffix;

typedef struct node {
    trie_node shown;
    int parent;               /* -1: depth 1 */
    int first_child, n_child; /* in tree.children */
    bool kept;
} node;

typedef struct tree {
    node *nodes; /* depth first, siblings by token */
    int n;
    int *children; /* nodes by their parent; those of depth 1 at the end */
    int first_root, n_roots;
} tree;

static int by_tokens(const void *a, const void *b)
{
    const suffix *x = a, *y = b;
    for (int d = 0; d < TRIE_DEPTH; d++)
        if (x->tokens[d] != y->tokens[d])
            return x->tokens[d] < y->tokens[d] ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value); /* sums are taken in one order */
}

static suffix *active_suffixes(const survey *s, int which, const prompt_set *p)
{
    size_t n = s->n_active[which];
    suffix *list = mem_small(n + 1, sizeof *list);
    for (size_t i = 0; i < n; i++) {
        const token_activation *t = &s->active[which][i];
        const int32_t *tokens = prompts_tokens(p, t->prompt);
        list[i].value = t->value;
        for (int d = 0; d < TRIE_DEPTH; d++)
            list[i].tokens[d] = t->position >= d ? tokens[t->position - d] : -1;
    }
    qsort(list, n, sizeof *list, by_tokens);
    return list;
}

static int shared_depth(const suffix *x, const suffix *y)
{
    int d = 0;
    while (d < TRIE_DEPTH && x->tokens[d] == y->tokens[d])
        d++;
    return d;
}

/* Runs of equal beginnings are nodes. A run that ends too short goes at once, and what hangs on it,
 * which is all that stands behind it: memory is that of the paths that stay. */
static void grow(tree *t, const suffix *list, size_t n, int64_t least)
{
    int path[TRIE_DEPTH], open = 0, room = 0;
    for (size_t i = 0; i <= n; i++) {
        int shared = i && i < n ? shared_depth(&list[i], &list[i - 1]) : 0;
        while (open > shared)
            if (t->nodes[path[--open]].shown.n_active < least)
                t->n = path[open];
        for (int d = 0; i < n && d < TRIE_DEPTH && list[i].tokens[d] >= 0; d++) {
            if (d == open) {
                if (t->n == room) {
                    room = 2 * room + 64;
                    t->nodes = mem_grow(t->nodes, (size_t)room, sizeof *t->nodes);
                }
                path[open++] = t->n;
                t->nodes[t->n++] = (node){.parent = d ? path[d - 1] : -1,
                                          .shown = {.token = list[i].tokens[d], .depth = d + 1}};
            }
            t->nodes[path[d]].shown.n_active++;
            t->nodes[path[d]].shown.mean += (double)list[i].value;
        }
    }
}

/* Drops nodes for which `kept` is false; what hangs on a dropped node is dropped with it. */
static void compact(tree *t)
{
    int *now_at = mem_small((size_t)t->n + 1, sizeof *now_at), n = 0;
    for (int i = 0; i < t->n; i++) {
        now_at[i] = -1;
        int parent = t->nodes[i].parent;
        if (!t->nodes[i].kept || (parent >= 0 && now_at[parent] < 0))
            continue;
        t->nodes[n] = t->nodes[i];
        t->nodes[n].parent = parent < 0 ? -1 : now_at[parent];
        now_at[i] = n++;
    }
    t->n = n;
    mem_free(now_at);
}

/* Lists every node's children, in the order of the nodes. */
static void link_children(tree *t)
{
    mem_free(t->children);
    t->children = mem_small((size_t)t->n + 1, sizeof *t->children);
    t->n_roots = 0;
    for (int i = 0; i < t->n; i++)
        t->nodes[i].n_child = 0;
    for (int i = 0; i < t->n; i++) {
        if (t->nodes[i].parent < 0)
            t->n_roots++;
        else
            t->nodes[t->nodes[i].parent].n_child++;
    }
    int at = 0;
    for (int i = 0; i < t->n; i++) {
        t->nodes[i].first_child = at;
        at += t->nodes[i].n_child;
        t->nodes[i].n_child = 0;
    }
    t->first_root = at;
    for (int i = 0; i < t->n; i++) {
        int parent = t->nodes[i].parent;
        if (parent < 0)
            t->children[at++] = i;
        else
            t->children[t->nodes[parent].first_child + t->nodes[parent].n_child++] = i;
    }
}

/* The child with that token, by halves; NULL for none. */
static node *find_child(const tree *t, const node *parent, int32_t token)
{
    int low = parent->first_child, high = low + parent->n_child;
    while (low < high) {
        int middle = low + (high - low) / 2;
        node *child = &t->nodes[t->children[middle]];
        if (child->shown.token == token)
            return child;
        if (child->shown.token < token)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void count_occurrences(tree *t, const prompt_set *p, const text_index *index)
{
    for (int r = 0; r < t->n_roots; r++) {
        node *root = &t->nodes[t->children[t->first_root + r]];
        size_t first = index->first[root->shown.token], end = index->first[root->shown.token + 1];
        for (size_t i = first; i < end; i++) {
            const int32_t *tokens = prompts_tokens(p, index->places[i].prompt);
            int at = index->places[i].position;
            for (node *here = root; here; here = find_child(t, here, tokens[at])) {
                here->shown.n++;
                if (--at < 0)
                    break;
            }
        }
    }
}

/* Marks what gains over everything shorter, and what leads there. */
static void mark_gains(tree *t, double density, double gain)
{
    double *best = mem_small((size_t)t->n + 1, sizeof *best); /* of a path and its shorter ones */
    for (int i = 0; i < t->n; i++) {
        node *x = &t->nodes[i];
        proportion fires = proportion_of(x->shown.n_active, x->shown.n);
        double shorter = x->parent < 0 ? density : best[x->parent];
        x->kept = fires.low >= shorter + gain;
        best[i] = fmax(shorter, fires.value);
    }
    for (int i = t->n - 1; i >= 0; i--)
        if (t->nodes[i].kept && t->nodes[i].parent >= 0)
            t->nodes[t->nodes[i].parent].kept = true;
    mem_free(best);
}

/* Parents before children, because a child is never more often active. */
static int by_falling_activity(const void *a, const void *b)
{
    const node *x = *(const node *const *)a, *y = *(const node *const *)b;
    if (x->shown.n_active != y->shown.n_active)
        return x->shown.n_active < y->shown.n_active ? 1 : -1;
    return (x > y) - (x < y);
}

static void keep_most_active(tree *t, int most)
{
    node **order = mem_small((size_t)t->n + 1, sizeof *order);
    for (int i = 0; i < t->n; i++)
        order[i] = &t->nodes[i];
    qsort(order, (size_t)t->n, sizeof *order, by_falling_activity);
    for (int i = 0; i < t->n; i++)
        order[i]->kept = i < most;
    mem_free(order);
}

/* The nodes of one parent and what hangs on them, the most active first. */
static int emit(trie_node *out, const tree *t, int first, int n)
{
    const node **order = mem_small((size_t)n + 1, sizeof *order);
    int made = 0;
    for (int i = 0; i < n; i++)
        order[i] = &t->nodes[t->children[first + i]];
    qsort(order, (size_t)n, sizeof *order, by_falling_activity);
    for (int i = 0; i < n; i++) {
        out[made] = order[i]->shown;
        out[made++].mean /= (double)order[i]->shown.n_active;
        made += emit(out + made, t, order[i]->first_child, order[i]->n_child);
    }
    mem_free(order);
    return made;
}

int survey_suffix_trie(trie_node **out, const survey *s, int which, const prompt_set *p,
                       const text_index *index, const trie_options *o, arena *a)
{
    tree t = {0};
    suffix *list = active_suffixes(s, which, p);
    grow(&t, list, s->n_active[which], o->least_active);
    mem_free(list);
    link_children(&t);
    count_occurrences(&t, p, index);
    mark_gains(&t, index->n ? (double)s->n_active[which] / (double)index->n : 0, o->gain);
    compact(&t);
    keep_most_active(&t, o->most);
    compact(&t);
    link_children(&t);
    *out = arena_push(a, (size_t)t.n + 1, sizeof **out);
    int n = emit(*out, &t, t.first_root, t.n_roots);
    mem_free(t.nodes);
    mem_free(t.children);
    return n;
}
