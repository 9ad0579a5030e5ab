/* Tokens as coloured boxes, wrapped into lines, with a scale below. */
#include "base/memory.h"
#include "draw/color.h"
#include "draw/font.h"
#include "draw/inline_svg.h"
#include "draw/svg_text.h"
#include "draw/alt.h"
#include <math.h>

enum { STRIP_WIDTH = 680, BOX = 22, GAP = 3, PAD = 4, TEXT_MAX = 200, SCALE_CELL = 14 };

static double maximum_of(const token_value *tokens, int n, double maximum)
{
    if (maximum > 0 && isfinite(maximum))
        return maximum;
    maximum = 0;
    for (int i = 0; i < n; i++)
        if (isfinite(tokens[i].value))
            maximum = fmax(maximum, tokens[i].value);
    return maximum;
}

/* The widths come from the baked font, which is wider than most system fonts. */
static double box_width(const char *shown)
{
    return fmax(font_width(FONT_REGULAR, shown), 6) + 2 * PAD;
}

static void add_rectangle(str *out, double x, double y, double width, double height, int step,
                          bool mark)
{
    str_add(out, "<rect");
    svg_attribute(out, "x", x);
    svg_attribute(out, "y", y);
    svg_attribute(out, "width", width);
    svg_attribute(out, "height", height);
    str_add(out, " rx=\"2\"");
    if (step >= 0)
        str_addf(out, " class=\"draw-q%d\" fill=\"#%06x\"", step,
                 (unsigned)strength_color(THEME_LIGHT, step));
    else
        svg_stroke(out, INK_GRID);
    str_add(out, "/>");
    if (!mark)
        return;
    str_add(out, "<rect");
    svg_attribute(out, "x", x - 0.5);
    svg_attribute(out, "y", y - 0.5);
    svg_attribute(out, "width", width + 1);
    svg_attribute(out, "height", height + 1);
    str_add(out, " rx=\"2.5\"");
    svg_stroke(out, INK_TEXT);
    str_add(out, " stroke-width=\"1.6\"/>");
}

static void add_token(str *out, const token_value *t, const char *shown, double x, double y,
                      int step)
{
    double width = box_width(shown);
    char number[NUMBER_TEXT];
    str_add(out, "<g><title>");
    svg_escape(out, t->text);
    str_addf(out, ": %s</title>", isfinite(t->value) ? number_text(number, t->value) : "no value");
    add_rectangle(out, x, y, width, BOX, step, t->mark);
    str_add(out, "<text");
    svg_attribute(out, "x", x + width / 2);
    svg_attribute(out, "y", y + 15.5);
    str_add(out, " text-anchor=\"middle\"");
    if (step >= 0)
        str_addf(out, " class=\"draw-on%d\" fill=\"#%06x\"", step,
                 (unsigned)strength_text_color(THEME_LIGHT, step));
    else
        svg_fill(out, INK_TEXT);
    str_add_char(out, '>');
    svg_escape(out, shown);
    str_add(out, "</text></g>\n");
}

static void add_number(str *out, double x, double y, const char *anchor, double value)
{
    char number[NUMBER_TEXT];
    str_add(out, "<text");
    svg_attribute(out, "x", x);
    svg_attribute(out, "y", y);
    str_addf(out, " text-anchor=\"%s\"", anchor);
    svg_fill(out, INK_MUTED);
    str_addf(out, ">%s</text>\n", number_text(number, value));
}

static void add_scale(str *out, double y, double maximum)
{
    add_number(out, 10, y + 10, "end", 0);
    for (int step = 0; step < STRENGTHS; step++) {
        add_rectangle(out, 16 + step * SCALE_CELL, y, SCALE_CELL - 1, 11, step, false);
        str_add_char(out, '\n');
    }
    add_number(out, 16 + STRENGTHS * SCALE_CELL + 5, y + 10, "start", maximum);
}

