/* The page of one target that is not the same in both runs. */
#include "compare/pages.h"
#include "compare/parts.h"
#include "compare/summary.h"
#include "site/escape.h"
#include "site/sentence.h"
#include "site/show.h"
#include "site/tokens.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CONTEXTS_SHOWN = 3, DIFFERENCES_SHOWN = 60 };

/* ---- texts ---- */

static void add_piece(str *html, str *markdown, arena *a, const words_piece *piece, bool is_rule)
{
    static const char *const before_html[] = {"", "<del><span class=\"aloud\">removed: </span>",
                                              "<ins><span class=\"aloud\">added: </span>"},
                             *const after_html[] = {"", "</del>", "</ins>"},
                             *const around[] = {"", "~~", "**"};
    if (html->len) {
        str_add_char(html, ' ');
        str_add_char(markdown, ' ');
    }
    str_add(html, before_html[piece->kind]);
    if (is_rule)
        sentence_html(html, piece->text, a);
    else
        escape_html(html, show_prose(a, piece->text));
    str_add(html, after_html[piece->kind]);
    str_add(markdown, around[piece->kind]);
    if (is_rule)
        str_add(markdown, sentence_line(a, piece->text));
    else
        escape_markdown(markdown, show_prose(a, piece->text));
    str_add(markdown, around[piece->kind]);
}

/* The text with what was removed and added, as a mark for a line of the page. */
static const char *words_mark(page *p, const text_pair *x)
{
    str html = {0}, markdown = {0};
    for (int i = 0; i < x->n_pieces; i++)
        add_piece(&html, &markdown, &p->memory, &x->pieces[i], x->is_rule);
    int number = block_add(&p->blocks, "", str_text(&markdown), str_text(&html), NULL);
    str_release(&html);
    str_release(&markdown);
    return block_mark(&p->blocks, number);
}

static bool is_changed(const text_pair *x)
{
    for (int i = 0; i < x->n_pieces; i++)
        if (x->pieces[i].kind != WORDS_KEPT)
            return true;
    return false;
}

static void put_text_pair(cJSON *list, page *p, const text_pair *x, bool first)
{
    arena *a = &p->memory;
    cJSON *row = put_entry(list);
    json_add_bool(row, "has_title", first);
    put_text(row, "title", a, x->title);
    json_add_string(row, "words", words_mark(p, x));
    json_add_bool(row, "has_scores", isfinite(x->score_a) || isfinite(x->score_b));
    json_add_string(row, "score", x->score);
    json_add_string(row, "score_a", show_score(a, x->score_a));
    json_add_string(row, "score_b", show_score(a, x->score_b));
}

/* The first changed text of that title from item `from` on, -1 for none. */
static int next_changed(const target_pair *t, const char *title, int from)
{
    for (int i = from; i < t->n_texts; i++)
        if (is_changed(&t->texts[i]) && !strcmp(t->texts[i].title, title))
            return i;
    return -1;
}

/* Changed texts under their title, which stands once. */
static void put_texts(page *p, const target_pair *t)
{
    arena *a = &p->memory;
    cJSON *list = json_add_array(p->tree, "texts");
    for (int i = 0; i < t->n_texts; i++) {
        const char *title = t->texts[i].title;
        if (next_changed(t, title, 0) != i)
            continue;
        for (int k = i; k >= 0; k = next_changed(t, title, k + 1))
            put_text_pair(list, p, &t->texts[k], k == i);
    }
    json_add_bool(p->tree, "has_texts", t->n_changed > 0);
    json_add_bool(p->tree, "has_same_texts", t->n_texts > t->n_changed);
    json_add_string(p->tree, "n_same_texts", show_count(a, t->n_texts - t->n_changed));
}

/* ---- numbers ---- */

static void put_figure(cJSON *list, const char *name, const char *in_a, const char *in_b)
{
    cJSON *row = put_entry(list);
    json_add_string(row, "name", name);
    json_add_string(row, "a", in_a);
    json_add_string(row, "b", in_b);
}

