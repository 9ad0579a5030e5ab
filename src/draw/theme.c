/* The two colour tables and everything derived from them. */
#include "draw/theme.h"
#include "draw/color.h"
#include <math.h>

static const char *const CLASSES[INKS] = {"draw-bg",    "draw-text", "draw-muted", "draw-grid",
                                          "draw-noise", "draw-s0",   "draw-s1",    "draw-s2",
                                          "draw-s3",    "draw-s4",   "draw-s5",    "draw-s6"};

/* Series 0..3 are Okabe and Ito's blue, vermillion, bluish green and reddish purple, lightened a
 * little on the dark background; 4..6 are our own, chosen so that every pair, noise included, is at
 * least CIEDE2000 10 apart under simulated deutan, protan and tritan vision. */
static const rgb COLORS[THEMES][INKS] = {
    [THEME_LIGHT] = {0xffffff, 0x1a1a1a, 0x595959, 0xe4e4e4, 0x6f6f6f, 0x0072b2, 0xd55e00, 0x009e73,
                     0xcc79a7, 0x5e4b00, 0x8b1a4a, 0x1a1a1a},
    [THEME_DARK] = {0x14171a, 0xe6e6e6, 0xa9afb5, 0x2b3036, 0x6f7479, 0x2f86d8, 0xd9601a, 0x12ad80,
                    0xdb8cb8, 0xf0c24b, 0xa6e3fa, 0xf2f2f2},
};

rgb theme_color(theme_name theme, int ink)
{
    return COLORS[theme][ink];
}

const char *ink_class(int ink)
{
    return CLASSES[ink];
}

/* Linear light of one sRGB channel (IEC 61966-2-1). */
static double linear(uint32_t channel)
{
    double c = channel / 255.0;
    return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double luminance(rgb c)
{
    return 0.2126 * linear(c >> 16 & 255) + 0.7152 * linear(c >> 8 & 255) +
           0.0722 * linear(c & 255);
}

double color_contrast(rgb a, rgb b)
{
    double x = luminance(a), y = luminance(b);
    return x > y ? (x + 0.05) / (y + 0.05) : (y + 0.05) / (x + 0.05);
}

static void add_variables(str *out, theme_name theme, const char *indent)
{
    for (int i = 0; i < INKS; i++)
        str_addf(out, "%s--%s: #%06x;\n", indent, CLASSES[i], (unsigned)COLORS[theme][i]);
    for (int i = 0; i < STRENGTHS; i++)
        str_addf(out, "%s--draw-q%d: #%06x;\n%s--draw-on%d: #%06x;\n", indent, i,
                 (unsigned)strength_color(theme, i), indent, i,
                 (unsigned)strength_text_color(theme, i));
}

void draw_css(str *out)
{
    str_add(out, ".draw {\n");
    add_variables(out, THEME_LIGHT, "  ");
    str_add(out, "}\n@media (prefers-color-scheme: dark) {\n  .draw {\n");
    add_variables(out, THEME_DARK, "    ");
    str_add(out, "  }\n}\n");
    for (int i = 0; i < INKS; i++) {
        const char *class = CLASSES[i], *name = class + sizeof "draw-" - 1;
        str_addf(out, ".draw .%s { fill: var(--%s); }\n", class, class);
        str_addf(out, ".draw .draw-line-%s { fill: none; stroke: var(--%s); }\n", name, class);
    }
    for (int i = 0; i < STRENGTHS; i++)
        str_addf(out,
                 ".draw .draw-q%d { fill: var(--draw-q%d); }\n"
                 ".draw .draw-on%d { fill: var(--draw-on%d); }\n",
                 i, i, i, i);
    str_add(out,
            ".draw .draw-halo { stroke: var(--draw-bg); stroke-width: 3px; paint-order: stroke; }\n"
            ".draw .draw-rim { stroke: var(--draw-bg); }\n"
            ".draw a:focus-visible { outline: 2px solid var(--draw-text); }\n");
}
