/* Pages become sections, their parts anchors. */
#include "site/single_links.h"
#include <string.h>

const char *single_page_anchor(arena *a, const char *path)
{
    char *anchor = arena_strndup(a, path, strlen(path) - strlen(".html"));
    for (char *p = anchor; *p; p++)
        if (*p == '/')
            *p = '-';
    return anchor;
}

const char *single_part_anchor(arena *a, const char *path, const char *id)
{
    return arena_printf(a, "%s--%s", single_page_anchor(a, path), id);
}

bool single_holds(const single_pages *pages, const char *path)
{
    for (int i = 0; i < pages->n; i++)
        if (!strcmp(pages->paths[i], path))
            return true;
    return false;
}

/* Up to the last slash; a page's folder is at most one deep. */
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) : 0;
}

const char *single_resolve(arena *a, const char *from, const char *link)
{
    size_t folder = folder_length(from);
    while (!strncmp(link, "../", 3) || !strncmp(link, "./", 2)) {
        bool up = link[1] == '.';
        if (up && !folder)
            return NULL;
        folder = up ? 0 : folder;
        link += up ? 3 : 2;
    }
    if (*link == '/' || strstr(link, "../"))
        return NULL;
    return arena_printf(a, "%.*s%s%s", (int)folder, from, folder ? "/" : "", link);
}

static bool leads_elsewhere(const char *link)
{
    return !strncmp(link, "https://", 8) || !strncmp(link, "http://", 7) ||
           !strncmp(link, "mailto:", 7);
}

static bool is_page(const char *path)
{
    size_t n = strlen(path), end = strlen(".html");
    return n > end && !strcmp(path + n - end, ".html");
}

/* The page that a link leads to, and what its anchor is or would be; NULL: it is no page here. */
static const char *target_of(const char **anchor, arena *a, const char *from, const char *link)
{
    size_t n = strcspn(link, "#");
    const char *path = n ? single_resolve(a, from, arena_strndup(a, link, n)) : from;
    if (!path || !is_page(path))
        return NULL;
    *anchor = link[n] && link[n + 1] ? single_part_anchor(a, path, link + n + 1)
                                     : single_page_anchor(a, path);
    return path;
}

static single_entry *find_entry(const single_pages *pages, const char *id)
{
    for (int i = 0; i < pages->n_entries; i++)
        if (!strcmp(pages->entries[i].id, id))
            return &pages->entries[i];
    return NULL;
}

const char *single_link(arena *a, const single_pages *pages, const char *from, const char *link)
{
    const char *anchor;
    if (leads_elsewhere(link))
        return link;
    const char *path = target_of(&anchor, a, from, link);
    if (!path || !(single_holds(pages, path) || find_entry(pages, anchor)))
        return NULL;
    return arena_printf(a, "#%s", anchor);
}

static single_entry *add_entry(single_pages *pages, const char *id)
{
    if (pages->n_entries == pages->room_entries) {
        int room = pages->room_entries ? pages->room_entries * 2 : 64;
        single_entry *entries = arena_push(pages->memory, (size_t)room, sizeof *entries);
        if (pages->n_entries)
            memcpy(entries, pages->entries, (size_t)pages->n_entries * sizeof *entries);
        pages->entries = entries;
        pages->room_entries = room;
    }
    single_entry *entry = &pages->entries[pages->n_entries++];
    *entry = (single_entry){.id = arena_strdup(pages->memory, id)};
    return entry;
}

single_entry *single_listed(single_pages *pages, const char *from, const char *link)
{
    arena a = {0};
    const char *anchor;
    single_entry *entry = NULL;
    size_t folder = folder_length(from);
    if (folder && !strcmp(from + folder, "/index.html") && !leads_elsewhere(link)) {
        const char *path = target_of(&anchor, &a, from, link);
        if (path && folder_length(path) == folder && !strncmp(path, from, folder) &&
            !single_holds(pages, path)) {
            entry = find_entry(pages, anchor);
            entry = entry ? entry : add_entry(pages, anchor);
        }
    }
    arena_release(&a);
    return entry;
}
