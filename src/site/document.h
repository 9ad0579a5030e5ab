/* The source of a page (a filled template) becomes two documents: Markdown as published, and the
 * HTML of its body.
 *
 * A source is CommonMark with GFM pipe tables and lines of our own:
 *   @insert KEY CAPTION   a block (figure, map, tokens), with its caption in Markdown
 *   @caption TEXT         caption of the table on the next line
 *   @begin CLASS          a <div class=CLASS> in HTML, nothing in Markdown, up to @end
 *   @aside NAME           as it stands, up to @end; a single file leaves it out and says so
 *   @details SUMMARY      folded away, up to @end; a single file leaves it out and says so
 *   @markdown             only in the Markdown document, up to @end
 * and MARK_BLOCK number MARK_BLOCK_END inside a line for an inline block. */
#ifndef SITE_DOCUMENT_H
#define SITE_DOCUMENT_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* Something made by C code rather than by a template, in both forms. */
typedef struct block {
    const char *key;
    const char *markdown, *html;
    const char *data; /* relative URL of the drawn values, linked from the caption; NULL: none */
} block;

typedef struct block_list {
    arena *memory;
    block *items;
    int n, room;
} block_list;

/* Adds a block; texts are copied into list->memory. Returns its number. */
int block_add(block_list *list, const char *key, const char *markdown, const char *html,
              const char *data);
/* The text that stands for block `number` inside a line; from list->memory. */
const char *block_mark(const block_list *list, int number);

/* Appends both documents. E_FORMAT names `name` and the line. */
err_code document_publish(str *markdown, str *html, const char *source, const block_list *blocks,
                          const char *name, err *e);

/* Appends one line of Markdown as HTML, marks replaced. */
err_code document_inline(str *html, const char *text, size_t n, const block_list *blocks, err *e);

#endif
