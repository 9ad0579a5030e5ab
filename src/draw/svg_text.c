/* Escaping and the small pieces every SVG drawing writes. */
#include "draw/svg_text.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Characters that are valid UTF-8 but that XML forbids or that change how the rest is read. */
static bool is_hidden(uint32_t c)
{
    return (c >= 0x7f && c <= 0x9f) || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x2069) || c == 0xfeff ||
           (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef);
}

static void add_ascii(str *out, char c)
{
    switch (c) {
    case '\n':
        str_add(out, "\u2424");
        break;
    case '\t':
        str_add(out, "\\t");
        break;
    case '\r':
        str_add(out, "\\r");
        break;
    default:
        if ((unsigned char)c < 0x20)
            str_addf(out, "\\x%02x", (unsigned)(unsigned char)c);
        else
            str_add_char(out, c);
    }
}

void text_visible(str *out, const char *text)
{
    size_t left = strlen(text);
    while (left) {
        const unsigned char *p = (const unsigned char *)text;
        uint32_t code = 0;
        int length = utf8_decode(p, left, &code);
        if (!length)
            str_addf(out, "\\x%02x", (unsigned)*p);
        else if (is_hidden(code))
            str_addf(out, "\\u%04x", (unsigned)code);
        else if (length == 1)
            add_ascii(out, *text);
        else
            str_add_bytes(out, text, (size_t)length);
        text += length ? length : 1;
        left -= length ? (size_t)length : 1;
    }
}

void svg_escape(str *out, const char *text)
{
    str visible = {0};
    text_visible(&visible, text);
    str_add_xml(out, str_text(&visible));
    str_release(&visible);
}

void svg_number(str *out, double value)
{
    if (!isfinite(value) || fabs(value) < 0.05)
        value = 0;
    str_addf(out, "%.1f", value);
}

void svg_attribute(str *out, const char *name, double value)
{
    str_addf(out, " %s=\"", name);
    svg_number(out, value);
    str_add_char(out, '"');
}

void svg_fill(str *out, int ink)
{
    str_addf(out, " class=\"%s\" fill=\"#%06x\"", ink_class(ink),
             (unsigned)theme_color(THEME_LIGHT, ink));
}

void svg_stroke(str *out, int ink)
{
    str_addf(out, " class=\"draw-line-%s\" fill=\"none\" stroke=\"#%06x\"",
             ink_class(ink) + sizeof "draw-" - 1, (unsigned)theme_color(THEME_LIGHT, ink));
}

void svg_open(str *out, const char *role, double width, double height, const char *label,
              const char *style)
{
    str_addf(out,
             "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"draw\" role=\"%s\" width=\"%.0f\" "
             "height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" font-family=\"system-ui, sans-serif\" "
             "font-size=\"12\" aria-label=\"",
             role, width, height, width, height);
    svg_escape(out, label);
    str_add(out, "\">\n");
    if (style)
        str_addf(out, "<style>\n%s</style>\n", style);
}

void svg_close(str *out)
{
    str_add(out, "</svg>\n");
}
