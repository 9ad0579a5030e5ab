/* Pages rewritten tag by tag. They are ours, so the reader is strict rather than forgiving. */
#include "site/single_page.h"
#include "base/base64.h"
#include "base/io.h"
#include "base/memory.h"
#include <ctype.h>
#include <string.h>

enum { PAGE_LIMIT = 64 << 20, PICTURE_LIMIT = 64 << 20 };

/* What becomes of the <a> that is open. */
typedef enum { LINK_KEPT, LINK_UNWRAPPED, LINK_DROPPED } link_fate;

typedef struct rewriter {
    str *out;
    arena memory;
    const single_pages *pages;
    const char *path; /* of the page */
    bool first;
    link_fate link;
    err *e;
} rewriter;

typedef struct attribute {
    const char *name, *value; /* as they stand between the quotes; value NULL: none */
} attribute;

typedef struct tag {
    const char *name;
    attribute attributes[24];
    int n;
    bool closes_itself;
} tag;

static err_code wrong(const rewriter *r, const char *what, const char *at)
{
    return err_set(r->e, E_FORMAT, "%s: %s near \"%.60s\"", r->path, what, at);
}

/* ---- addresses ---- */

const char *single_page_anchor(arena *a, const char *path)
{
    char *anchor = arena_strndup(a, path, strlen(path) - strlen(".html"));
    for (char *p = anchor; *p; p++)
        if (*p == '/')
            *p = '-';
    return anchor;
}

static const char *own_id(rewriter *r, const char *path, const char *id)
{
    arena *a = &r->memory;
    return arena_printf(a, "%s--%s", single_page_anchor(a, path), id);
}

/* The path, from the report on, of what the page calls `link`; NULL when that leads out of it. */
static const char *resolve(rewriter *r, const char *link)
{
    const char *slash = strrchr(r->path, '/');
    int folder = slash ? (int)(slash - r->path) : 0; /* the page's folder is at most one deep */
    while (!strncmp(link, "../", 3) || !strncmp(link, "./", 2)) {
        bool up = link[1] == '.';
        if (up && !folder)
            return NULL;
        folder = up ? 0 : folder;
        link += up ? 3 : 2;
    }
    if (*link == '/' || strstr(link, "../"))
        return NULL;
    return arena_printf(&r->memory, "%.*s%s%s", folder, r->path, folder ? "/" : "", link);
}

static bool is_page(const single_pages *pages, const char *path)
{
    for (int i = 0; i < pages->n; i++)
        if (!strcmp(pages->paths[i], path))
            return true;
    return false;
}

static bool leads_outside(const char *link)
{
    return !strncmp(link, "https://", 8) || !strncmp(link, "http://", 7) ||
           !strncmp(link, "mailto:", 7);
}

/* The link inside the one file; NULL when its target is not in it. */
static const char *new_link(rewriter *r, const char *link)
{
    if (leads_outside(link))
        return link;
    size_t n = strcspn(link, "#");
    const char *path = n ? resolve(r, arena_strndup(&r->memory, link, n)) : r->path;
    if (!path || !is_page(r->pages, path))
        return NULL;
    return arena_printf(&r->memory, "#%s",
                        link[n] && link[n + 1] ? own_id(r, path, link + n + 1)
                                               : single_page_anchor(&r->memory, path));
}

/* ---- pictures ---- */

static err_code add_picture(rewriter *r, const char *link)
{
    const char *path = resolve(r, link), *dot = path ? strrchr(path, '.') : NULL;
    bool png = dot && !strcmp(dot, ".png"), svg = dot && !strcmp(dot, ".svg");
    if (!png && !svg)
        return wrong(r, "a picture that is no PNG or SVG of this report,", link);
    str bytes = {0};
    err_code rc = io_read(&bytes, path_join(&r->memory, r->pages->dir, path), PICTURE_LIMIT, r->e);
    if (!rc) {
        str_addf(r->out, "data:image/%s;base64,", png ? "png" : "svg+xml");
        base64_add(r->out, str_text(&bytes), bytes.len);
    }
    str_release(&bytes);
    return rc;
}

/* ---- tags ---- */

static size_t name_length(const char *at)
{
    size_t n = 0;
    while (isalnum((unsigned char)at[n]) || at[n] == '-' || at[n] == ':')
        n++;
    return n;
}

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \n");
}

