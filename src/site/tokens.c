/* Token heatmaps in HTML, Markdown and SVG. */
#include "site/tokens.h"
#include "base/io.h"
#include "site/escape.h"
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

/* A change is coloured from a tenth of the maximum on: a run changes a little everywhere. */
static int change_level(double change, double maximum)
{
    int level = level_of(fabs(change), maximum);
    return level > 1 ? level : 0;
}

/* The space before a word stays outside its colour, so that no coloured space ends a line. */
static const char *skip_space(str *out, const char *text)
{
    if (*text != ' ' || !text[1])
        return text;
    str_add_char(out, ' ');
    return text + 1;
}

/* `hue` is a for activations and for more of something, b for less of it. */
static void add_span(str *out, const char *text, char hue, int level, const char *more,
                     const char *title)
{
    str_addf(out, "<span class=\"%c%d%s\" title=\"%s\">", hue, level, more, title);
    escape_html(out, text);
    str_add(out, "</span>");
}

static void add_html(str *out, arena *a, const shown_token *t, int level, bool peak, bool coloured)
{
    if (coloured)
        add_span(out, skip_space(out, t->text), t->activation < 0 ? 'b' : 'a', level,
                 peak ? " peak" : "", show_number(a, t->activation));
    else
        escape_html(out, t->text);
}

/* Emphasis cannot begin or end with a space, so the space is put before it. */
static void add_emphasis(str *out, arena *a, const shown_token *t, int level, bool peak)
{
    (void)a;
    bool bold = 2 * level > LEVELS;
    const char *text = bold || peak ? skip_space(out, t->text) : t->text;
    str_addf(out, "%s%s", peak ? "<ins>" : "", bold ? "<b>" : "");
    escape_markdown(out, text);
    str_addf(out, "%s%s", bold ? "</b>" : "", peak ? "</ins>" : "");
}

static void add_size(str *out, arena *a, const shown_token *t, int level)
{
    if (level)
        str_addf(out, " <sub>%s%s</sub>", t->activation > 0 ? "+" : "",
                 show_number(a, t->activation));
}

static void add_change(str *out, arena *a, const shown_token *t, int level, bool peak)
{
    (void)peak;
    escape_markdown(out, t->text);
    add_size(out, a, t, level);
}

static void add_part(str *out, arena *a, const shown_token *t, int level, bool peak)
{
    const char *text = skip_space(out, t->text);
    str_add(out, peak ? "<b>" : "");
    escape_markdown(out, text);
    str_add(out, peak ? "</b>" : "");
    add_size(out, a, t, level);
}

/* How numbers at tokens are shown: as levels of colour, and in Markdown, which has no colours. */
typedef struct token_style {
    int (*level)(double value, double maximum);
    void (*add_markdown)(str *out, arena *a, const shown_token *t, int level, bool peak);
    bool always_peak; /* marks the peak even where its level is 0 */
} token_style;

static const char *tokens_mark(page *p, const record_context *c, double maximum, token_style style)
{
    str html = {0}, markdown = {0};
    int n;
    shown_token *tokens = show_context(&n, &p->memory, c);
    str_add(&html, "<span class=\"tokens\">");
    for (int i = 0; i < n; i++) {
        const shown_token *t = &tokens[i];
        int level = style.level(t->activation, maximum);
        bool peak = c->peak >= t->first && c->peak < t->first + t->n;
        add_html(&html, &p->memory, t, level, peak, level || (peak && style.always_peak));
        style.add_markdown(&markdown, &p->memory, t, level, peak);
    }
    str_add(&html, "</span>");
    int number = block_add(&p->blocks, "", str_text(&markdown), str_text(&html), NULL);
    str_release(&html);
    str_release(&markdown);
    return block_mark(&p->blocks, number);
}

const char *context_mark(page *p, const record_context *c, double maximum)
{
    return tokens_mark(p, c, maximum, (token_style){level_of, add_emphasis, true});
}

/* Other numbers in place of the activations. */
static const char *numbers_mark(page *p, const record_context *c, const double *numbers,
                                double maximum, token_style style)
{
    record_context changed = *c;
    changed.activations = arena_push(&p->memory, (size_t)c->n_tokens + 1, sizeof *numbers);
    for (int i = 0; i < c->n_tokens; i++)
        changed.activations[i] = isfinite(numbers[i]) ? numbers[i] : 0;
    return tokens_mark(p, &changed, maximum, style);
}

const char *change_mark(page *p, const record_context *c, const double *changes, double maximum)
{
    return numbers_mark(p, c, changes, maximum, (token_style){change_level, add_change, false});
}

const char *part_mark(page *p, const record_context *c, const double *parts, double maximum)
{
    return numbers_mark(p, c, parts, maximum, (token_style){change_level, add_part, true});
}

/* ---- strips ---- */

typedef struct strip_token {
    token_value shown;
    const char *title;
} strip_token;

/* The strip in HTML; `tag` is what holds it. */
static void add_strip(str *html, const char *tag, const strip_token *tokens, int n, double maximum)
{
    str_addf(html, "<%s class=\"tokens strip\">", tag);
    for (int i = 0; i < n; i++) {
        const token_value *t = &tokens[i].shown;
        add_span(html, t->text, 'a', level_of(t->value, maximum), t->mark ? " peak" : "",
                 tokens[i].title);
        if (i + 1 < n)
            str_add_char(html, ' ');
    }
    str_addf(html, "</%s>", tag);
}

