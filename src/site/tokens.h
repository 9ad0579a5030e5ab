/* Token heatmaps: real text whose background shows the activation. */
#ifndef SITE_TOKENS_H
#define SITE_TOKENS_H
#include "draw/inline_svg.h"
#include "site/page.h"

/* The context as an inline block of `p`, coloured by activation / maximum; returns its mark, for
 * use in a line of the page. Active tokens carry their value in a tooltip; the peak is underlined,
 * silent or not. In Markdown the tokens above half the maximum are bold. */
const char *context_mark(page *p, const record_context *c, double maximum);
/* The same for changes of something, of each token of the context: coloured by their size from a
 * tenth of the maximum on, less of it in another colour and with a dashed underline. Changes that
 * are not numbers are none. In Markdown the changes stand behind their tokens. */
const char *change_mark(page *p, const record_context *c, const double *changes, double maximum);
/* The same for what each token brings to the peak, which is underlined whatever it brings itself,
 * in Markdown bold. */
const char *part_mark(page *p, const record_context *c, const double *parts, double maximum);

/* The strips of a page, which share one image. */
typedef struct strip_list {
    token_strip list[4];
    int n;
} strip_list;

/* The optimised input: its nearest real token at each position, coloured by activation, as a block
 * `key` (text in HTML, code spans in Markdown) and in `strips` with this title. */
void optimum_strip(strip_list *strips, page *p, const char *key, const char *title,
                   const record_optimum *o);

/* A sequence of real tokens, each coloured by what the feature loses with the worst other token in
 * its place; the last token, where the feature is read, is outlined. Likewise, or as an inline
 * block whose mark is returned. */
void sequence_strip(strip_list *strips, page *p, const char *key, const char *title,
                    const record_sequence *s);
const char *sequence_mark(page *p, const record_sequence *s);

/* fig/STEM-tokens.svg of all strips, and their values among the page's; nothing without any. */
err_code strips_write(page *p, const strip_list *strips, err *e);

/* A code span for each token, for use in a line: "`a` `b`". */
const char *token_list(arena *a, const record_token_stat *tokens, int n, int limit);

#endif
