/* Greedy label placement on rings around each point. */
#include "draw/map_labels.h"
#include "base/memory.h"
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { LABEL_HEIGHT = 16, RINGS = 7, RING_STEP = 12, ANGLES = 16 };

typedef struct turn {
    int weight, index;
} turn;

static int heavier(const void *a, const void *b)
{
    const turn *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return x->index - y->index;
}

static bool free_at(const map_label *labels, const turn *order, int placed, const map_label *l,
                    double x, double y)
{
    for (int k = 0; k < placed; k++) {
        const map_label *other = &labels[order[k].index];
        if (fabs(other->at_x - x) < (other->width + l->width) / 2 + 2 &&
            fabs(other->at_y - y) < LABEL_HEIGHT)
            return false;
    }
    return true;
}

void map_labels_place(map_label *labels, int n, double left, double top, double right,
                      double bottom)
{
    turn *order = mem_small((size_t)n + 1, sizeof *order);
    for (int i = 0; i < n; i++)
        order[i] = (turn){labels[i].weight, i};
    qsort(order, (size_t)n, sizeof *order, heavier);
    for (int k = 0; k < n; k++) {
        map_label *l = &labels[order[k].index];
        l->at_x = l->x;
        l->at_y = l->y;
        bool found = free_at(labels, order, k, l, l->x, l->y);
        for (int c = 0; c < RINGS * ANGLES && !found; c++) {
            double radius = RING_STEP * (c / ANGLES + 1.0);
            double angle = (c % ANGLES) * (2 * 3.14159265358979323846 / ANGLES);
            double x = l->x + radius * cos(angle), y = l->y - radius * sin(angle);
            bool inside = x - l->width / 2 >= left && x + l->width / 2 <= right &&
                          y - LABEL_HEIGHT / 2.0 >= top && y + LABEL_HEIGHT / 2.0 <= bottom;
            if (inside && free_at(labels, order, k, l, x, y)) {
                l->at_x = x;
                l->at_y = y;
                found = true;
            }
        }
    }
    mem_free(order);
}
