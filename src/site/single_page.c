/* Pages rewritten tag by tag. They are ours, so the reader is strict rather than forgiving. */
#include "site/single_page.h"
#include "base/base64.h"
#include "base/io.h"
#include "site/single_tag.h"
#include <string.h>

enum { PAGE_LIMIT = 64 << 20, PICTURE_LIMIT = 64 << 20 };

/* What becomes of the <a> that is open. */
typedef enum { LINK_KEPT, LINK_UNWRAPPED, LINK_DROPPED, LINK_ENTRY } link_fate;

typedef struct rewriter {
    str *out;
    arena memory;
    single_pages *pages;
    single_rest *rest;
    const char *path; /* of the page */
    bool first;
    const char *title_id, *title; /* of its <h1>, which names it */
    link_fate link;
    const char *left_out; /* the element that is left out: "div"; NULL: none is */
    int depth;            /* of such elements in each other */
    bool in_summary;
    str summary; /* of the <details> that is left out */
    err *e;
} rewriter;

static err_code wrong(const rewriter *r, const char *what, const char *at)
{
    return err_set(r->e, E_FORMAT, "%s: %s near \"%.60s\"", r->path, what, at);
}

/* ---- pictures ---- */

static err_code add_picture(rewriter *r, const char *link)
{
    const char *path = single_resolve(&r->memory, r->path, link),
               *dot = path ? strrchr(path, '.') : NULL;
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

static bool is_heading(const char *name)
{
    return name[0] == 'h' && name[1] >= '1' && name[1] <= '5' && !name[2];
}

static const char *new_name(const rewriter *r, const char *name)
{
    static const char *const lower[] = {"h2", "h3", "h4", "h5", "h6"};
    return is_heading(name) && !r->first ? lower[name[1] - '1'] : name;
}

/* Regions of two pages may have the same caption: the page's title stands before it. */
static void add_labels(rewriter *r, const char *ids)
{
    if (!r->first && r->title_id)
        str_addf(r->out, "%s ", single_part_anchor(&r->memory, r->path, r->title_id));
    str_add(r->out, single_part_anchor(&r->memory, r->path, ids));
}

static void add_label(rewriter *r, const tag *t, const char *text)
{
    const char *role = single_tag_value(t, "role");
    if (!r->first && role && !strcmp(role, "region"))
        str_addf(r->out, "%s: ", r->title);
    str_add(r->out, text);
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
        str_add(r->out, single_link(&r->memory, r->pages, r->path, value));
    else if (!strcmp(one->name, "href"))
        rc = wrong(r, "a link that is no <a>,", value);
    else if (!strcmp(one->name, "aria-labelledby"))
        add_labels(r, value);
    else if (!strcmp(one->name, "aria-label"))
        add_label(r, t, value);
    else if (!strcmp(one->name, "id") || !strcmp(one->name, "aria-describedby"))
        str_add(r->out, single_part_anchor(&r->memory, r->path, value));
    else
        str_add(r->out, value);
    str_add_char(r->out, '"');
    return rc;
}

/* Opens what a link becomes; true: not a link any more. */
static bool unlink_tag(rewriter *r, const tag *t)
{
    const char *link = !strcmp(t->name, "a") ? single_tag_value(t, "href") : NULL;
    if (!link)
        return false;
    single_entry *entry = single_listed(r->pages, r->path, link);
    if (entry && !entry->placed) {
        entry->placed = true;
        r->link = LINK_ENTRY;
        str_addf(r->out, "<span id=\"%s\">", entry->id);
        return true;
    }
    if (single_link(&r->memory, r->pages, r->path, link))
        return false;
    const char *class = single_tag_value(t, "class");
    r->link = class && !strcmp(class, "data") ? LINK_DROPPED : LINK_UNWRAPPED;
    return true;
}

static err_code add_opening(rewriter *r, const tag *t)
{
    if (unlink_tag(r, t))
        return OK;
    err_code rc = OK;
    str_addf(r->out, "<%s", new_name(r, t->name));
    for (int i = 0; i < t->n && !rc; i++)
        rc = add_attribute(r, t, &t->attributes[i]);
    str_add(r->out, t->closes_itself ? "/>" : ">");
    return rc;
}

static void add_closing(rewriter *r, const char *name)
{
    bool of_link = !strcmp(name, "a") && r->link != LINK_KEPT;
    if (!of_link)
        str_addf(r->out, "</%s>", new_name(r, name));
    else if (r->link == LINK_ENTRY)
        str_add(r->out, "</span>");
    if (of_link)
        r->link = LINK_KEPT;
}

/* ---- what is left out ---- */

static void tell_left_out(single_rest *rest, const char *name)
{
    for (int i = 0; i < rest->n; i++)
        if (!strcmp(rest->names[i], name))
            return;
    if (rest->n == rest->room) {
        int room = rest->room ? rest->room * 2 : 16;
        const char **names = arena_push(rest->memory, (size_t)room, sizeof *names);
        if (rest->n)
            memcpy(names, rest->names, (size_t)rest->n * sizeof *names);
        rest->names = names;
        rest->room = room;
    }
    rest->names[rest->n++] = arena_strdup(rest->memory, name);
}

/* Whether the element that opens is left out; then the rewriter is inside it. */
static bool enter_left_out(rewriter *r, const tag *t)
{
    const char *class = single_tag_value(t, "class"), *name = single_tag_value(t, "data-name");
    bool div = !strcmp(t->name, "div") && class, aside = div && !strcmp(class, "aside") && name;
    bool sections = !strcmp(t->name, "nav") && class && !strcmp(class, "contents");
    if (strcmp(t->name, "details") && !aside && !sections && !(div && !strcmp(class, "orders")))
        return false;
    r->left_out = t->name;
    r->depth = 1;
    if (aside)
        tell_left_out(r->rest, name);
    return true;
}

static void pass_left_out(rewriter *r, const tag *t, bool closing)
{
    if (!strcmp(t->name, "summary") && !strcmp(r->left_out, "details") && r->depth == 1) {
        r->in_summary = !closing;
        if (closing && r->summary.len)
            tell_left_out(r->rest, str_text(&r->summary));
        str_clear(&r->summary);
    }
    if (!strcmp(t->name, r->left_out))
        r->depth += closing ? -1 : 1;
    if (!r->depth)
        r->left_out = NULL;
}

/* ---- the whole ---- */

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
    err_code rc = single_tag_read(&t, at, &r->memory, r->path, r->e);
    if (rc)
        return rc;
    if (r->left_out)
        pass_left_out(r, &t, closing);
    else if (closing)
        add_closing(r, t.name);
    else if (r->link != LINK_DROPPED && !enter_left_out(r, &t))
        rc = add_opening(r, &t);
    return rc;
}

