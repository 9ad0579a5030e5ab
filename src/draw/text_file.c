/* Alternative texts and their files. */
#include "draw/text_file.h"
#include "base/arena.h"
#include "base/io.h"
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

err_code drawing_write_text(const str *text, const char *dir, const char *stem, const char *ending,
                            err *e)
{
    arena a = {0};
    char *path = arena_printf(&a, "%s/%s%s", dir, stem, ending);
    err_code rc = io_write(path, str_text(text), text->len, e);
    arena_release(&a);
    return rc;
}

err_code drawing_write_texts(const str *svg, const str *csv, const str *alt, const char *dir,
                             const char *stem, err *e)
{
    str line = {0};
    str_addf(&line, "%s\n", str_text(alt));
    err_code rc = drawing_write_text(svg, dir, stem, ".svg", e);
    if (!rc)
        rc = drawing_write_text(csv, dir, stem, ".csv", e);
    if (!rc)
        rc = drawing_write_text(&line, dir, stem, ".txt", e);
    str_release(&line);
    return rc;
}
