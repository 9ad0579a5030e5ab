/* Token heatmaps: real text whose background shows the activation. */
#ifndef SITE_TOKENS_H
#define SITE_TOKENS_H
#include "site/page.h"

/* The context as an inline block of `p`, coloured by activation / maximum; returns its mark, for
 * use in a line of the page. Active tokens carry their value in a tooltip; the peak is underlined.
 * In Markdown the tokens above half the maximum are bold. */
const char *context_mark(page *p, const record_context *c, double maximum);
/* The same for changes of something, of each token of the context: coloured by their size from a
 * tenth of the maximum on, less of it in another colour and with a dashed underline. Changes that
 * are not numbers are none. In Markdown the changes stand behind their tokens. */
const char *change_mark(page *p, const record_context *c, const double *changes, double maximum);

/* The optimised input: its nearest real token at each position, coloured by activation, as a block
 * `key` and as fig/STEM.svg, .csv, .txt. */
err_code optimum_strip(page *p, const char *key, const char *stem, const record_optimum *o, err *e);

/* A sequence of real tokens, each coloured by what the feature loses with the worst other token in
 * its place; the last token, where the feature is read, is outlined. As a block `key` with files,
 * or as an inline block whose mark is returned. */
err_code sequence_strip(page *p, const char *key, const char *stem, const record_sequence *s,
                        err *e);
const char *sequence_mark(page *p, const record_sequence *s);

/* A code span for each token, for use in a line: "`a` `b`". */
const char *token_list(arena *a, const record_token_stat *tokens, int n, int limit);

#endif
