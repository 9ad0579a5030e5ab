/* The gradients of UMAP's cross-entropy at one pair of rows, for a vector of pairs. */
#include "features/umap_moves.h"
#include "base/memory.h"
#include "compute/cpu_math.h"
#include <stdbool.h>
#include <string.h>

#define STEP_MAX 4.0f       /* gradients are clipped to it */
#define LEAST_SQUARE 1e-30f /* has a logarithm; nothing beside other squares */

/* Functions of n components are inlined where n is known to be 2, as it mostly is. */
#define INLINED __attribute__((always_inline)) static inline

enum { LANES = UMAP_LANES, HALF = 4 };

typedef float places __attribute__((vector_size(2 * HALF * sizeof(float))));
typedef double pairs __attribute__((vector_size(HALF * sizeof(double))));

/* square^b */
INLINED float power_of(float square, float b)
{
    return fast_exp(b * fast_log(square + LEAST_SQUARE));
}

/* How far a row goes for each unit of its distance from the other, before clipping. Rows in one
 * place have no direction and stay. */
INLINED void gradients(float gradient[LANES], const float square[LANES], const umap_field *f,
                       bool attract)
{
    float a = f->a, b = f->b, pull = -2 * a * b, push = 2 * f->repulsion * b;
    for (int l = 0; l < LANES; l++) {
        float power = power_of(square[l], b), curve = a * power + 1;
        float g =
            attract ? pull * power / (square[l] * curve) : push / ((square[l] + 0.001f) * curve);
        gradient[l] = square[l] > 0 ? g : 0;
    }
}

/* Where rows of two components stand, in a map of two: x and y are moved together, as if they were
 * one number of twice the size. */
INLINED void take_pairs(places *out, const float *stood_N2, const int row[HALF])
{
    double pair[HALF];
    for (int l = 0; l < HALF; l++)
        memcpy(&pair[l], ROW(stood_N2, row[l], 2), sizeof pair[l]);
    *out = (places)(pairs){pair[0], pair[1], pair[2], pair[3]};
}

INLINED void find_pairs(float there[2][LANES], const float *stood_N2, const int other[LANES])
{
    for (int l = 0; l < LANES; l += 2 * HALF) {
        places a, b;
        take_pairs(&a, stood_N2, other + l);
        take_pairs(&b, stood_N2, other + l + HALF);
        places x = __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
        places y = __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
        memcpy(there[0] + l, &x, sizeof x);
        memcpy(there[1] + l, &y, sizeof y);
    }
}

INLINED void find_others(float there[][LANES], const float *stood_NE, const int other[LANES], int n)
{
    if (n == 2)
        find_pairs(there, stood_NE, other);
    else
        for (int i = 0; i < n; i++)
            for (int l = 0; l < LANES; l++)
                there[i][l] = ROW(stood_NE, other[l], n)[i];
}

INLINED void move(umap_lanes *lanes, const umap_field *f, int n, bool attract)
{
    float away[UMAP_MOST_COMPONENTS][LANES], square[LANES] = {0}, gradient[LANES];
    find_others(away, f->stood_NE, lanes->other, n);
    for (int i = 0; i < n; i++)
        for (int l = 0; l < LANES; l++) {
            away[i][l] = lanes->at[i][l] - away[i][l];
            square[l] += away[i][l] * away[i][l];
        }
    gradients(gradient, square, f, attract);
    for (int i = 0; i < n; i++)
        for (int l = 0; l < LANES; l++) {
            float step = gradient[l] * away[i][l];
            step = step > STEP_MAX ? STEP_MAX : step < -STEP_MAX ? -STEP_MAX : step;
            lanes->at[i][l] += f->rate * step;
        }
}

INLINED void move_all(umap_lanes *lanes, const umap_field *f, bool attract)
{
    if (f->n_components == 2)
        move(lanes, f, 2, attract);
    else
        move(lanes, f, f->n_components, attract);
}

void umap_attract(umap_lanes *lanes, const umap_field *f)
{
    move_all(lanes, f, true);
}

/* A counter through a finaliser of 32 bits (that of MurmurHash3, Appleby 2011), scaled to the rows:
 * 32 bits are enough to pick rows by, and vectors multiply them. */
INLINED void draw_others(umap_lanes *lanes, int n)
{
    uint32_t drawn[LANES];
    for (int l = 0; l < LANES; l++) {
        uint32_t x = lanes->random[l] += 0x9e3779b9u;
        x = (x ^ (x >> 16)) * 0x85ebca6bu;
        x = (x ^ (x >> 13)) * 0xc2b2ae35u;
        drawn[l] = x ^ (x >> 16);
    }
    for (int l = 0; l < LANES; l++)
        lanes->other[l] = (int)(((uint64_t)drawn[l] * (uint32_t)n) >> 32);
}

void umap_push(umap_lanes *lanes, const umap_field *f, int times)
{
    for (int i = 0; i < times; i++) {
        draw_others(lanes, f->n);
        move_all(lanes, f, false);
    }
}
