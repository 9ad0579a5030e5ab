/* Many rows of a map moved at once, a row in each lane of a vector. */
#ifndef FEATURES_UMAP_MOVES_H
#define FEATURES_UMAP_MOVES_H
#include "features/umap.h"
#include <stdint.h>

enum { UMAP_LANES = 32 };

/* What moves rows: others, where they stand, and how strongly. */
typedef struct umap_field {
    const float *stood_NE;
    int n, n_components;
    float a, b, repulsion, rate;
} umap_field;

typedef struct umap_lanes {
    float at[UMAP_MOST_COMPONENTS][UMAP_LANES]; /* where each lane's row is now */
    int other[UMAP_LANES];                      /* the row that it meets */
    uint32_t random[UMAP_LANES];                /* a stream of draws each */
} umap_lanes;

/* Every lane's row comes nearer to its `other`. */
void umap_attract(umap_lanes *lanes, const umap_field *field);
/* Every lane's row is pushed away from `times` random rows, one after the other. */
void umap_push(umap_lanes *lanes, const umap_field *field, int times);

#endif
