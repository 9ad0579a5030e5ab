/* Colours: contrast and distance under simulated colour blindness, scales that rise. */
#include "base/memory.h"
#include "draw/color.h"
#include "test.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double PI = 3.14159265358979323846;

static void test_contrast(void **state)
{
    (void)state;
    assert_true(fabs(color_contrast(0x000000, 0xffffff) - 21) < 1e-9);
    assert_true(fabs(color_contrast(0x767676, 0xffffff) - 4.54) < 0.01); /* WCAG's own example */
    for (int theme = 0; theme < THEMES; theme++) {
        rgb ground = theme_color((theme_name)theme, INK_BACKGROUND);
        assert_true(color_contrast(theme_color((theme_name)theme, INK_TEXT), ground) >= 7);
        assert_true(color_contrast(theme_color((theme_name)theme, INK_MUTED), ground) >= 4.5);
        for (int ink = INK_NOISE; ink < INKS; ink++)
            assert_true(color_contrast(theme_color((theme_name)theme, ink), ground) >= 3);
        for (int step = 0; step < STRENGTHS; step++)
            assert_true(color_contrast(strength_color((theme_name)theme, step),
                                       strength_text_color((theme_name)theme, step)) >= 4.5);
    }
}

typedef struct lab {
    double l, a, b;
} lab;

