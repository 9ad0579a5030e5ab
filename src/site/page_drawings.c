/* Figures of a page: the images, the values drawn in them, and the list of them all. */
#include "base/io.h"
#include "base/memory.h"
#include "draw/csv.h"
#include "site/escape.h"
#include "site/page.h"
#include <string.h>

/* The overview's is "overview": there is an index in several folders. */
static const char *values_name(const page *p)
{
    return !strcmp(p->stem, "index") ? "overview" : p->stem;
}

const char *page_figure_stem(page *p, const char *key)
{
    return *p->folder ? arena_printf(&p->memory, "%s-%s", p->stem, key) : key;
}

const char *page_values_link(page *p)
{
    return arena_printf(&p->memory, "%sfig/%s.csv", p->root, values_name(p));
}

drawn_values page_values(page *p, const char *key, const char *panel)
{
    if (!p->values.len)
        drawn_values_header(&p->values);
    return (drawn_values){&p->values, key, panel};
}

static void list_row(page *p, const char *const *cells, size_t n)
{
    for (size_t i = 0; i < n && p->site->figures; i++) {
        csv_text(p->site->figures, cells[i]);
        if (i + 1 < n)
            csv_next(p->site->figures);
        else
            csv_end(p->site->figures);
    }
}

static void list_panel(page *p, const char *key, const char *panel, const char *title,
                       const char *image, const char *values, const char *x, const char *y,
                       const char *alt)
{
    arena *a = &p->memory;
    const char *address = arena_printf(a, "%s%s%s.html", p->folder, *p->folder ? "/" : "", p->stem);
    const char *const cells[] = {
        address, key, panel, title, image ? image : arena_printf(a, "%s#%s", address, key),
        values,  x,   y,     alt};
    list_row(p, cells, COUNT_OF(cells));
}

static const char *values_path(page *p)
{
    return arena_printf(&p->memory, "fig/%s.csv", values_name(p));
}

void page_list_drawing(page *p, const char *key, const char *panel, const char *title,
                       const char *image, const char *alt)
{
    list_panel(p, key, panel, title, image, values_path(p), "", "", alt);
}

/* Adds a chart's values, its row in the list, and to the alternative text of the image. `values`:
 * the file that holds them already. */
static void add_panel(str *alt, page *p, const char *key, const figure *f, const char *values)
{
    str own = {0}, x = {0}, y = {0};
    const char *panel = f->name ? f->name : "";
    if (!values) {
        drawn_values to = page_values(p, key, panel);
        figure_values(&to, f);
    }
    figure_alt(&own, f);
    figure_axes(&x, &y, f);
    list_panel(p, key, panel, f->title,
               arena_printf(&p->memory, "fig/%s.png", page_figure_stem(p, key)),
               values ? values : values_path(p), str_text(&x), str_text(&y), str_text(&own));
    str_addf(alt, "%s%s", alt->len ? " " : "", str_text(&own));
    str_release(&own);
    str_release(&x);
    str_release(&y);
}

/* fig/STEM.csv of a heatmap. */
static err_code write_matrix(page *p, const char *path, const heatmap *h, err *e)
{
    str text = {0};
    heatmap_csv(&text, h);
    err_code rc = io_write(path_join(&p->memory, p->site->dir, path), str_text(&text), text.len, e);
    str_release(&text);
    return rc;
}

/* Where an image is wider than the screen it scrolls by itself rather than shrink its words; panels
 * side by side have smaller ones. */
static void add_html(str *out, const char *base, int width, int height, const char *label,
                     const char *alt)
{
    const char *kind = width > FIGURE_WIDTH ? "panels" : width == FIGURE_WIDTH ? "panel" : NULL;
    if (kind)
        str_addf(out, "<div class=\"%s\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">", kind,
                 label);
    str_addf(out,
             "<picture><source media=\"(prefers-color-scheme: dark)\" srcset=\"%s-dark.png\">"
             "<img src=\"%s.png\" width=\"%d\" height=\"%d\" alt=\"%s\"></picture>%s",
             base, base, width, height, alt, kind ? "</div>" : "");
}

