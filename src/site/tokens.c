/* Token heatmaps in HTML, Markdown and SVG. */
#include "site/tokens.h"
#include "base/io.h"
#include "draw/inline_svg.h"
#include "site/escape.h"
#include "site/figure_json.h"
#include "site/show.h"
#include <string.h>

enum { LEVELS = 9 };

/* 0 for silent tokens, else 1..LEVELS. */
static int level_of(double activation, double maximum)
{
    if (!(activation > 0) || !(maximum > 0))
        return 0;
    int level = (int)ceil(LEVELS * activation / maximum);
    return level < 1 ? 1 : level > LEVELS ? LEVELS : level;
}

/* The space before a word stays outside its colour, so that no coloured space ends a line. */
static const char *skip_space(str *out, const char *text)
{
    if (*text != ' ')
        return text;
    str_add_char(out, ' ');
    return text + 1;
}

static void add_span(str *out, const char *text, int level, const char *more, const char *title)
{
    str_addf(out, "<span class=\"a%d%s\" title=\"%s\">", level, more, title);
    escape_html(out, text);
    str_add(out, "</span>");
}

static void add_html(str *out, arena *a, const shown_token *t, int level, bool peak)
{
    if (level)
        add_span(out, skip_space(out, t->text), level, peak ? " peak" : "",
                 show_number(a, t->activation));
    else
        escape_html(out, t->text);
}

/* Emphasis cannot begin or end with a space, so the space is put before it. */
static void add_markdown(str *out, const shown_token *t, int level)
{
    if (2 * level <= LEVELS) {
        escape_markdown(out, t->text);
        return;
    }
    const char *text = skip_space(out, t->text);
    str_add(out, "<b>");
    escape_markdown(out, text);
    str_add(out, "</b>");
}

const char *context_mark(page *p, const record_context *c, double maximum)
{
    str html = {0}, markdown = {0};
    int n;
    shown_token *tokens = show_context(&n, &p->memory, c);
    str_add(&html, "<span class=\"tokens\">");
    for (int i = 0; i < n; i++) {
        const shown_token *t = &tokens[i];
        int level = level_of(t->activation, maximum);
        add_html(&html, &p->memory, t, level, c->peak >= t->first && c->peak < t->first + t->n);
        add_markdown(&markdown, t, level);
    }
    str_add(&html, "</span>");
    int number = block_add(&p->blocks, "", str_text(&markdown), str_text(&html), NULL);
    str_release(&html);
    str_release(&markdown);
    return block_mark(&p->blocks, number);
}

err_code optimum_strip(page *p, const char *key, const char *stem, const record_optimum *o, err *e)
{
    arena *a = &p->memory;
    token_value *tokens = arena_push(a, (size_t)o->n_positions + 1, sizeof *tokens);
    str html = {0};
    const char *label = "Nearest real token at each position of the optimised input, coloured by "
                        "the activation of the optimised input there";
    str_add(&html, "<p class=\"tokens strip\">");
    for (int i = 0; i < o->n_positions; i++) {
        const record_position *q = &o->positions[i];
        const char *text = q->n_neighbours ? show_token(a, q->neighbours[0].token) : "–";
        tokens[i] = (token_value){text, q->activation, i == o->position};
        add_span(&html, text, level_of(q->activation, o->activation),
                 i == o->position ? " peak" : "",
                 arena_printf(a, "position %d: %s", i, show_number(a, q->activation)));
        str_add(&html, i + 1 < o->n_positions ? " " : "</p>");
    }
    const char *folder = path_join(a, p->site->dir, "fig");
    err_code rc = token_strip_write(tokens, o->n_positions, (double)NAN, label, folder, stem, e);
    if (!rc)
        rc = figure_json_write(folder, stem, e);
    block_add(&p->blocks, key, arena_printf(a, "![%s](%sfig/%s.svg)", label, p->root, stem),
              str_text(&html), arena_printf(a, "%sfig/%s.csv", p->root, stem));
    str_release(&html);
    return rc;
}

const char *token_list(arena *a, const record_token_stat *tokens, int n, int limit)
{
    str out = {0};
    for (int i = 0; i < n && i < limit; i++) {
        if (i)
            str_add_char(&out, ' ');
        escape_code(&out, show_token(a, tokens[i].token));
    }
    const char *text = arena_strndup(a, str_text(&out), out.len);
    str_release(&out);
    return text;
}