static err_code rewrite(rewriter *r, const char *at, const char *end)
{
    err_code rc = OK;
    while (at < end && !rc) {
        size_t n = strcspn(at, "<");
        if (r->in_summary)
            str_add_bytes(&r->summary, at, n);
        else if (!r->left_out && r->link != LINK_DROPPED)
            str_add_bytes(r->out, at, n);
        at += n;
        if (at < end)
            rc = add_markup(r, &at);
    }
    return rc;
}

/* Reads a page; *start and *end enclose what its <main> holds. */
static err_code read_main(str *page, const char **start, const char **end, arena *a,
                          const char *dir, const char *path, err *e)
{
    static const char opening[] = "<main id=\"main\">", closing[] = "</main>";
    err_code rc = io_read(page, path_join(a, dir, path), PAGE_LIMIT, e);
    if (rc)
        return rc;
    *start = strstr(str_text(page), opening);
    *end = *start ? strstr(*start, closing) : NULL;
    if (!*end)
        return err_set(e, E_FORMAT, "%s: no %s ... %s, which a single file is made of", path,
                       opening, closing);
    *start += strlen(opening);
    return OK;
}

/* The first <h1> and the text up to its end, without tags; *h1 NULL: there is none. */
static const char *find_title(const char **h1, arena *a, const char *start, const char *end)
{
    static const char opening[] = "<h1", closing[] = "</h1>";
    const char *at = strstr(start, opening), *stop = at ? strstr(at, closing) : NULL;
    str text = {0};
    *h1 = stop && stop < end ? at : NULL;
    for (bool in_tag = false; *h1 && at < stop; at++) {
        if (*at == '<')
            in_tag = true;
        else if (*at == '>')
            in_tag = false;
        else if (!in_tag)
            str_add_char(&text, *at);
    }
    return str_into(&text, a);
}

static err_code read_title(rewriter *r, const char *start, const char *end)
{
    tag t;
    const char *at;
    r->title = find_title(&at, &r->memory, start, end);
    if (!at)
        return OK;
    at++;
    err_code rc = single_tag_read(&t, &at, &r->memory, r->path, r->e);
    if (!rc)
        r->title_id = single_tag_value(&t, "id");
    return rc;
}

err_code single_page_add(str *out, single_rest *rest, single_pages *pages, int index, err *e)
{
    rewriter r = {.out = out,
                  .pages = pages,
                  .rest = rest,
                  .path = pages->paths[index],
                  .first = index == 0,
                  .e = e};
    str page = {0};
    const char *start, *end;
    err_code rc = read_main(&page, &start, &end, &r.memory, pages->dir, r.path, e);
    if (!rc)
        rc = read_title(&r, start, end);
    if (!rc)
        rc = rewrite(&r, start, end);
    if (!rc && r.left_out)
        rc = wrong(&r, "an element without an end", r.left_out);
    str_release(&page);
    str_release(&r.summary);
    arena_release(&r.memory);
    return rc;
}

err_code single_page_title(str *out, const char *dir, const char *path, err *e)
{
    arena a = {0};
    str page = {0};
    const char *start, *end, *at;
    err_code rc = read_main(&page, &start, &end, &a, dir, path, e);
    if (!rc)
        str_add(out, find_title(&at, &a, start, end));
    str_release(&page);
    arena_release(&a);
    return rc;
}
