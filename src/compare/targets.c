/* What became of every target: what is said of it, where it fires, and every other number. */
#include "compare/parts.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Compared through the correspondence of clusters. */
static const char *const APART[] = {"cluster", NULL};
/* Numbers of features and clusters name others in another dictionary, and rows are compared by
 * their cosine. */
static const char *const APART_BY_DECODER[] = {"id", "cluster", "decoder", "effects", NULL};
static const char *const APART_EFFECTS[] = {"relatives", NULL};

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
    return (text_pair){.title = any->title ? any->title : "",
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
                             .is_rule = true,
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

static feature_category category_of(const comparison *c, const target_pair *t)
{
    if (!t->a || !t->b)
        return t->a ? FEATURE_LOST : FEATURE_GAINED;
    int64_t active_a = c->a->features[t->id_a].n_active,
            active_b = c->b->features[t->id_b].n_active;
    if ((active_a > 0) != (active_b > 0))
        return active_a > 0 ? FEATURE_DIED : FEATURE_REVIVED;
    return t->moved ? FEATURE_MOVED : t->n_differences ? FEATURE_CHANGED : FEATURE_SAME;
}

static long find_differences(comparison *c, const char *place, const target_pair *t)
{
    if (c->matched)
        return differences_find(&c->differences, place, &SCHEMA_TARGET, t->a, t->b, APART);
    char effects[RECORD_NAME + 32];
    snprintf(effects, sizeof effects, "%s.effects", place);
    return differences_find(&c->differences, place, &SCHEMA_TARGET, t->a, t->b, APART_BY_DECODER) +
           differences_find(&c->differences, effects, &SCHEMA_EFFECTS, &t->a->effects,
                            &t->b->effects, APART_EFFECTS);
}

static void add_target(comparison *c, target_pair t, arena *memory)
{
    char place[RECORD_NAME + 16], name[RECORD_NAME];
    snprintf(place, sizeof place, "targets/%s", target_pair_name(name, c, &t));
    if (t.a && t.b) {
        t.n_differences = find_differences(c, place, &t);
        t.contexts = other_contexts(t.a, t.b);
        t.moved = c->matched && has_moved(c, t.id_a);
    } else {
        differences_add(&c->differences, place, t.a ? "target" : NULL, t.b ? "target" : NULL);
    }
    compare_texts(&t, memory);
    t.category = category_of(c, &t);
    c->chosen[t.category]++;
    c->targets[c->n_targets++] = t;
}

static void match_by_number(comparison *c, arena *memory)
{
    const record *a = c->a, *b = c->b;
    for (int i = 0, j = 0; i < a->n_targets || j < b->n_targets;) {
        int left = i < a->n_targets ? a->targets[i].id : c->a->n_features;
        int right = j < b->n_targets ? b->targets[j].id : c->a->n_features;
        int id = left <= right ? left : right;
        add_target(c,
                   (target_pair){.id_a = id,
                                 .id_b = id,
                                 .cosine = (double)NAN,
                                 .a = left <= right ? &a->targets[i] : NULL,
                                 .b = right <= left ? &b->targets[j] : NULL},
                   memory);
        i += left <= right;
        j += right <= left;
    }
}

/* A fellow is the nearest, so that the cosine with it is the largest. */
static void match_by_decoder(comparison *c, arena *memory)
{
    const decoder_match *m = &c->decoders;
    for (int i = 0; i < m->n_a; i++) {
        const record_target *a = &c->a->targets[i];
        const record_target *b = m->of_a[i] >= 0 ? &c->b->targets[m->of_a[i]] : NULL;
        add_target(c,
                   (target_pair){.id_a = a->id,
                                 .id_b = b ? b->id : -1,
                                 .cosine = decoders_nearest(m, i, false),
                                 .a = a,
                                 .b = b},
                   memory);
    }
    for (int j = 0; j < m->n_b; j++)
        if (m->of_b[j] < 0)
            add_target(c,
                       (target_pair){.id_a = -1,
                                     .id_b = c->b->targets[j].id,
                                     .cosine = decoders_nearest(m, j, true),
                                     .b = &c->b->targets[j]},
                       memory);
}

void compare_targets(comparison *c, arena *memory)
{
    c->targets = arena_push(memory, (size_t)c->a->n_targets + (size_t)c->b->n_targets + 1,
                            sizeof *c->targets);
    if (c->matched)
        match_by_number(c, memory);
    else
        match_by_decoder(c, memory);
}
