/* One escaper per context. Texts that came from models or data must have passed visible_add before,
 * so that they hold no control characters and are valid UTF-8. */
#ifndef SITE_ESCAPE_H
#define SITE_ESCAPE_H
#include "base/str.h"

/* Private-use characters that stand for markup inside page sources: the text between the first two
 * is code, the number between the other two is an inline block. visible_add never lets them
 * through. */
#define MARK_CODE "\uE000"
#define MARK_CODE_END "\uE001"
#define MARK_BLOCK "\uE002"
#define MARK_BLOCK_END "\uE003"

/* HTML text and attribute values in double quotes. */
void escape_html(str *out, const char *text);
/* Markdown text (CommonMark and GFM, table cells too), appended to `out`: what could be markup gets
 * a backslash, what could only be markup at the start of a line only there. */
void escape_markdown(str *out, const char *text);
/* A code span in Markdown, in table cells too. */
void escape_code(str *out, const char *text);

/* One part of a relative URL: everything but letters, digits and "-._~" as %XX, byte by byte. Safe
 * in HTML attributes and in the parentheses of a Markdown link. */
void escape_url(str *out, const char *name);

#endif
