/* The gradients of UMAP's cross-entropy at one pair of rows, for a vector of pairs. */
#include "features/umap_moves.h"
#include "base/memory.h"
#include <stdbool.h>
#include <string.h>

#define STEP_MAX 4.0f       /* gradients are clipped to it */
#define LEAST_SQUARE 1e-30f /* has a logarithm; nothing beside other squares */

/* Functions of n components are inlined where n is known to be 2, as it mostly is. */
#define INLINED __attribute__((always_inline)) static inline

enum { LANES = UMAP_LANES, HALF = 4 };

typedef float places __attribute__((vector_size(2 * HALF * sizeof(float))));
typedef double pairs __attribute__((vector_size(HALF * sizeof(double))));
typedef uint32_t draws __attribute__((vector_size(LANES * sizeof(uint32_t))));
typedef uint64_t wide_draws __attribute__((vector_size(LANES * sizeof(uint64_t))));

/* x^b for normal x above 0, relative error below 3e-5 |b|: more than enough for a step, and short,
 * since a row's steps wait for one another. As in fast_log() and fast_exp() x = 2^n (1 + t) with n
 * whole and 1 + t about 1, and b log2 x is cut likewise; the polynomials are least-squares fits
 * weighted towards the largest error (Lawson 1961), summed as a tree. */
INLINED float power_of(float x, float b)
{
    const float ROUNDER = 12582912.0f; /* 1.5 * 2^23: rounds to the nearest integer */
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t above = bits - 0x3f3504f3u; /* than the root of 1/2 */
    bits = (above & 0x7fffffu) + 0x3f3504f3u;
    float t;
    memcpy(&t, &bits, sizeof t);
    t -= 1;
    float tt = t * t, log_low = 1.44265583f - 0.720462490f * t;
    float log_high = 0.484649019f - 0.392460417f * t + 0.261163652f * tt;
    float y = b * ((float)((int32_t)above >> 23) + t * (log_low + tt * log_high));
    y = y > 126 ? 126 : y < -126 ? -126 : y;
    float shifted = y + ROUNDER, f = y - (shifted - ROUNDER), ff = f * f;
    float low = 1.00000015f + 0.693121035f * f;
    float high = 0.240218658f + 0.0559220299f * f + 0.00968570032f * ff;
    float power = low + ff * high;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << 23) + 0x3f800000u;
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return power * scale;
}

/* How far a row goes for each unit of its distance from the other, before clipping. Rows in one
 * place have no direction and stay. */
INLINED void gradients(float gradient[LANES], const float square[LANES], const umap_field *f,
                       bool attract)
{
    float a = f->a, b = f->b, pull = -2 * a * b, push = 2 * f->repulsion * b;
    for (int l = 0; l < LANES; l++) {
        float power = power_of(square[l] + LEAST_SQUARE, b), curve = a * power + 1;
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
 * 32 bits are enough to pick rows by, and vectors multiply them. Written as vectors: of a loop over
 * the lanes GCC makes single multiplications. */
INLINED void draw_others(umap_lanes *lanes, int n)
{
    draws x;
    memcpy(&x, lanes->random, sizeof x);
    x += 0x9e3779b9u;
    memcpy(lanes->random, &x, sizeof x);
    x = (x ^ (x >> 16)) * 0x85ebca6bu;
    x = (x ^ (x >> 13)) * 0xc2b2ae35u;
    x ^= x >> 16;
    wide_draws scaled = __builtin_convertvector(x, wide_draws) * (uint32_t)n >> 32;
    x = __builtin_convertvector(scaled, draws);
    memcpy(lanes->other, &x, sizeof x);
}

void umap_push(umap_lanes *lanes, const umap_field *f, int times)
{
    for (int i = 0; i < times; i++) {
        draw_others(lanes, f->n);
        move_all(lanes, f, false);
    }
}
