/* The gradients of UMAP's cross-entropy at one pair of rows, for a vector of pairs. */
#include "features/umap_moves.h"
#include "base/memory.h"
#include "compute/cpu_math.h"
#include <stdbool.h>

#define STEP_MAX 4.0f       /* gradients are clipped to it */
#define LEAST_SQUARE 1e-30f /* has a logarithm; nothing beside other squares */

/* Functions of n components are inlined where n is known to be 2, as it mostly is. */
#define INLINED __attribute__((always_inline)) static inline

enum { LANES = UMAP_LANES };

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

INLINED void move(umap_lanes *lanes, const umap_field *f, int n, bool attract)
{
    float away[UMAP_MOST_COMPONENTS][LANES], square[LANES] = {0}, gradient[LANES];
    for (int i = 0; i < n; i++)
        for (int l = 0; l < LANES; l++) {
            away[i][l] = lanes->at[i][l] - ROW(f->stood_NE, lanes->other[l], n)[i];
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

void umap_attract(umap_lanes *lanes, const umap_field *f)
{
    if (f->n_components == 2)
        move(lanes, f, 2, true);
    else
        move(lanes, f, f->n_components, true);
}

/* A counter through a finaliser of 32 bits (that of MurmurHash3, Appleby 2011), scaled to the rows:
 * 32 bits are enough to pick rows by, and vectors multiply them. */
INLINED void draw_others(umap_lanes *lanes, int n)
{
    for (int l = 0; l < LANES; l++) {
        uint32_t x = lanes->random[l] += 0x9e3779b9u;
        x = (x ^ (x >> 16)) * 0x85ebca6bu;
        x = (x ^ (x >> 13)) * 0xc2b2ae35u;
        x ^= x >> 16;
        lanes->other[l] = (int)(((uint64_t)x * (uint32_t)n) >> 32);
    }
}

void umap_push(umap_lanes *lanes, const umap_field *f, int times)
{
    for (int i = 0; i < times; i++) {
        draw_others(lanes, f->n);
        if (f->n_components == 2)
            move(lanes, f, 2, false);
        else
            move(lanes, f, f->n_components, false);
    }
}