/* The boxes from `top` on; returns the y below the last line. */
static double add_tokens(str *out, const token_value *tokens, int n, double maximum, double width,
                         double top)
{
    double x = 1, y = top;
    str visible = {0}, shown = {0};
    for (int i = 0; i < n; i++) {
        str_clear(&visible);
        str_clear(&shown);
        text_visible(&visible, tokens[i].text);
        font_fit(&shown, FONT_REGULAR, str_text(&visible), TEXT_MAX);
        double w = box_width(str_text(&shown));
        if (x > 1 && x + w > width - 1) {
            x = 1;
            y += BOX + GAP + 2;
        }
        add_token(out, &tokens[i], str_text(&shown), x, y, strength_step(tokens[i].value, maximum));
        x += w + GAP;
    }
    str_release(&shown);
    str_release(&visible);
    return y + (n ? BOX : 0);
}

/* Boxes and their scale; returns the y below them. */
static double add_strip(str *out, const token_value *tokens, int n, double maximum, double width,
                        double top)
{
    maximum = maximum_of(tokens, n, maximum);
    double bottom = add_tokens(out, tokens, n, maximum, width, top);
    if (!(maximum > 0))
        return bottom;
    add_scale(out, bottom + 9, maximum);
    return bottom + 22;
}

void token_strip_svg(str *out, const token_value *tokens, int n, double maximum, int width,
                     const char *label)
{
    width = width > 0 ? width : STRIP_WIDTH;
    str body = {0};
    double bottom = add_strip(&body, tokens, n, maximum, width, 2);
    svg_open(out, "img", width, ceil(bottom + 2), label, NULL);
    str_add(out, str_text(&body));
    svg_close(out);
    str_release(&body);
}

static void add_title(str *out, double y, const char *title)
{
    str_add(out, "<text");
    svg_attribute(out, "x", 1);
    svg_attribute(out, "y", y);
    svg_fill(out, INK_TEXT);
    str_add_char(out, '>');
    svg_escape(out, title);
    str_add(out, "</text>\n");
}

void token_strips_file(str *out, const token_strip *strips, int n)
{
    str body = {0}, style = {0}, alt = {0};
    double bottom = 0;
    for (int i = 0; i < n; i++) {
        add_title(&body, bottom + 16, strips[i].title);
        bottom = add_strip(&body, strips[i].tokens, strips[i].n, strips[i].maximum, STRIP_WIDTH,
                           bottom + 24);
        bottom += 10;
        if (i)
            str_add(&alt, "; ");
        str_addf(&alt, "%s: ", strips[i].title);
        token_strip_alt(&alt, &strips[i]);
    }
    draw_css(&style);
    svg_open(out, "img", STRIP_WIDTH, ceil(bottom), str_text(&alt), str_text(&style));
    str_addf(out, "<rect width=\"%d\" height=\"%.0f\"", STRIP_WIDTH, ceil(bottom)); /* opaque */
    svg_fill(out, INK_BACKGROUND);
    str_add(out, "/>\n");
    str_add(out, str_text(&body));
    svg_close(out);
    str_release(&alt);
    str_release(&style);
    str_release(&body);
}

void token_strip_values(const drawn_values *to, const token_strip *strip)
{
    for (int i = 0; i < strip->n; i++)
        drawn_values_point(to, NULL, strip->tokens[i].text, i, strip->tokens[i].value);
}

void token_strip_alt(str *out, const token_strip *strip)
{
    int highest = -1;
    str text = {0};
    char number[NUMBER_TEXT];
    for (int i = 0; i < strip->n; i++)
        if (isfinite(strip->tokens[i].value) &&
            (highest < 0 || strip->tokens[i].value > strip->tokens[highest].value))
            highest = i;
    str_addf(&text, "%s: %d tokens", strip->label, strip->n);
    if (highest >= 0)
        str_addf(&text, ", highest %s at position %d",
                 number_text(number, strip->tokens[highest].value), highest);
    alt_add_limited(out, str_text(&text));
    str_release(&text);
}