/* The first is an F1, the others are ratios. */
static const char *show_target_figure(arena *a, const record_target *t, int i)
{
    return i == 0 ? show_score(a, target_figure(t, i)) : show_ratio(a, target_figure(t, i));
}

static void put_figures(page *p, const comparison *c, const target_pair *t)
{
    arena *a = &p->memory;
    cJSON *list = json_add_array(p->tree, "figures");
    const record_feature *x = t->id_a >= 0 ? &c->a->features[t->id_a] : NULL;
    const record_feature *y = t->id_b >= 0 ? &c->b->features[t->id_b] : NULL;
    put_figure(list, "share of tokens that activate it",
               show_share(a, x ? x->density : (double)NAN),
               show_share(a, y ? y->density : (double)NAN));
    put_figure(list, "largest activation on the data", show_number(a, x ? x->max : (double)NAN),
               show_number(a, y ? y->max : (double)NAN));
    for (int i = 0; i < TARGET_FIGURES; i++)
        if (isfinite(target_figure(t->a, i)) || isfinite(target_figure(t->b, i)))
            put_figure(list, target_figure_name(i), show_target_figure(a, t->a, i),
                       show_target_figure(a, t->b, i));
}

/* ---- contexts ---- */

typedef struct heat {
    const char *what;
    bool in_a, in_b;
    record_context a, b;
} heat;

static double strongest(const record_context *x)
{
    double most = 0;
    for (int i = 0; i < x->n_tokens; i++)
        most = fmax(most, x->activations[i]);
    return most;
}

/* A third row for the same tokens: what each of them has more in B, on the scale of both. */
static void put_difference(page *p, cJSON *list, const heat *h, double maximum)
{
    arena *a = &p->memory;
    double far = 0, *more = arena_push(a, (size_t)h->a.n_tokens + 1, sizeof *more);
    for (int i = 0; i < h->a.n_tokens; i++) {
        more[i] = h->b.activations[i] - h->a.activations[i];
        far = fabs(more[i]) > fabs(far) ? more[i] : far;
    }
    cJSON *row = put_entry(list);
    json_add_string(row, "what", h->what);
    json_add_string(row, "run", "B\u00A0−\u00A0A");
    json_add_string(row, "activation",
                    arena_printf(a, "%s%s", far > 0 ? "+" : "", show_number(a, far)));
    json_add_string(row, "tokens", change_mark(p, &h->a, more, maximum));
}

static bool same_activations(const heat *h)
{
    for (int i = 0; i < h->a.n_tokens; i++)
        if (h->a.activations[i] < h->b.activations[i] || h->a.activations[i] > h->b.activations[i])
            return false;
    return true;
}

/* One row where both runs have the very same. */
static void put_heat(page *p, cJSON *list, const heat *h, double maximum)
{
    arena *a = &p->memory;
    bool tokens = h->in_a && h->in_b && same_tokens(&h->a, &h->b),
         same = tokens && same_activations(h);
    for (int side = 0; side < (same ? 1 : 2); side++) {
        const record_context *x = side ? &h->b : &h->a;
        if (!(side ? h->in_b : h->in_a))
            continue;
        cJSON *row = put_entry(list);
        json_add_string(row, "what", h->what);
        json_add_string(row, "run", same ? "both" : side ? "B" : "A");
        json_add_string(row, "activation", show_number(a, strongest(x)));
        json_add_string(row, "tokens", context_mark(p, x, maximum));
    }
    if (tokens && !same)
        put_difference(p, list, h, maximum);
}

static bool take_sequence(record_context *out, const record_target *t, const char *kind)
{
    const record_sequence *s = t ? record_find_sequence(&t->search, kind) : NULL;
    if (!s || !s->n_tokens)
        return false;
    *out = (record_context){.peak = s->n_tokens - 1,
                            .tokens = s->tokens,
                            .activations = s->activations,
                            .n_tokens = s->n_tokens};
    return true;
}

