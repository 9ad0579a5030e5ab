/* Rows of a suffix tree, drawn on the SVG canvas. */
#include "draw/path_tree.h"
#include "draw/svg_canvas.h"
#include "draw/svg_text.h"
#include "draw/alt.h"
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

/*  |- indent -|- token rest ... -|- bar 0..1 -|- 93% of 1204 -|  */
enum { ROW_HEIGHT = 22, INDENT = 18, WORDS = 290, BAR = 112, GAP = 4, NOTE = 64 };

static double share_of(const path_row *r)
{
    return r->n > 0 ? (double)r->n_active / (double)r->n : 0;
}

static double bar_x(double bars, double share)
{
    return bars + BAR * fmin(fmax(share, 0), 1);
}

static double left_of(const path_row *r)
{
    return (r->depth - 1) * INDENT + 2;
}

static void note_of(char note[NOTE], const path_row *r)
{
    snprintf(note, NOTE, "%.3g%% of %lld", 100 * share_of(r), (long long)r->n);
}

/* As much room as the longest note needs. */
static double notes_width(const path_row *rows, int n)
{
    double width = 0;
    char note[NOTE];
    for (int i = 0; i < n; i++) {
        note_of(note, &rows[i]);
        width = fmax(width, font_width(FONT_REGULAR, note));
    }
    return ceil(width) + 4 * GAP;
}

/* Where the bars begin: behind the longest words, which get so much room at most. */
static double bars_left(const path_row *rows, int n)
{
    double left = 0;
    for (int i = 0; i < n; i++)
        left = fmax(left, left_of(&rows[i]) + font_width(FONT_REGULAR, rows[i].token) +
                              font_width(FONT_REGULAR, rows[i].rest) + 4 * GAP);
    return ceil(fmin(left, WORDS));
}

/* Down from the sibling above, or from the parent, then to the right. */
static void draw_branch(canvas *c, const path_row *rows, int i)
{
    int above = i - 1;
    while (above >= 0 && rows[above].depth > rows[i].depth)
        above--;
    if (rows[i].depth < 2 || above < 0)
        return;
    bool sibling = rows[above].depth == rows[i].depth;
    double x = left_of(&rows[i]) - INDENT * 2 / 3.0, y = i * ROW_HEIGHT + ROW_HEIGHT / 2.0;
    double from = above * ROW_HEIGHT + (sibling ? ROW_HEIGHT / 2.0 : 19.0);
    double xy[] = {x, from, x, y, left_of(&rows[i]) - 2, y};
    canvas_polyline(c, xy, 3, 1, DASH_SOLID, PAINT(INK_MUTED));
}

static void draw_words(canvas *c, const path_row *r, double y, double bars)
{
    str shown = {0}, rest = {0};
    double x = left_of(r), room = bars - 2 * GAP - x;
    font_fit(&shown, FONT_REGULAR, r->token, room);
    canvas_text(c, x, y + 15, ANCHOR_START, FONT_REGULAR, PAINT(INK_TEXT), str_text(&shown));
    double used = font_width(FONT_REGULAR, str_text(&shown)) + GAP;
    if (used + 3 * GAP < room)
        font_fit(&rest, FONT_REGULAR, r->rest, room - used);
    if (rest.len)
        canvas_text(c, x + used, y + 15, ANCHOR_START, FONT_REGULAR, PAINT(INK_MUTED),
                    str_text(&rest));
    str_release(&shown);
    str_release(&rest);
}

static void draw_bar(canvas *c, const path_row *r, double y, double bars)
{
    char note[NOTE];
    double end = bar_x(bars, share_of(r)), middle = y + ROW_HEIGHT / 2.0;
    canvas_rectangle(c, bars, y + 5, end - bars, ROW_HEIGHT - 10, FAINT_PAINT(INK_SERIES, 0.75));
    canvas_rectangle(c, bar_x(bars, r->low), middle - 0.75,
                     bar_x(bars, r->high) - bar_x(bars, r->low), 1.5, PAINT(INK_TEXT));
    note_of(note, r);
    canvas_text(c, bars + BAR + 2 * GAP, y + 15, ANCHOR_START, FONT_REGULAR, PAINT(INK_TEXT), note);
}

static void add_title(str *out, const path_row *r)
{
    char mean[NUMBER_TEXT];
    str_add(out, "<title>");
    svg_escape(out, r->token);
    svg_escape(out, r->rest);
    str_addf(out, ": active on %lld of %lld, 95%% interval %.3g%% to %.3g%%, mean activation %s",
             (long long)r->n_active, (long long)r->n, 100 * r->low, 100 * r->high,
             number_text(mean, r->mean));
    str_add(out, "</title>\n");
}

void path_tree_svg(str *out, const path_row *rows, int n, double reference, const char *label)
{
    svg_canvas c;
    double height = n * ROW_HEIGHT + 2, bars = bars_left(rows, n);
    double width = bars + BAR + notes_width(rows, n);
    svg_canvas_init(&c, out, width, height);
    svg_open(out, "img", width, height, label, NULL);
    canvas_rectangle(&c.canvas, bars - 0.5, 0, 0.5, height, PAINT(INK_MUTED));
    for (int i = 0; i < n; i++) {
        str_add(out, "<g>");
        add_title(out, &rows[i]);
        draw_branch(&c.canvas, rows, i);
        draw_words(&c.canvas, &rows[i], i * ROW_HEIGHT, bars);
        draw_bar(&c.canvas, &rows[i], i * ROW_HEIGHT, bars);
        str_add(out, "</g>\n");
    }
    if (isfinite(reference))
        canvas_line(&c.canvas, bar_x(bars, reference), 0, bar_x(bars, reference), height, 1,
                    DASH_REFERENCE, PAINT(INK_TEXT));
    svg_close(out);
}

void path_tree_values(const drawn_values *to, const path_row *rows, int n)
{
    for (int i = 0; i < n; i++) {
        const path_row *r = &rows[i];
        drawn_mark mark = NO_MARK;
        mark.label = r->token;
        mark.note = r->rest;
        mark.x = r->depth;
        mark.y = share_of(r);
        mark.low = r->low;
        mark.high = r->high;
        mark.n = r->n;
        drawn_values_add(to, &mark);
    }
}

/* The best path is the one that is surest to be a hit. */
void path_tree_alt(str *out, const path_row *rows, int n, const char *label)
{
    int best = 0;
    str text = {0};
    for (int i = 1; i < n; i++)
        best = rows[i].low > rows[best].low ? i : best;
    str_addf(&text, "%s: %d paths", label, n);
    if (n)
        str_addf(&text, ", the surest %s%s, active on %lld of %lld", rows[best].token,
                 rows[best].rest, (long long)rows[best].n_active, (long long)rows[best].n);
    alt_add_limited(out, str_text(&text));
    str_release(&text);
}