/* Reads the tag whose name starts at *at; *at moves behind its ">". */
static err_code read_tag(rewriter *r, tag *t, const char **at)
{
    const char *p = *at, *start = p;
    size_t n = name_length(p);
    *t = (tag){.name = arena_strndup(&r->memory, p, n)};
    p = skip_space(p + n);
    while (*p && *p != '>' && *p != '/') {
        n = name_length(p);
        if (!n || t->n == (int)COUNT_OF(t->attributes))
            return wrong(r, "an attribute without a name, or too many,", start);
        attribute *one = &t->attributes[t->n++];
        *one = (attribute){.name = arena_strndup(&r->memory, p, n)};
        p += n;
        if (*p == '=') {
            size_t length = p[1] == '"' ? strcspn(p + 2, "\"") : 0;
            if (p[1] != '"' || !p[2 + length])
                return wrong(r, "an attribute without quotes", start);
            one->value = arena_strndup(&r->memory, p + 2, length);
            p += length + 3;
        }
        p = skip_space(p);
    }
    t->closes_itself = *p == '/';
    p += t->closes_itself;
    if (*p != '>')
        return wrong(r, "a tag without an end", start);
    *at = p + 1;
    return OK;
}

static const char *value_of(const tag *t, const char *name)
{
    for (int i = 0; i < t->n; i++)
        if (!strcmp(t->attributes[i].name, name))
            return t->attributes[i].value;
    return NULL;
}

static bool is_heading(const char *name)
{
    return name[0] == 'h' && name[1] >= '1' && name[1] <= '5' && !name[2];
}

static const char *new_name(const rewriter *r, const char *name)
{
    static const char *const lower[] = {"h2", "h3", "h4", "h5", "h6"};
    return is_heading(name) && !r->first ? lower[name[1] - '1'] : name;
}

static err_code add_attribute(rewriter *r, const tag *t, const attribute *one)
{
    const char *value = one->value;
    str_addf(r->out, " %s", one->name);
    if (!value)
        return OK;
    err_code rc = OK;
    str_add(r->out, "=\"");
    if (!strcmp(one->name, "src") || !strcmp(one->name, "srcset"))
        rc = add_picture(r, value);
    else if (!strcmp(one->name, "href") && !strcmp(t->name, "a"))
        str_add(r->out, new_link(r, value));
    else if (!strcmp(one->name, "href"))
        rc = wrong(r, "a link that is no <a>,", value);
    else if (!strcmp(one->name, "id") || !strncmp(one->name, "aria-labelledby", 15) ||
             !strncmp(one->name, "aria-describedby", 16))
        str_add(r->out, own_id(r, r->path, value));
    else
        str_add(r->out, value);
    str_add_char(r->out, '"');
    return rc;
}

static err_code add_opening(rewriter *r, const tag *t)
{
    const char *link = !strcmp(t->name, "a") ? value_of(t, "href") : NULL;
    if (link && !new_link(r, link)) {
        const char *class = value_of(t, "class");
        r->link = class && !strcmp(class, "data") ? LINK_DROPPED : LINK_UNWRAPPED;
        return OK;
    }
    err_code rc = OK;
    str_addf(r->out, "<%s", new_name(r, t->name));
    for (int i = 0; i < t->n && !rc; i++)
        rc = add_attribute(r, t, &t->attributes[i]);
    str_add(r->out, t->closes_itself ? "/>" : ">");
    return rc;
}

static void add_closing(rewriter *r, const char *name)
{
    if (!strcmp(name, "a") && r->link != LINK_KEPT)
        r->link = LINK_KEPT;
    else
        str_addf(r->out, "</%s>", new_name(r, name));
}

/* *at stands at "<". */
static err_code add_markup(rewriter *r, const char **at)
{
    tag t;
    if (!strncmp(*at, "<!--", 4)) { /* cmark's, where it left out raw HTML */
        const char *end = strstr(*at, "-->");
        if (!end)
            return wrong(r, "a comment without an end", *at);
        *at = end + 3;
        return OK;
    }
    bool closing = (*at)[1] == '/';
    *at += 1 + closing;
    err_code rc = read_tag(r, &t, at);
    if (rc)
        return rc;
    if (closing)
        add_closing(r, t.name);
    else if (r->link != LINK_DROPPED)
        rc = add_opening(r, &t);
    return rc;
}

static err_code rewrite(rewriter *r, const char *at, const char *end)
{
    err_code rc = OK;
    while (at < end && !rc) {
        size_t n = strcspn(at, "<");
        if (r->link != LINK_DROPPED)
            str_add_bytes(r->out, at, n);
        at += n;
        if (at < end)
            rc = add_markup(r, &at);
    }
    return rc;
}

err_code single_page_add(str *out, const single_pages *pages, int index, err *e)
{
    static const char opening[] = "<main id=\"main\">", closing[] = "</main>";
    rewriter r = {
        .out = out, .pages = pages, .path = pages->paths[index], .first = index == 0, .e = e};
    str page = {0};
    err_code rc = io_read(&page, path_join(&r.memory, pages->dir, r.path), PAGE_LIMIT, e);
    if (!rc) {
        const char *start = strstr(str_text(&page), opening),
                   *end = start ? strstr(start, closing) : NULL;
        rc = end ? rewrite(&r, start + strlen(opening), end)
                 : err_set(e, E_FORMAT, "%s: no %s ... %s, which a single file is made of", r.path,
                           opening, closing);
    }
    str_release(&page);
    arena_release(&r.memory);
    return rc;
}