static void add_strip_markdown(str *markdown, const strip_token *tokens, int n)
{
    for (int i = 0; i < n; i++) {
        str_add(markdown, i ? " <code>" : "<code>");
        escape_markdown(markdown, tokens[i].shown.text);
        str_add(markdown, "</code>");
    }
}

/* The block s->name, and the strip added to those of the page; its tokens come from `tokens`. */
static void strip_block(strip_list *strips, page *p, const strip_token *tokens, token_strip s)
{
    str html = {0}, markdown = {0};
    token_value *shown = arena_push(&p->memory, (size_t)s.n + 1, sizeof *shown);
    for (int i = 0; i < s.n; i++)
        shown[i] = tokens[i].shown;
    s.tokens = shown;
    add_strip(&html, "p", tokens, s.n, s.maximum);
    add_strip_markdown(&markdown, tokens, s.n);
    block_add(&p->blocks, s.name, str_text(&markdown), str_text(&html), page_values_link(p));
    strips->list[strips->n++] = s;
    str_release(&html);
    str_release(&markdown);
}

void optimum_strip(strip_list *strips, page *p, const char *key, const char *title,
                   const record_optimum *o)
{
    arena *a = &p->memory;
    strip_token *tokens = arena_push(a, (size_t)o->n_positions + 1, sizeof *tokens);
    for (int i = 0; i < o->n_positions; i++) {
        const record_position *q = &o->positions[i];
        const char *text = q->n_neighbours ? show_token(a, q->neighbours[0].token) : "–";
        tokens[i] =
            (strip_token){{text, q->activation, i == o->position},
                          arena_printf(a, "position %d: %s", i, show_number(a, q->activation))};
    }
    strip_block(strips, p, tokens,
                (token_strip){.name = key,
                              .title = title,
                              .label = "Nearest real token at each position of the optimised "
                                       "input, coloured by its activation there",
                              .n = o->n_positions,
                              .maximum = o->activation});
}

static double largest(const double *values, int n)
{
    double most = values[0];
    for (int i = 1; i < n; i++)
        most = fmax(most, values[i]);
    return most;
}

/* `n` tokens from `first` on, shown as one: the largest of each of their values. */
static strip_token sequence_token(arena *a, const record_sequence *s, int first, int n)
{
    str joined = {0};
    for (int i = first; i < first + n; i++)
        if (s->tokens[i].n)
            str_add_bytes(&joined, s->tokens[i].bytes, (size_t)s->tokens[i].n);
    double lost_most = largest(s->lost_most + first, n);
    strip_token t = {
        {show_token(a, (record_bytes){str_text(&joined), (int)joined.len}), lost_most,
         first + n == s->n_tokens},
        arena_printf(a, "activation %s; lost with the worst other token %s, with the best %s",
                     show_number(a, largest(s->activations + first, n)), show_share(a, lost_most),
                     show_share(a, largest(s->lost_least + first, n)))};
    str_release(&joined);
    return t;
}

/* Pieces of a character are one token of the strip. */
static strip_token *sequence_tokens(int *n, page *p, const record_sequence *s)
{
    strip_token *tokens = arena_push(&p->memory, (size_t)s->n_tokens + 1, sizeof *tokens);
    *n = 0;
    for (int i = 0, pieces; i < s->n_tokens; i += pieces) {
        pieces = show_pieces(s->tokens + i, s->n_tokens - i);
        tokens[(*n)++] = sequence_token(&p->memory, s, i, pieces);
    }
    return tokens;
}

void sequence_strip(strip_list *strips, page *p, const char *key, const char *title,
                    const record_sequence *s)
{
    int n;
    const strip_token *tokens = sequence_tokens(&n, p, s);
    strip_block(strips, p, tokens,
                (token_strip){.name = key,
                              .title = title,
                              .label = "Real tokens, coloured by the share of the pre-activation "
                                       "that is lost with the worst other token there",
                              .n = n,
                              .maximum = 1});
}

const char *sequence_mark(page *p, const record_sequence *s)
{
    str html = {0}, markdown = {0};
    int n;
    const strip_token *tokens = sequence_tokens(&n, p, s);
    add_strip(&html, "span", tokens, n, 1);
    add_strip_markdown(&markdown, tokens, n);
    int number = block_add(&p->blocks, "", str_text(&markdown), str_text(&html), NULL);
    str_release(&html);
    str_release(&markdown);
    return block_mark(&p->blocks, number);
}

err_code strips_write(page *p, const strip_list *strips, err *e)
{
    arena *a = &p->memory;
    if (!strips->n)
        return OK;
    str file = {0}, alt = {0};
    const char *image = arena_printf(a, "fig/%s.svg", page_figure_stem(p, "tokens"));
    for (int i = 0; i < strips->n; i++) {
        const token_strip *s = &strips->list[i];
        drawn_values to = page_values(p, s->name, "");
        token_strip_values(&to, s);
        str_clear(&alt);
        token_strip_alt(&alt, s);
        page_list_drawing(p, s->name, "", s->title, image, str_text(&alt));
    }
    token_strips_file(&file, strips->list, strips->n);
    err_code rc = io_write(path_join(a, p->site->dir, image), str_text(&file), file.len, e);
    str_release(&file);
    str_release(&alt);
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
    return str_into(&out, a);
}
