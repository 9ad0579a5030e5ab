/* What a long page holds: links to its sections, before the first of them. Only in HTML: readers of
 * Markdown list a file's headings by themselves. */
#ifndef SITE_CONTENTS_H
#define SITE_CONTENTS_H
#include "base/str.h"

enum { CONTENTS_LEAST = 5 }; /* sections; a page of fewer needs no list */

typedef struct contents {
    str title;    /* the page's, as HTML */
    str links;    /* one for each section */
    int n;        /* sections: headings of the second level */
    size_t first; /* where in the page the first one begins */
} contents;

/* A heading at byte `at` of the page: its level, its id, its text as HTML. */
void contents_add(contents *c, int level, const char *id, const char *html, size_t at);
/* Puts the list into the page, when it is long enough for one. */
void contents_insert(str *page, const contents *c);
void contents_drop(contents *c);

#endif