static bool take_top(record_context *out, const record_target *t, int index)
{
    if (!t || index >= t->n_top)
        return false;
    *out = t->top[index];
    return true;
}

static void put_contexts(page *p, const target_pair *t)
{
    static const char *const kinds[] = {"warm", "cold", "fluent"};
    enum { KINDS = 3, MOST = KINDS + CONTEXTS_SHOWN };
    arena *a = &p->memory;
    heat heats[MOST];
    double maximum = 0;
    cJSON *list = json_add_array(p->tree, "contexts");
    for (int i = 0; i < MOST; i++) {
        heat *h = &heats[i];
        bool top = i < CONTEXTS_SHOWN;
        *h = (heat){.what = top ? arena_printf(a, "context\u00A0%d", i + 1)
                                : kinds[i - CONTEXTS_SHOWN]};
        h->in_a = top ? take_top(&h->a, t->a, i) : take_sequence(&h->a, t->a, h->what);
        h->in_b = top ? take_top(&h->b, t->b, i) : take_sequence(&h->b, t->b, h->what);
        maximum = fmax(maximum, fmax(strongest(&h->a), strongest(&h->b)));
    }
    for (int i = 0; i < MOST; i++)
        put_heat(p, list, &heats[i], maximum);
    json_add_bool(p->tree, "has_contexts", cJSON_GetArraySize(list) > 0);
    json_add_string(p->tree, "maximum", show_number(a, maximum));
}

/* ---- the page ---- */

static void put_values(page *p, const comparison *c, const target_pair *t, const char *name)
{
    arena *a = &p->memory;
    const char *prefix = arena_printf(a, "targets/%s.", name);
    int n = put_differences(p, "differences", c, prefix, DIFFERENCES_SHOWN);
    json_add_bool(p->tree, "has_differences", n > 0);
    json_add_string(p->tree, "n_shown",
                    show_count(a, n < DIFFERENCES_SHOWN ? n : DIFFERENCES_SHOWN));
    json_add_string(p->tree, "n_differences", show_count(a, t->n_differences));
}

enum { TITLE = 64 };

static const char *title_of(char title[TITLE], const comparison *c, const target_pair *t)
{
    if (c->matched)
        snprintf(title, TITLE, "Feature %d", t->id_a);
    else if (t->a && t->b)
        snprintf(title, TITLE, "Feature %d of A, %d of B", t->id_a, t->id_b);
    else
        snprintf(title, TITLE, "Feature %d of %s", t->a ? t->id_a : t->id_b, t->a ? "A" : "B");
    return title;
}

err_code compare_page_target(const compare_site *s, int index, err *e)
{
    const target_pair *t = &s->c->targets[index];
    char name[RECORD_NAME], title[TITLE];
    page p;
    const char *caption = NULL;
    target_pair_name(name, s->c, t);
    page_start(&p, &s->site, SECTION_RUN, "targets", name, title_of(title, s->c, t));
    arena *a = &p.memory;
    p.stem = arena_strdup(a, name);
    json_add_bool(p.tree, "by_decoder", s->c->by_decoder);
    json_add_bool(p.tree, "has_fellow", t->a && t->b);
    json_add_string(p.tree, "cosine", show_score(a, t->cosine));
    put_least_cosine(&p);
    json_add_string(p.tree, "category", feature_category_name(t->category));
    json_add_string(p.tree, "meaning", feature_category_meaning(t->category));
    put_texts(&p, t);
    put_figures(&p, s->c, t);
    put_contexts(&p, t);
    put_values(&p, s->c, t, p.stem);
    err_code rc = compare_draw_curve(&p, t, &caption, e);
    json_add_bool(p.tree, "has_curve", caption != NULL);
    json_add_string(p.tree, "curve_caption", caption ? caption : "");
    if (!rc)
        return page_write(&p, "compare_target.md", e);
    page_drop(&p);
    return rc;
}
