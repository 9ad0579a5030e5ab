/* GFM pipe tables to HTML: caption, column and row headers, right-aligned numbers, and a region
 * that scrolls by itself when the table is wider than the page. */
#ifndef SITE_TABLE_H
#define SITE_TABLE_H
#include "site/document.h"

/* `rows` are whole lines: header, delimiter row, body. `number` makes the caption's id unique.
 * Columns whose delimiter ends in a colon are numbers. */
err_code table_html(str *html, const char *rows, const char *caption, int number,
                    const block_list *blocks, err *e);

#endif
