/* exp, tanh and the normal distribution as straight-line float arithmetic, so that loops over them
 * become vector code; the GPU's kernels use the same. The polynomials are least-squares fits
 * weighted towards the largest relative error (Lawson 1961); errors below were measured against
 * libm by tests/compute/test_cpu_math.c. */
#ifndef COMPUTE_CPU_MATH_H
#define COMPUTE_CPU_MATH_H
#include "base/host_device.h"
#include <stdint.h>
#include <string.h>

/* Relative error below 1e-7 for -87 <= x <= 88; below that 0, above that infinity; NaN stays NaN.
 * 2^n r^x: adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits. */
HOST_DEVICE static inline float fast_exp(float x)
{
    const float ROUNDER = 12582912.0f;
    float clamped = x > 88.7f ? 88.7f : x < -87.3f ? -87.3f : x;
    float shifted = clamped * 1.44269504f + ROUNDER;
    float n = shifted - ROUNDER;
    float r = (clamped - n * 0.693359375f) - n * -2.12194440e-4f;
    float p = 1.38131645e-3f;
    p = p * r + 8.36941134e-3f;
    p = p * r + 4.16684560e-2f;
    p = p * r + 1.66665152e-1f;
    p = p * r + 0.49999994f;
    p = p * r * r + r + 1.0f;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << 23) + 0x3f800000u;
    float power;
    memcpy(&power, &bits, sizeof power);
    float y = p * power;
    return x < -87.3f ? 0.0f : y;
}

/* The natural logarithm of a normal number above 0, relative error below 3e-7. With x = 2^n m, m
 * about 1, and r = (m - 1) / (m + 1) it is n log 2 + 2 (r + r^3/3 + r^5/5 + ...) (Abramowitz,
 * Stegun 4.1.27). */
HOST_DEVICE static inline float fast_log(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t above = bits - 0x3f3504f3u; /* than the root of 1/2: n is 0 from there to that of 2 */
    float n = (float)((int32_t)above >> 23);
    bits = (above & 0x7fffffu) + 0x3f3504f3u;
    float m;
    memcpy(&m, &bits, sizeof m);
    float r = (m - 1.0f) / (m + 1.0f), q = r * r;
    float p = 0.111111111f;
    p = p * q + 0.142857143f;
    p = p * q + 0.2f;
    p = p * q + 0.333333333f;
    return n * 0.693359375f + (2.0f * r + (2.0f * r * q * p + n * -2.12194440e-4f));
}

/* Relative error below 1.5e-7. Near 0 an odd polynomial, elsewhere 1 - 2 / (e^2x + 1). */
HOST_DEVICE static inline float fast_tanh(float x)
{
    float size = x < 0 ? -x : x, q = x * x;
    float p = -5.66014787e-3f;
    p = p * q + 2.05911584e-2f;
    p = p * q + -5.37211336e-2f;
    p = p * q + 0.133311287f;
    p = p * q + -0.333332598f;
    float near = x + x * q * p;
    float far = 1.0f - 2.0f / (fast_exp(2.0f * size) + 1.0f);
    far = x < 0 ? -far : far;
    return size < 0.625f ? near : far;
}

HOST_DEVICE static inline float fast_sigmoid(float x)
{
    return 1.0f / (1.0f + fast_exp(-x));
}

/* The standard normal distribution: its density in *density, its integral up to x returned.
 * For t = |x| the integral beyond t is exp(-t^2 / 2) g(t) with g smooth; g is u times a polynomial
 * in u = 1 / (1 + 0.35 t), the form of Abramowitz, Stegun 7.1.26. Absolute error below 2e-7; in the
 * left tail down to x = -11 the relative error is below 3e-6, the rounding of t^2 in exp(). */
HOST_DEVICE static inline float fast_normal(float x, float *density)
{
    float t = x < 0 ? -x : x;
    t = t > 13.0f ? 13.0f : t;
    float u = 1.0f / (1.0f + 0.35f * t);
    float p = -2.91151311e-2f;
    p = p * u + 0.143818974f;
    p = p * u + -0.255392134f;
    p = p * u + 0.158797786f;
    p = p * u + -2.28442363e-2f;
    p = p * u + 0.105392471f;
    p = p * u + 0.119863011f;
    p = p * u + 0.139857575f;
    p = p * u + 0.13962166f;
    float bell = fast_exp(-0.5f * t * t);
    float tail = bell * p * u;
    *density = 0.398942280f * bell;
    return x < 0 ? tail : 1.0f - tail;
}

#endif
