/* Looks glyphs up in the baked atlas and measures text with them. */
#include "draw/font.h"
#include <string.h>

static const glyph *find(font_name font, uint32_t code)
{
    const font_face *face = &FONT_FACES[font];
    int low = 0, high = face->n - 1;
    while (low < high) {
        int middle = (low + high) / 2;
        if (face->glyphs[middle].code < code)
            low = middle + 1;
        else
            high = middle;
    }
    return face->glyphs[low].code == code ? &face->glyphs[low] : &face->glyphs[face->n - 1];
}

const glyph *font_next(font_name font, const char **text)
{
    if (!**text)
        return NULL;
    uint32_t code = 0;
    int length = utf8_decode((const unsigned char *)*text, strlen(*text), &code);
    *text += length ? length : 1;
    return find(font, length ? code : 0);
}

int glyph_coverage(font_name font, const glyph *g, int x, int y)
{
    char digit = FONT_FACES[font].alpha[g->offset + y * g->width + x];
    return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

double font_width(font_name font, const char *text)
{
    int width = 0;
    for (const glyph *g; (g = font_next(font, &text));)
        width += g->advance;
    return width / 2.0;
}

double font_size(font_name font)
{
    return FONT_FACES[font].size / 2.0;
}

void font_fit(str *out, font_name font, const char *text, double width)
{
    if (font_width(font, text) <= width) {
        str_add(out, text);
        return;
    }
    static const char ELLIPSIS[] = "\u2026";
    double room = width - font_width(font, ELLIPSIS), used = 0;
    const char *end = text, *next = text;
    for (const glyph *g; (g = font_next(font, &next)); end = next) {
        used += g->advance / 2.0;
        if (used > room)
            break;
    }
    while (end > text && end[-1] == ' ')
        end--;
    str_add_bytes(out, text, (size_t)(end - text));
    str_add(out, ELLIPSIS);
}
