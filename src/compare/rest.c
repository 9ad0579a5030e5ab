/* The parts of the record that are neither settings, headline figures, features nor targets. */
#include "base/memory.h"
#include "base/str.h"
#include "compare/parts.h"
#include <stdio.h>

/* Lists of the record, item by item in their order. */
static const struct {
    const char *name;
    const schema *type;
    size_t list, count;
} lists[] = {
    {"training_lm", &SCHEMA_LM_POINT, offsetof(record, lm_curve), offsetof(record, n_lm_curve)},
    {"training_sae", &SCHEMA_SAE_POINT, offsetof(record, sae_curve), offsetof(record, n_sae_curve)},
    {"concepts", &SCHEMA_CONCEPT, offsetof(record, concepts), offsetof(record, n_concepts)},
    {"filter", &SCHEMA_FILTER, offsetof(record, filters), offsetof(record, n_filters)},
    {"splits", &SCHEMA_SPLIT, offsetof(record, splits), offsetof(record, n_splits)},
};

static void compare_lists(comparison *c)
{
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        const field f = {lists[i].name,  FIELD_LIST,    lists[i].list,
                         lists[i].count, lists[i].type, ""};
        const schema whole = {"record", sizeof(record), &f, 1};
        differences_find(&c->differences, "data", &whole, c->a, c->b, NULL);
    }
}

/* Clusters that correspond, each but for its label and its members, which features tell. */
static void compare_cluster_rows(comparison *c)
{
    static const char *const apart[] = {"label", "members", NULL};
    char place[RECORD_NAME + 32], name[RECORD_NAME], size[NUMBER_TEXT];
    for (int i = 0; i < c->a->n_clusters; i++) {
        const record_cluster *x = &c->a->clusters[i];
        int match = c->clusters.of_a[i];
        snprintf(place, sizeof place, "clusters/%s",
                 record_cluster_name(name, c->a->run.sae.layer, x->label));
        if (match < 0)
            differences_add(&c->differences, place, number_text(size, x->size), NULL);
        else
            differences_find(&c->differences, place, &SCHEMA_CLUSTER, x, &c->b->clusters[match],
                             apart);
    }
    for (int i = 0; i < c->b->n_clusters; i++)
        if (c->clusters.of_b[i] < 0) {
            const record_cluster *y = &c->b->clusters[i];
            snprintf(place, sizeof place, "clusters/%s",
                     record_cluster_name(name, c->b->run.sae.layer, y->label));
            differences_add(&c->differences, place, NULL, number_text(size, y->size));
        }
}

void compare_rest(comparison *c)
{
    static const char *const clusters[] = {"clusters", NULL};
    compare_lists(c);
    compare_cluster_rows(c);
    differences_find(&c->differences, "clustering", &SCHEMA_CLUSTERING, c->a, c->b, clusters);
    differences_find(&c->differences, "search", &SCHEMA_SEARCH_SUMMARY, &c->a->search,
                     &c->b->search, NULL);
    differences_find(&c->differences, "sae_quality", &SCHEMA_SAE_QUALITY, &c->a->sae_quality,
                     &c->b->sae_quality, NULL);
    differences_find(&c->differences, "rules", &SCHEMA_RULES, &c->a->rules, &c->b->rules, NULL);
}
