/* Sums of exponentials in double, of long rows such as logits. */
#ifndef BASE_LOG_SUM_H
#define BASE_LOG_SUM_H
#include <stdint.h>
#include <string.h>

/* exp as straight-line arithmetic, so that loops over it become vector code. Relative error below
 * 5e-16 for -708 <= x <= 709; 0 below; above and for NaN: not asked for. With n the integer nearest
 * to x / log 2 it is 2^n times the Taylor series of the rest, whose first term left out is below
 * 5e-18. Adding 1.5 * 2^52 rounds to the nearest integer and leaves it in the low bits; log 2 is
 * split as in fdlibm, so that n times its first part is exact. */
static inline double exp_wide(double x)
{
    const double ROUNDER = 6755399441055744.0, LEAST = -708.0;
    double clamped = x < LEAST ? LEAST : x;
    double shifted = clamped * 1.4426950408889634 + ROUNDER;
    double n = shifted - ROUNDER;
    double r = (clamped - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
    double p = 1.0 / 6227020800;
    p = p * r + 1.0 / 479001600;
    p = p * r + 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    p = p * r * r + r + 1.0;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << 52) + ((uint64_t)0x3ff << 52);
    double power;
    memcpy(&power, &bits, sizeof power);
    return x < LEAST ? 0.0 : p * power;
}

/* Sums of doubles are kept in SUM_LANES partial sums, element i in lane i % SUM_LANES. */
enum { SUM_LANES = 8 };
double lanes_total(const double lane[SUM_LANES]);

/* log of the sum of exp(x[i]); n >= 1. */
double log_sum_exp(const float *x, int n);

#endif
