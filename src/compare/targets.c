/* What became of every target: what is said of it, where it fires, and every other number. */
#include "compare/parts.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Compared through the correspondence of clusters. */
static const char *const APART[] = {"cluster", NULL};

/* ---- texts ---- */

static void add_text(target_pair *t, text_pair x, arena *memory)
{
    x.pieces = words_compare(&x.n_pieces, x.a, x.b, memory);
    bool changed = false;
    for (int i = 0; i < x.n_pieces; i++)
        changed = changed || x.pieces[i].kind != WORDS_KEPT;
    t->n_changed += changed;
    t->texts[t->n_texts++] = x;
}

static double rule_score(const record_target *t)
{
    return t ? record_rule_f1(t) : (double)NAN;
}

static bool same_kind(const record_explanation *x, const record_explanation *y)
{
    return !strcmp(x->method ? x->method : "", y->method ? y->method : "") &&
           !strcmp(x->title ? x->title : "", y->title ? y->title : "");
}

/* The explanation of `t` of the same method and title that comes as late among those as item
 * `index` of `from` does. */
static const record_explanation *fellow(const record_target *t, const record_target *from,
                                        int index)
{
    int before = 0;
    for (int i = 0; i < index; i++)
        before += same_kind(&from->explanations[i], &from->explanations[index]);
    for (int i = 0; t && i < t->n_explanations; i++)
        if (same_kind(&t->explanations[i], &from->explanations[index]) && before-- == 0)
            return &t->explanations[i];
    return NULL;
}

static text_pair explanation_pair(const record_explanation *a, const record_explanation *b)
{
    const record_explanation *any = a ? a : b;
    return (text_pair){.title = any->title,
                       .a = a ? a->text : (record_bytes){0},
                       .b = b ? b->text : (record_bytes){0},
                       .score = "activation",
                       .score_a = a ? a->activation : (double)NAN,
                       .score_b = b ? b->activation : (double)NAN};
}

static void compare_texts(target_pair *t, arena *memory)
{
    const record_target *a = t->a, *b = t->b;
    size_t room = (a ? (size_t)a->n_explanations : 0) + (b ? (size_t)b->n_explanations : 0) + 1;
    t->texts = arena_push(memory, room, sizeof *t->texts);
    if ((a && a->rule.text.n) || (b && b->rule.text.n))
        add_text(t,
                 (text_pair){.title = "Rule",
                             .a = a ? a->rule.text : (record_bytes){0},
                             .b = b ? b->rule.text : (record_bytes){0},
                             .score = "F1",
                             .score_a = rule_score(a),
                             .score_b = rule_score(b)},
                 memory);
    for (int i = 0; a && i < a->n_explanations; i++)
        add_text(t, explanation_pair(&a->explanations[i], fellow(b, a, i)), memory);
    for (int i = 0; b && i < b->n_explanations; i++)
        if (!fellow(a, b, i))
            add_text(t, explanation_pair(NULL, &b->explanations[i]), memory);
}

/* ---- contexts ---- */

bool same_tokens(const record_context *x, const record_context *y)
{
    if (x->n_tokens != y->n_tokens)
        return false;
    for (int i = 0; i < x->n_tokens; i++)
        if (x->tokens[i].n != y->tokens[i].n ||
            memcmp(x->tokens[i].n ? x->tokens[i].bytes : "",
                   y->tokens[i].n ? y->tokens[i].bytes : "", (size_t)x->tokens[i].n))
            return false;
    return true;
}

static bool same_context(const record_context *x, const record_context *y)
{
    return x->prompt == y->prompt && x->start == y->start && same_tokens(x, y);
}

static bool other_contexts(const record_target *a, const record_target *b)
{
    if (a->n_top != b->n_top)
        return true;
    for (int i = 0; i < a->n_top; i++)
        if (!same_context(&a->top[i], &b->top[i]))
            return true;
    return false;
}

/* ---- targets ---- */

static const char *place_of(char place[RECORD_NAME + 16], const comparison *c, int id)
{
    char name[RECORD_NAME];
    snprintf(place, RECORD_NAME + 16, "targets/%s",
             record_feature_name(name, c->a->run.sae.layer, id));
    return place;
}

static feature_category category_of(const comparison *c, const target_pair *t)
{
    if (!t->a || !t->b)
        return t->a ? FEATURE_LOST : FEATURE_GAINED;
    int64_t active_a = c->a->features[t->id].n_active, active_b = c->b->features[t->id].n_active;
    if ((active_a > 0) != (active_b > 0))
        return active_a > 0 ? FEATURE_DIED : FEATURE_REVIVED;
    return t->moved ? FEATURE_MOVED : t->n_differences ? FEATURE_CHANGED : FEATURE_SAME;
}

static void add_target(comparison *c, const record_target *a, const record_target *b, arena *memory)
{
    char place[RECORD_NAME + 16];
    target_pair t = {.id = a ? a->id : b->id, .a = a, .b = b};
    place_of(place, c, t.id);
    if (a && b) {
        t.n_differences = differences_find(&c->differences, place, &SCHEMA_TARGET, a, b, APART);
        t.contexts = other_contexts(a, b);
        t.moved = has_moved(c, t.id);
    } else {
        differences_add(&c->differences, place, a ? "target" : NULL, b ? "target" : NULL);
    }
    compare_texts(&t, memory);
    t.category = category_of(c, &t);
    c->chosen[t.category]++;
    c->targets[c->n_targets++] = t;
}

void compare_targets(comparison *c, arena *memory)
{
    const record *a = c->a, *b = c->b;
    c->targets =
        arena_push(memory, (size_t)a->n_targets + (size_t)b->n_targets + 1, sizeof *c->targets);
    for (int i = 0, j = 0; i < a->n_targets || j < b->n_targets;) {
        int left = i < a->n_targets ? a->targets[i].id : c->a->n_features;
        int right = j < b->n_targets ? b->targets[j].id : c->a->n_features;
        add_target(c, left <= right ? &a->targets[i] : NULL, right <= left ? &b->targets[j] : NULL,
                   memory);
        i += left <= right;
        j += right <= left;
    }
}
