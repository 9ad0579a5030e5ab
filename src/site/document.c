/* Page sources to Markdown and HTML, line by line. */
#include "site/document.h"
#include "site/contents.h"
#include "site/escape.h"
#include "site/markdown.h"
#include "site/table.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OPEN = 16 };

typedef enum { OPEN_DIV, OPEN_ASIDE, OPEN_DETAILS, OPEN_MARKDOWN } opened;

typedef struct publisher {
    str *markdown, *html;
    str prose;   /* lines that wait for cmark */
    str caption; /* of the next table */
    const block_list *blocks;
    opened open[MAX_OPEN];
    int n_open, n_tables, line;
    contents sections;
    const char *name;
    err *e;
} publisher;

static err_code wrong(publisher *p, const char *what)
{
    return err_set(p->e, E_FORMAT, "%s, line %d of its source: %s", p->name, p->line, what);
}

/* ---- blocks ---- */

int block_add(block_list *list, const char *key, const char *markdown, const char *html,
              const char *data)
{
    if (list->n == list->room) {
        int room = list->room ? list->room * 2 : 16;
        block *items = arena_push(list->memory, (size_t)room, sizeof *items);
        if (list->n)
            memcpy(items, list->items, (size_t)list->n * sizeof *items);
        list->items = items;
        list->room = room;
    }
    list->items[list->n] =
        (block){arena_strdup(list->memory, key), arena_strdup(list->memory, markdown),
                arena_strdup(list->memory, html), data ? arena_strdup(list->memory, data) : NULL};
    return list->n++;
}

const char *block_mark(const block_list *list, int number)
{
    return arena_printf(list->memory, MARK_BLOCK "%d" MARK_BLOCK_END, number);
}

static const block *find_block(const block_list *list, const char *key, size_t n)
{
    for (int i = 0; i < list->n; i++)
        if (strlen(list->items[i].key) == n && !memcmp(list->items[i].key, key, n))
            return &list->items[i];
    return NULL;
}

/* Copies text, turning marks into code tags and inline blocks. */
static void replace_marks(str *out, const char *text, const block_list *blocks, bool html)
{
    const size_t width = sizeof MARK_CODE - 1;
    while (*text) {
        if (!strncmp(text, MARK_CODE, width)) {
            str_add(out, "<code>");
            text += width;
        } else if (!strncmp(text, MARK_CODE_END, width)) {
            str_add(out, "</code>");
            text += width;
        } else if (!strncmp(text, MARK_BLOCK, width)) {
            long number = strtol(text + width, NULL, 10);
            text = strstr(text, MARK_BLOCK_END) + width;
            str_add(out, html ? blocks->items[number].html : blocks->items[number].markdown);
        } else {
            str_add_char(out, *text++);
        }
    }
}

/* ---- prose and headings ---- */

static err_code flush_prose(publisher *p)
{
    str html = {0};
    err_code rc = markdown_html(&html, str_text(&p->prose), p->prose.len, p->e);
    if (rc)
        err_context(p->e, "%s", p->name);
    replace_marks(p->html, str_text(&html), p->blocks, true);
    str_clear(&p->prose);
    str_release(&html);
    return rc;
}

err_code document_inline(str *html, const char *text, size_t n, const block_list *blocks, err *e)
{
    str raw = {0};
    err_code rc = markdown_inline(&raw, text, n, e);
    replace_marks(html, str_text(&raw), blocks, true);
    str_release(&raw);
    return rc;
}

/* GitHub's anchor of a heading: lower case, spaces to hyphens, punctuation dropped. */
static void add_slug(str *out, const char *text, size_t n)
{
    size_t start = out->len;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (isalnum(c) && c < 0x80)
            str_add_char(out, (char)tolower(c));
        else if ((c == ' ' || c == '-') && out->len > start && out->data[out->len - 1] != '-')
            str_add_char(out, '-');
    }
    if (out->len == start)
        str_add(out, "section");
}

static err_code put_heading(publisher *p, const char *line, size_t n)
{
    int level = 0;
    str slug = {0}, text = {0};
    while (line[level] == '#')
        level++;
    size_t skip = (size_t)level + 1;
    add_slug(&slug, line + skip, n - skip);
    err_code rc = document_inline(&text, line + skip, n - skip, p->blocks, p->e);
    contents_add(&p->sections, level, str_text(&slug), str_text(&text), p->html->len);
    str_addf(p->html, "<h%d id=\"%s\">%s</h%d>\n", level, str_text(&slug), str_text(&text), level);
    str_release(&text);
    str_release(&slug);
    return rc;
}

/* ---- lines of our own ---- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static err_code put_insert(publisher *p, const char *rest)
{
    size_t n = strcspn(rest, " ");
    const block *b = find_block(p->blocks, rest, n);
    const char *caption = rest[n] ? rest + n + 1 : "";
    err_code rc = OK;
    if (!b)
        return wrong(p, "@insert of a block that does not exist");
    str_addf(p->markdown, "%s\n", b->markdown);
    if (!*caption) {
        str_addf(p->html, "%s\n", b->html);
        return OK;
    }
    str_addf(p->markdown, "\n_");
    replace_marks(p->markdown, caption, p->blocks, false);
    str where = {0}; /* which rows of it: only where several figures share a file */
    if (b->data && !strstr(b->data, "data/"))
        str_addf(&where, ", figure %s", b->key);
    if (b->data)
        str_addf(p->markdown, "_ ([%s](%s)%s)\n", base_name(b->data), b->data, str_text(&where));
    else
        str_add(p->markdown, "_\n");
    str_addf(p->html, "<figure id=\"%s\">\n%s\n<figcaption>", b->key, b->html);
    rc = document_inline(p->html, caption, strlen(caption), p->blocks, p->e);
    if (b->data)
        str_addf(p->html, " <a class=\"data\" href=\"%s\">values: %s%s</a>", b->data,
                 base_name(b->data), str_text(&where));
    str_release(&where);
    str_add(p->html, "</figcaption>\n</figure>\n");
    return rc;
}

