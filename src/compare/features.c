/* What became of every feature of the dictionary. */
#include "compare/parts.h"
#include "base/str.h"
#include <stdio.h>

/* The map is compared as a whole, and labels of clusters only name them. */
static const char *const APART[] = {"x", "y", "cluster", "selected", NULL};

static bool is_kept(const record_feature *f)
{
    return !f->dropped_by || !*f->dropped_by;
}

static feature_category category_of(const record_feature *a, const record_feature *b, bool moved,
                                    long n_differences)
{
    if (is_kept(a) != is_kept(b))
        return is_kept(a) ? FEATURE_LOST : FEATURE_GAINED;
    if ((a->n_active > 0) != (b->n_active > 0))
        return a->n_active > 0 ? FEATURE_DIED : FEATURE_REVIVED;
    return moved ? FEATURE_MOVED : n_differences ? FEATURE_CHANGED : FEATURE_SAME;
}

static const char *cluster_text(char text[NUMBER_TEXT], int label)
{
    return label == RECORD_NOISE           ? "noise"
           : label == RECORD_NOT_CLUSTERED ? "not clustered"
                                           : number_text(text, label);
}

void compare_features(comparison *c, arena *memory)
{
    c->features = arena_push(memory, (size_t)c->a->n_features + 1, sizeof *c->features);
    for (int i = 0; i < c->a->n_features; i++) {
        const record_feature *a = &c->a->features[i], *b = &c->b->features[i];
        char place[RECORD_NAME + 32], name[RECORD_NAME], left[NUMBER_TEXT], right[NUMBER_TEXT];
        snprintf(place, sizeof place, "features/%s",
                 record_feature_name(name, c->a->run.sae.layer, i));
        feature_pair pair = {.id = i, .moved = has_moved(c, i)};
        pair.n_differences = differences_find(&c->differences, place, &SCHEMA_FEATURE, a, b, APART);
        pair.category = category_of(a, b, pair.moved, pair.n_differences);
        c->dictionary[pair.category]++;
        if (pair.moved) {
            snprintf(place, sizeof place, "features/%s.cluster", name);
            differences_add(&c->differences, place, cluster_text(left, a->cluster),
                            cluster_text(right, b->cluster));
        }
        if (pair.category != FEATURE_SAME)
            c->features[c->n_features++] = pair;
    }
}