err_code page_figure(page *p, const char *key, const figure *panels, int n, err *e)
{
    if (panels[0].kind != FIGURE_HEATMAP)
        return page_figure_of(p, key, panels, n, NULL, e);
    const char *values = arena_printf(&p->memory, "fig/%s.csv", page_figure_stem(p, key));
    err_code rc = write_matrix(p, values, &panels[0].heatmap, e);
    return rc ? rc : page_figure_of(p, key, panels, n, values, e);
}

err_code page_figure_of(page *p, const char *key, const figure *panels, int n, const char *values,
                        err *e)
{
    arena *a = &p->memory;
    str alt = {0}, html = {0}, markdown = {0}, shown = {0}, label = {0};
    int width, height;
    const char *stem = page_figure_stem(p, key);
    err_code rc = figures_write(panels, n, path_join(a, p->site->dir, "fig"), stem, e);
    figures_size(&width, &height, panels, n);
    for (int i = 0; i < n; i++)
        add_panel(&alt, p, key, &panels[i], values);
    escape_html(&shown, str_text(&alt));
    escape_html(&label, panels[0].title ? panels[0].title : key);
    const char *base = arena_printf(a, "%sfig/%s", p->root, stem);
    add_html(&html, base, width, height, str_text(&label), str_text(&shown));
    str_addf(&markdown,
             "<picture><source media=\"(prefers-color-scheme: dark)\" srcset=\"%s-dark.png\">"
             "<img src=\"%s.png\" width=\"%d\" alt=\"%s\"></picture>",
             base, base, width, str_text(&shown));
    block_add(&p->blocks, key, str_text(&markdown), str_text(&html),
              values ? arena_printf(a, "%s%s", p->root, values) : page_values_link(p));
    str_release(&alt);
    str_release(&html);
    str_release(&markdown);
    str_release(&shown);
    str_release(&label);
    return rc;
}

err_code page_map(page *p, const char *key, const cluster_map *map, const char *title,
                  const char *values, err *e)
{
    arena *a = &p->memory;
    str html = {0}, file = {0}, alt = {0};
    const char *image = arena_printf(a, "fig/%s.svg", page_figure_stem(p, key));
    if (!values) {
        drawn_values to = page_values(p, key, "");
        cluster_map_values(&to, map);
    }
    cluster_map_alt(&alt, map);
    list_panel(p, key, "", title, image, values ? values : values_path(p), "", "", str_text(&alt));
    cluster_map_file(&file, map, key, "../");
    err_code rc = io_write(path_join(a, p->site->dir, image), str_text(&file), file.len, e);
    str_add(&html, "<div class=\"map\">\n<div class=\"field\">");
    cluster_map_svg(&html, map, key);
    str_add(&html, "</div>\n");
    cluster_map_key(&html, map);
    str_add(&html, "</div>");
    block_add(&p->blocks, key, arena_printf(a, "![%s](%s%s)", title, p->root, image),
              str_text(&html),
              values ? arena_printf(a, "%s%s", p->root, values) : page_values_link(p));
    str_release(&html);
    str_release(&file);
    str_release(&alt);
    return rc;
}

err_code page_write_values(page *p, err *e)
{
    if (!p->values.len)
        return OK;
    return io_write(path_join(&p->memory, p->site->dir, values_path(p)), str_text(&p->values),
                    p->values.len, e);
}

err_code site_write_figures(const site *s, err *e)
{
    arena a = {0};
    str out = {0};
    str_add(&out, "page,figure,panel,title,image,values,x,y,alt\n");
    str_add(&out, str_text(s->figures));
    err_code rc = io_write(path_join(&a, s->dir, "fig/figures.csv"), str_text(&out), out.len, e);
    str_release(&out);
    arena_release(&a);
    return rc;
}