static double linear(double c)
{
    return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double root(double t)
{
    return t > 216.0 / 24389 ? cbrt(t) : (24389.0 / 27 * t + 16) / 116;
}

/* CIE L*a*b* (D65) of a colour seen through a 3 x 3 matrix in linear RGB. */
static lab seen(rgb color, const double m[9])
{
    double in[3], out[3];
    for (int k = 0; k < 3; k++)
        in[k] = linear((color >> (16 - 8 * k) & 255) / 255.0);
    for (int k = 0; k < 3; k++)
        out[k] = fmin(fmax(m[3 * k] * in[0] + m[3 * k + 1] * in[1] + m[3 * k + 2] * in[2], 0), 1);
    double x = (0.4124564 * out[0] + 0.3575761 * out[1] + 0.1804375 * out[2]) / 0.95047;
    double y = 0.2126729 * out[0] + 0.7151522 * out[1] + 0.0721750 * out[2];
    double z = (0.0193339 * out[0] + 0.1191920 * out[1] + 0.9503041 * out[2]) / 1.08883;
    return (lab){116 * root(y) - 16, 500 * (root(x) - root(y)), 200 * (root(y) - root(z))};
}

static double degrees(double b, double a)
{
    double h = atan2(b, a) * 180 / PI;
    return h < 0 ? h + 360 : h;
}

/* CIEDE2000 after Sharma, Wu and Dalal (2005), all weights 1. */
static double difference(lab x, lab y)
{
    double c = (hypot(x.a, x.b) + hypot(y.a, y.b)) / 2, c7 = pow(c, 7), p7 = pow(25, 7);
    double g = 0.5 * (1 - sqrt(c7 / (c7 + p7)));
    double a1 = (1 + g) * x.a, a2 = (1 + g) * y.a, c1 = hypot(a1, x.b), c2 = hypot(a2, y.b);
    double h1 = degrees(x.b, a1), h2 = degrees(y.b, a2);
    double dh = h2 - h1, hm = (h1 + h2) / 2;
    if (fabs(dh) > 180) {
        dh += dh > 0 ? -360 : 360;
        hm += hm < 180 ? 180 : -180;
    }
    if (c1 * c2 <= 0) {
        dh = 0;
        hm = h1 + h2;
    }
    double lm = (x.l + y.l) / 2, cm = (c1 + c2) / 2, r = PI / 180;
    double t = 1 - 0.17 * cos((hm - 30) * r) + 0.24 * cos(2 * hm * r) +
               0.32 * cos((3 * hm + 6) * r) - 0.20 * cos((4 * hm - 63) * r);
    double sl = 1 + 0.015 * (lm - 50) * (lm - 50) / sqrt(20 + (lm - 50) * (lm - 50));
    double sc = 1 + 0.045 * cm, sh = 1 + 0.015 * cm * t, cm7 = pow(cm, 7);
    double turn = -sin(60 * exp(-pow((hm - 275) / 25, 2)) * r) * 2 * sqrt(cm7 / (cm7 + p7));
    double dl = (y.l - x.l) / sl, dc = (c2 - c1) / sc;
    double dhue = 2 * sqrt(c1 * c2) * sin(dh / 2 * r) / sh;
    return sqrt(dl * dl + dc * dc + dhue * dhue + turn * dc * dhue);
}

/* Full dichromacy, Machado, Oliveira and Fernandes (2009). */
static const double VISIONS[][9] = {
    {1, 0, 0, 0, 1, 0, 0, 0, 1},
    {0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.011820, 0.042940, 0.968881},
    {0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998},
    {1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.303900},
};

static void test_difference_formula(void **state)
{
    (void)state;
    /* Three pairs of Sharma, Wu and Dalal's test data, one per branch of the hue mean. */
    assert_true(fabs(difference((lab){50, 2.6772, -79.7751}, (lab){50, 0, -82.7485}) - 2.0425) <
                1e-4);
    assert_true(fabs(difference((lab){50, 2.49, -0.001}, (lab){50, -2.49, 0.0011}) - 7.2195) <
                1e-4);
    assert_true(fabs(difference((lab){50, 2.5, 0}, (lab){73, 25, -18}) - 27.1492) < 1e-4);
}

static void test_series_differ(void **state)
{
    (void)state;
    for (int theme = 0; theme < THEMES; theme++)
        for (size_t v = 0; v < COUNT_OF(VISIONS); v++)
            for (int a = INK_NOISE; a < INKS; a++)
                for (int b = INK_NOISE; b < a; b++) {
                    lab x = seen(theme_color((theme_name)theme, a), VISIONS[v]);
                    lab y = seen(theme_color((theme_name)theme, b), VISIONS[v]);
                    assert_true(difference(x, y) >= 10);
                }
}

static void test_sequential_rises(void **state)
{
    (void)state;
    double last = -1;
    for (int i = 0; i <= 1000; i++) {
        double l = seen(color_sequential(i / 1000.0), VISIONS[0]).l;
        assert_true(l >= last - 0.35); /* 8-bit steps */
        last = fmax(last, l);
    }
    assert_int_equal(color_sequential(0), 0x00224e);
    assert_int_equal(color_sequential(1), 0xfee838);
    assert_int_equal(color_sequential(-5), color_sequential(0));
    assert_int_equal(color_sequential(strtod("nan", NULL)), color_sequential(0));
}

static void test_diverging(void **state)
{
    (void)state;
    for (int theme = 0; theme < THEMES; theme++) {
        rgb ground = theme_color((theme_name)theme, INK_BACKGROUND);
        assert_int_equal(color_diverging((theme_name)theme, 0), ground);
        assert_int_equal(color_diverging((theme_name)theme, -1), 0x0072b2);
        assert_int_equal(color_diverging((theme_name)theme, 1), 0xe69f00);
    }
}

static void test_strength_step(void **state)
{
    (void)state;
    double nan = strtod("nan", NULL);
    assert_int_equal(strength_step(0, 10), -1); /* nothing stays uncoloured */
    assert_int_equal(strength_step(nan, 10), -1);
    assert_int_equal(strength_step(5, nan), -1);
    assert_int_equal(strength_step(1e-9, 10), 0);
    assert_int_equal(strength_step(9.99, 10), 9);
    assert_int_equal(strength_step(11, 10), 9); /* above the maximum */
    assert_int_equal(strength_step(1e300, 1e-300), 9);
}

static void test_css(void **state)
{
    (void)state;
    str css = {0};
    draw_css(&css);
    for (int ink = 0; ink < INKS; ink++) {
        char rule[64], variable[64];
        snprintf(rule, sizeof rule, ".draw .%s { fill: var(--%s); }", ink_class(ink),
                 ink_class(ink));
        snprintf(variable, sizeof variable, "    --%s: #%06x;", ink_class(ink),
                 (unsigned)theme_color(THEME_DARK, ink));
        assert_non_null(strstr(str_text(&css), rule));
        assert_non_null(strstr(str_text(&css), variable));
    }
    assert_null(strstr(str_text(&css), "url("));
    str_release(&css);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contrast),      cmocka_unit_test(test_difference_formula),
        cmocka_unit_test(test_series_differ), cmocka_unit_test(test_sequential_rises),
        cmocka_unit_test(test_diverging),     cmocka_unit_test(test_strength_step),
        cmocka_unit_test(test_css),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
