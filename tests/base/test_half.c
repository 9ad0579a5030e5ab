/* 16-bit floats: every bit pattern there and back, and the cases that are hard to round. */
#include "test.h"
#include "base/memory.h"
#include "base/half.h"
#include <math.h>
#include <string.h>

static void every_pattern_survives(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits <= 0xffff; bits++) {
        float f16 = f16_to_float((uint16_t)bits), bf16 = bf16_to_float((uint16_t)bits);
        if (isnan(f16))
            assert_true(isnan(f16_to_float(f16_from_float(f16))));
        else
            assert_int_equal(f16_from_float(f16), bits);
        if (isnan(bf16))
            assert_true(isnan(bf16_to_float(bf16_from_float(bf16))));
        else
            assert_int_equal(bf16_from_float(bf16), bits);
    }
}

static const struct {
    float value;
    uint16_t f16, bf16;
} rows[] = {
    {1.0f, 0x3c00, 0x3f80},
    {-0.0f, 0x8000, 0x8000},          /* the sign of zero stays */
    {0x1.004p0f, 0x3c01, 0x3f80},     /* one unit of f16 */
    {0x1.002p0f, 0x3c00, 0x3f80},     /* half a unit of f16: to even, down */
    {0x1.006p0f, 0x3c02, 0x3f80},     /* to even, up */
    {0x1.01p0f, 0x3c04, 0x3f80},      /* half a unit of bf16: to even, down */
    {0x1.03p0f, 0x3c0c, 0x3f82},      /* to even, up */
    {65504.0f, 0x7bff, 0x4780},       /* the largest f16 */
    {0x1.ffdffep15f, 0x7bff, 0x4780}, /* just below halfway to the next */
    {65520.0f, 0x7c00, 0x4780},       /* halfway: infinity */
    {-1e30f, 0xfc00, 0xf14a},
    {0x1.fffffep127f, 0x7c00, 0x7f80},  /* the largest float rounds to infinity in both */
    {0x1p-14f, 0x0400, 0x3880},         /* the smallest normal f16 */
    {0x1.ffcp-15f, 0x0400, 0x387f + 1}, /* rounds up into it: halfway to the largest subnormal */
    {0x1p-24f, 0x0001, 0x3380},         /* the smallest subnormal */
    {0x1p-25f, 0x0000, 0x3300},         /* half of it: to even, zero */
    {0x1.000002p-25f, 0x0001, 0x3300},  /* a little more than half */
    {0x1.8p-24f, 0x0002, 0x33c0},       /* halfway between the first two: to even */
    {INFINITY, 0x7c00, 0x7f80},
};

static void rounding_is_to_nearest_even(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (f16_from_float(rows[i].value) != rows[i].f16 ||
            bf16_from_float(rows[i].value) != rows[i].bf16)
            fail_msg("row %zu: %a gives %04x %04x", i, (double)rows[i].value,
                     f16_from_float(rows[i].value), bf16_from_float(rows[i].value));
    }
    uint32_t bits = 0x7f800001; /* a NaN whose payload is all in the bits that are cut off */
    float nan_value;
    memcpy(&nan_value, &bits, sizeof bits);
    assert_true(isnan(bf16_to_float(bf16_from_float(nan_value))));
    assert_true(isnan(f16_to_float(f16_from_float(nan_value))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pattern_survives),
        cmocka_unit_test(rounding_is_to_nearest_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
