/* Addresses inside a single file: which pages it holds, and what their links become. */
#ifndef SITE_SINGLE_LINKS_H
#define SITE_SINGLE_LINKS_H
#include "base/arena.h"
#include <stdbool.h>

/* A line of a folder's index about a page that is left out: links to that page lead to the line. */
typedef struct single_entry {
    const char *id;
    bool placed; /* the line stands in the file */
} single_entry;

typedef struct single_pages {
    arena *memory;
    const char *dir;
    const char **paths; /* the pages inside, relative to dir: "features/L02-00123.html" */
    int n;
    single_entry *entries;
    int n_entries, room_entries;
} single_pages;

/* "features-L02-00123": a page's anchor; "features-L02-00123--part" that of a part; from `a`. */
const char *single_page_anchor(arena *a, const char *path);
const char *single_part_anchor(arena *a, const char *path, const char *id);

bool single_holds(const single_pages *pages, const char *path);

/* The path, from the report on, of what the page `from` calls `link`; NULL: that leads out of it.
 */
const char *single_resolve(arena *a, const char *from, const char *link);

/* What a link on the page `from` becomes: an address elsewhere as it is, "#anchor" of a page inside
 * or of the line about one that is not; NULL: the file holds neither. */
const char *single_link(arena *a, const single_pages *pages, const char *from, const char *link);

/* The entry for a link by which `from`, the index of a folder, lists a page that is left out, made
 * when there is none; NULL: it is no such link. */
single_entry *single_listed(single_pages *pages, const char *from, const char *link);

#endif
