/* Alternative texts, one line each. */
#include "draw/alt.h"
#include <string.h>

void alt_start(str *out, const char *kind, const figure *f)
{
    if (f->title)
        str_addf(out, "%s of %s: ", kind, f->title);
    else
        str_addf(out, "%s: ", kind);
}

void alt_dropped(str *out, int dropped)
{
    if (dropped)
        str_addf(out, "; %d %s cannot be drawn", dropped, dropped == 1 ? "value" : "values");
}

void alt_add_limited(str *out, const char *text)
{
    static const char ELLIPSIS[] = "\u2026";
    size_t n = strlen(text);
    while (n && text[n - 1] == ' ')
        n--;
    bool cut = n > FIGURE_ALT_MAX;
    if (cut) {
        n = FIGURE_ALT_MAX - (sizeof ELLIPSIS - 1);
        while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
            n--;
    }
    for (size_t i = 0; i < n; i++)
        str_add_char(out, (unsigned char)text[i] < 0x20 ? ' ' : text[i]);
    if (cut)
        str_add(out, ELLIPSIS);
}
