/* CommonMark prose to HTML. */
#include "site/markdown.h"
#include <cmark.h>
#include <stdlib.h>
#include <string.h>

err_code markdown_html(str *out, const char *text, size_t n, err *e)
{
    if (n > MARKDOWN_LIMIT)
        return err_set(e, E_DATA, "a piece of Markdown has %zu bytes, more than %d", n,
                       MARKDOWN_LIMIT);
    char *html = cmark_markdown_to_html(text, n, CMARK_OPT_DEFAULT | CMARK_OPT_VALIDATE_UTF8);
    str_add(out, html);
    free(html);
    return OK;
}

err_code markdown_inline(str *out, const char *text, size_t n, err *e)
{
    str html = {0};
    err_code rc = markdown_html(&html, text, n, e);
    const char *start = str_text(&html);
    size_t length = html.len;
    /* Escaped text is always one paragraph; anything else stays as it is. */
    if (length >= 8 && !memcmp(start, "<p>", 3) && !strcmp(start + length - 5, "</p>\n")) {
        start += 3;
        length -= 8;
    }
    str_add_bytes(out, start, length);
    str_release(&html);
    return rc;
}

const char *markdown_version(void)
{
    return cmark_version_string();
}