static err_code put_open(publisher *p, opened kind, const char *rest)
{
    if (p->n_open == MAX_OPEN)
        return wrong(p, "nested too deep");
    p->open[p->n_open++] = kind;
    err_code rc = OK;
    if (kind == OPEN_DIV) {
        str_addf(p->html, "<div class=\"%s\">\n", rest);
    } else if (kind == OPEN_ASIDE) {
        str_add(p->html, "<div class=\"aside\" data-name=\"");
        escape_html(p->html, rest);
        str_add(p->html, "\">\n");
    } else if (kind == OPEN_DETAILS) {
        str_add(p->markdown, "<details><summary>");
        str_add(p->html, "<details>\n<summary>");
        size_t start = p->html->len;
        rc = document_inline(p->html, rest, strlen(rest), p->blocks, p->e);
        str_add(p->markdown, p->html->data + start);
        str_add(p->markdown, "</summary>\n\n");
        str_add(p->html, "</summary>\n");
    }
    return rc;
}

static err_code put_end(publisher *p)
{
    if (!p->n_open)
        return wrong(p, "@end without a beginning");
    opened kind = p->open[--p->n_open];
    if (kind == OPEN_DIV || kind == OPEN_ASIDE)
        str_add(p->html, "</div>\n");
    if (kind == OPEN_DETAILS) {
        str_add(p->markdown, "\n</details>\n");
        str_add(p->html, "</details>\n");
    }
    return OK;
}

static const char *after(const char *line, const char *word)
{
    size_t n = strlen(word);
    return !strncmp(line, word, n) && (line[n] == ' ' || !line[n]) ? line + n + (line[n] == ' ')
                                                                   : NULL;
}

static err_code put_directive(publisher *p, const char *line)
{
    const char *rest;
    if ((rest = after(line, "@insert")))
        return put_insert(p, rest);
    if ((rest = after(line, "@begin")))
        return put_open(p, OPEN_DIV, rest);
    if ((rest = after(line, "@aside")))
        return put_open(p, OPEN_ASIDE, rest);
    if ((rest = after(line, "@details")))
        return put_open(p, OPEN_DETAILS, rest);
    if (after(line, "@markdown"))
        return put_open(p, OPEN_MARKDOWN, "");
    if (after(line, "@end"))
        return put_end(p);
    if ((rest = after(line, "@caption"))) {
        str_add(&p->caption, rest);
        str_add(p->markdown, "**");
        replace_marks(p->markdown, rest, p->blocks, false);
        str_add(p->markdown, "**\n\n");
        return OK;
    }
    return wrong(p, "unknown line of our own");
}

/* ---- the whole ---- */

static bool only_markdown(const publisher *p)
{
    for (int i = 0; i < p->n_open; i++)
        if (p->open[i] == OPEN_MARKDOWN)
            return true;
    return false;
}

static err_code put_table(publisher *p, const char **at)
{
    const char *start = *at, *end = start;
    while (*end == '|') {
        const char *stop = strchr(end, '\n');
        end = stop ? stop + 1 : end + strlen(end);
        p->line++;
    }
    p->line--;
    *at = end;
    str rows = {0};
    str_add_bytes(&rows, start, (size_t)(end - start));
    replace_marks(p->markdown, str_text(&rows), p->blocks, false);
    if (*end && *end != '\n') /* else the next line would be one more row */
        str_add_char(p->markdown, '\n');
    err_code rc = OK;
    if (!only_markdown(p))
        rc = table_html(p->html, str_text(&rows), str_text(&p->caption), ++p->n_tables, p->blocks,
                        p->e);
    str_clear(&p->caption);
    str_release(&rows);
    return rc;
}

static err_code put_line(publisher *p, const char *line, size_t n)
{
    str copy = {0};
    str_add_bytes(&copy, line, n);
    const char *text = str_text(&copy);
    err_code rc = OK;
    bool heading = *text == '#' && text[strspn(text, "#")] == ' ';
    if (*text == '@' || heading)
        rc = flush_prose(p);
    if (!rc && *text == '@') {
        rc = put_directive(p, text);
    } else if (!rc) {
        replace_marks(p->markdown, text, p->blocks, false);
        str_add_char(p->markdown, '\n');
        if (only_markdown(p))
            rc = OK;
        else if (heading)
            rc = put_heading(p, text, n);
        else
            str_addf(&p->prose, "%s\n", text);
    }
    str_release(&copy);
    return rc;
}

err_code document_publish(str *markdown, str *html, const char *source, const block_list *blocks,
                          const char *name, err *e)
{
    publisher p = {.markdown = markdown, .html = html, .blocks = blocks, .name = name, .e = e};
    err_code rc = OK;
    for (const char *at = source; *at && !rc;) {
        p.line++;
        if (*at == '|') {
            rc = flush_prose(&p);
            if (!rc)
                rc = put_table(&p, &at);
            continue;
        }
        size_t n = strcspn(at, "\n");
        rc = put_line(&p, at, n);
        at += n + (at[n] == '\n');
    }
    if (!rc)
        rc = flush_prose(&p);
    if (!rc && p.n_open)
        rc = wrong(&p, "no @end for the last @begin, @aside, @details or @markdown");
    if (!rc)
        contents_insert(html, &p.sections);
    str_release(&p.prose);
    str_release(&p.caption);
    contents_drop(&p.sections);
    return rc;
}
