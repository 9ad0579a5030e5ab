/* What a long page holds: links to its sections. */
#include "site/contents.h"
#include <string.h>

void contents_add(contents *c, int level, const char *id, const char *html, size_t at)
{
    if (level == 1)
        str_add(&c->title, html);
    if (level != 2)
        return;
    if (!c->n++)
        c->first = at;
    str_addf(&c->links, "<li><a href=\"#%s\">%s</a></li>\n", id, html);
}

/* The text of HTML without its tags, fit for an attribute as it is. */
static void add_plain(str *out, const char *html)
{
    while (*html) {
        if (*html == '<')
            html += strcspn(html, ">");
        else
            str_add_char(out, *html);
        html += *html != 0;
    }
}

void contents_insert(str *page, const contents *c)
{
    if (c->n < CONTENTS_LEAST)
        return;
    str rest = {0};
    str_add(&rest, str_text(page) + c->first);
    page->len = c->first;
    str_add(page, "<nav class=\"contents\" aria-label=\"Sections: ");
    add_plain(page, str_text(&c->title)); /* apart from the report's own menu */
    str_addf(page, "\">\n<ul>\n%s</ul>\n</nav>\n", str_text(&c->links));
    str_add_bytes(page, str_text(&rest), rest.len);
    str_release(&rest);
}

void contents_drop(contents *c)
{
    str_release(&c->title);
    str_release(&c->links);
}
