/* Colour scales, from tables and mixtures. */
#include "draw/color.h"
#include <math.h>

/* Every fifth entry of the 256 that the authors published; the ones between are linear, which is
 * at most 4 of 255 away from theirs. */
static const rgb CIVIDIS[] = {
    0x00224e, 0x002656, 0x002a5f, 0x002d68, 0x003070, 0x083370, 0x163770, 0x203a6f, 0x273e6e,
    0x2e416d, 0x34456c, 0x3a486c, 0x3f4c6c, 0x444f6c, 0x49536c, 0x4e566c, 0x535a6d, 0x575d6d,
    0x5c616e, 0x60646f, 0x656870, 0x696b71, 0x6d6f72, 0x727274, 0x767676, 0x7a7a78, 0x7e7d78,
    0x838179, 0x888578, 0x8d8878, 0x928c78, 0x969077, 0x9b9476, 0xa09875, 0xa59c74, 0xaaa073,
    0xafa471, 0xb5a86f, 0xbaac6d, 0xbfb06b, 0xc4b468, 0xc9b965, 0xcfbd62, 0xd4c15f, 0xdac65b,
    0xdfca57, 0xe5cf52, 0xead34c, 0xf0d846, 0xf6dd3f, 0xfce236, 0xfee838,
};

/* A heat map uses every second of the 256 entries, so that the 8-bit palette of its PNG has room
 * left for text. */
enum { SEQUENTIAL_STEPS = 128 };

rgb color_mix(rgb a, rgb b, double t)
{
    rgb out = 0;
    for (int shift = 16; shift >= 0; shift -= 8) {
        double x = a >> shift & 255, y = b >> shift & 255;
        out |= (rgb)(x + (y - x) * t + 0.5) << shift;
    }
    return out;
}

static double clamp(double t, double low, double high)
{
    return !(t > low) ? low : t > high ? high : t; /* NaN: low */
}

rgb color_sequential(double t)
{
    enum { LAST = sizeof CIVIDIS / sizeof *CIVIDIS - 1 };
    double step = floor(clamp(t, 0, 1) * (SEQUENTIAL_STEPS - 1) + 0.5) / (SEQUENTIAL_STEPS - 1);
    double at = step * LAST;
    int i = (int)at < LAST ? (int)at : LAST - 1;
    return color_mix(CIVIDIS[i], CIVIDIS[i + 1], at - i);
}

rgb color_diverging(theme_name theme, double t)
{
    enum { HALF = SEQUENTIAL_STEPS / 2 };
    double step = floor(fabs(clamp(t, -1, 1)) * HALF + 0.5);
    return color_mix(theme_color(theme, INK_BACKGROUND), t < 0 ? 0x0072b2 : 0xe69f00, step / HALF);
}

rgb strength_color(theme_name theme, int step)
{
    rgb end = theme == THEME_DARK ? 0x0072b2 : 0xe69f00;
    return color_mix(theme_color(theme, INK_BACKGROUND), end, (step + 1.0) / STRENGTHS);
}

rgb strength_text_color(theme_name theme, int step)
{
    rgb fill = strength_color(theme, step);
    return color_contrast(fill, 0x111111) > color_contrast(fill, 0xf2f2f2) ? 0x111111 : 0xf2f2f2;
}

int strength_step(double value, double maximum)
{
    if (!(maximum > 0) || !(value > 0))
        return -1;
    double t = value / maximum * STRENGTHS;
    return t >= STRENGTHS ? STRENGTHS - 1 : (int)t;
}
