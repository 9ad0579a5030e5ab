/* One escaper per context. */
#include "site/escape.h"
#include <ctype.h>
#include <string.h>

void escape_html(str *out, const char *text)
{
    str_add_xml(out, text);
}

/* Whether only blanks and the marks of lists and quotes stand between the last line end, or the
 * start of a table cell, and here. */
static bool at_line_start(const str *out)
{
    size_t i = out->len;
    while (i && strchr(" \t>-+*", out->data[i - 1]))
        i--;
    return i == 0 || strchr("\n|", out->data[i - 1]);
}

/* Length of a "12." or "3)" that would start an ordered list, without its mark; 0 for none. */
static size_t list_number(const char *text)
{
    size_t n = strspn(text, "0123456789");
    bool marked = n && (text[n] == '.' || text[n] == ')');
    return marked && (text[n + 1] == ' ' || !text[n + 1]) ? n : 0;
}

void escape_markdown(str *out, const char *text)
{
    if (at_line_start(out)) {
        size_t digits = list_number(text);
        str_add_bytes(out, text, digits);
        text += digits;
        if (digits || (*text && strchr("#+-=.@:", *text)))
            str_add_char(out, '\\');
        if (*text && (digits || strchr("#+-=.@:", *text)))
            str_add_char(out, *text++);
    }
    for (; *text; text++) {
        if (strchr("\\`*_[]<>&|~$", *text))
            str_add_char(out, '\\');
        str_add_char(out, *text == '\n' || *text == '\r' ? ' ' : *text);
    }
}

void escape_code(str *out, const char *text)
{
    if (!*text)
        return;
    if (!strpbrk(text, "`|\r\n") && *text != ' ' && text[strlen(text) - 1] != ' ') {
        str_addf(out, "`%s`", text);
        return;
    }
    str_add(out, MARK_CODE);
    for (; *text; text++) {
        if (ispunct((unsigned char)*text) || *text == ' ' || *text == '\n' || *text == '\r')
            str_addf(out, "&#%d;", *text);
        else
            str_add_char(out, *text);
    }
    str_add(out, MARK_CODE_END);
}

void escape_url(str *out, const char *name)
{
    for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
        bool plain = *p < 0x80 && (isalnum(*p) || strchr("-._~", *p));
        if (plain)
            str_add_char(out, (char)*p);
        else
            str_addf(out, "%%%02X", *p);
    }
}
