/* Numbers stored in 16 bits, widened and gathered: every pattern against the formats' definitions.
 */
#include "base/half.h"
#include "base/memory.h"
#include "common.h"
#include "common_operations.h"
#include "test.h"
#include <math.h>

/* What the bits mean, from the formats' definitions (IEEE 754-2008 3.4; bfloat16 is the upper half
 * of binary32). */
static double meaning(number_type type, uint16_t bits)
{
    int e = type == NUMBER_F16 ? 5 : 8, m = 15 - e, bias = (1 << (e - 1)) - 1;
    int exponent = bits >> m & ((1 << e) - 1), mantissa = bits & ((1 << m) - 1);
    double magnitude = exponent == (1 << e) - 1 ? (mantissa ? (double)NAN : (double)INFINITY)
                       : exponent               ? ldexp(mantissa + (1 << m), exponent - bias - m)
                                                : ldexp(mantissa, 1 - bias - m);
    return bits & 0x8000 ? -magnitude : magnitude;
}

void check_widen(const contenders *all)
{
    enum { PATTERNS = 1 << 16 };
    uint16_t *bits = mem_small(PATTERNS, sizeof *bits);
    for (int i = 0; i < PATTERNS; i++)
        bits[i] = (uint16_t)i;
    for (int b = 0; b < all->n; b++) {
        backend *be = all->be[b];
        void *stored = to_backend(be, bits, PATTERNS * sizeof *bits);
        float *there = be->alloc(be, PATTERNS, sizeof *there, "wide numbers", &be->failure);
        for (number_type type = NUMBER_F16; type <= NUMBER_BF16; type++) {
            be->widen(be, there, stored, type, PATTERNS - 3);
            be->widen(be, there + PATTERNS - 3, (uint16_t *)stored + PATTERNS - 3, type, 3);
            float *wide = from_backend(be, there, PATTERNS);
            for (int i = 0; i < PATTERNS; i++) {
                double want = meaning(type, (uint16_t)i);
                if (isnan(want) ? !isnan(wide[i])
                                : (double)wide[i] != want || !signbit(wide[i]) != !signbit(want))
                    fail_msg("%s: type %d, %04x is %g", be->name, type, i, (double)wide[i]);
            }
            mem_free(wide);
        }
        const float same[3] = {1, -0.0f, 1e-42f};
        be->upload(be, stored, same, sizeof same);
        be->widen(be, there, stored, NUMBER_F32, 3);
        float *copy = from_backend(be, there, 3);
        assert_memory_equal(copy, same, sizeof same);
        mem_free(copy);
        be->free(be, stored);
        be->free(be, there);
    }
    mem_free(bits);
}

/* One type's table read by one backend: row 1 is not asked for. */
static void check_stored(backend *be, const void *stored, number_type type, const float *table,
                         int D)
{
    enum { V = 5, ROWS = 4 };
    static const int32_t ids[ROWS] = {4, -1, 0, 4};
    size_t n = (size_t)(ROWS * D);
    void *there = to_backend(be, stored, (size_t)(V * D) * number_size(type));
    int32_t *ids_there = to_backend(be, ids, sizeof ids);
    float *x = be->alloc(be, n, sizeof *x, "rows", &be->failure);
    be->fill(be, x, 77, n);
    be->gather_rows(be, x, there, type, ids_there, 2, ROWS, V, D);
    float *got = from_backend(be, x, n);
    for (int i = 0; i < ROWS * D; i++)
        assert_true(got[i] == (ids[i / D] < 0 ? 77 : 2 * table[ids[i / D] * D + i % D]));
    mem_free(got);
    be->free(be, x);
    be->free(be, ids_there);
    be->free(be, there);
}

void check_stored_rows(const contenders *all)
{
    enum { V = 5, MOST_D = 8 };
    for (number_type type = NUMBER_F32; type <= NUMBER_BF16; type++) {
        for (int D = MOST_D - 1; D <= MOST_D; D++) { /* one by one, and four at a time */
            float table[V * MOST_D];
            uint16_t half[V * MOST_D];
            for (int i = 0; i < V * D; i++) {
                table[i] = (float)(i - 9) / 8; /* exact in all three types */
                half[i] = type == NUMBER_F16 ? f16_from_float(table[i]) : bf16_from_float(table[i]);
            }
            for (int b = 0; b < all->n; b++)
                check_stored(all->be[b], type == NUMBER_F32 ? (const void *)table : half, type,
                             table, D);
        }
    }
}
