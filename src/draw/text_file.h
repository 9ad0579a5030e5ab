/* The alternative text of a drawing, and the text files beside it. */
#ifndef DRAW_TEXT_FILE_H
#define DRAW_TEXT_FILE_H
#include "base/err.h"
#include "base/str.h"
#include "draw/figure.h"

/* Appends "KIND of TITLE: " or "KIND: ". */
void alt_start(str *out, const char *kind, const figure *f);
/* Appends "; 3 values cannot be drawn" when there are any. */
void alt_dropped(str *out, int dropped);
/* Appends `text` on one line, cut at a character with an ellipsis to FIGURE_ALT_MAX bytes. */
void alt_add_limited(str *out, const char *text);

/* Writes DIR/STEM followed by `ending`. */
err_code drawing_write_text(const str *text, const char *dir, const char *stem, const char *ending,
                            err *e);
/* Writes DIR/STEM.svg, .csv and .txt (`alt` as a line). */
err_code drawing_write_texts(const str *svg, const str *csv, const str *alt, const char *dir,
                             const char *stem, err *e);

#endif
