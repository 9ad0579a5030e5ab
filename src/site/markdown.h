/* CommonMark prose to HTML. The one place that touches libcmark, in its safe mode: raw HTML is
 * dropped and dangerous links lose their address. */
#ifndef SITE_MARKDOWN_H
#define SITE_MARKDOWN_H
#include "base/err.h"
#include "base/str.h"

/* Larger fragments are refused: libcmark 0.30 takes quadratic time on some (CVE-2023-22486). */
enum { MARKDOWN_LIMIT = 64 << 10 };

/* Appends the HTML of a piece of Markdown. E_DATA when it is too large. */
err_code markdown_html(str *out, const char *text, size_t n, err *e);
/* Likewise for a single line, without the <p> around it. */
err_code markdown_inline(str *out, const char *text, size_t n, err *e);

/* The version of libcmark in use. Borrowed. */
const char *markdown_version(void);

#endif
