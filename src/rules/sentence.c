/* A rule as an English sentence, and what sort of rule it is. */
#include "rules/sentence.h"
#include "base/memory.h"
#include "rules/wording.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *rule_class_name(rule_class c)
{
    static const char *const names[] = {
        [RULE_SINGLE_TOKEN] = "single token",
        [RULE_TOKEN_SET] = "token set",
        [RULE_TOKEN_CLASS] = "token class",
        [RULE_N_GRAM] = "n-gram",
        [RULE_SKIP_GRAM] = "skip-gram",
        [RULE_CONTEXT] = "context",
        [RULE_POSITION] = "position",
        [RULE_DENSE] = "dense",
        [RULE_DEAD] = "dead",
        [RULE_UNDER_SAMPLED] = "under-sampled",
        [RULE_UNEXPLAINED] = "unexplained",
    };
    return names[c];
}

static rule_class classify_predicate(const rule_predicate *p, const rule_text *t)
{
    if (p->kind == RULE_NEAR)
        return p->window > 8 ? RULE_CONTEXT : RULE_SKIP_GRAM;
    if (p->kind == RULE_FLAG && (p->detail == RULE_IN_QUOTES || p->detail == RULE_IN_BRACKETS))
        return RULE_CONTEXT;
    if (p->kind == RULE_FLAG || p->kind == RULE_DEPTH)
        return RULE_POSITION;
    if (p->distance > 0)
        return RULE_N_GRAM;
    if (p->kind == RULE_CLASS_IS)
        return RULE_TOKEN_CLASS;
    return wording_count_forms(t, p) == 1 && !p->negated ? RULE_SINGLE_TOKEN : RULE_TOKEN_SET;
}

/* Of a clause, what reaches farthest. */
static int reach(rule_class c)
{
    static const rule_class order[] = {RULE_SINGLE_TOKEN, RULE_TOKEN_SET, RULE_TOKEN_CLASS,
                                       RULE_POSITION,     RULE_N_GRAM,    RULE_SKIP_GRAM,
                                       RULE_CONTEXT};
    int at = 0;
    while (order[at] != c)
        at++;
    return at;
}

rule_class rule_classify(const rule *r, const rule_text *t)
{
    if (!r->n_clauses)
        return RULE_UNEXPLAINED;
    const rule_clause *main_clause = &r->clauses[0];
    for (int i = 1; i < r->n_clauses; i++)
        if (r->clauses[i].tp > main_clause->tp)
            main_clause = &r->clauses[i];
    rule_class farthest = RULE_SINGLE_TOKEN;
    for (int i = 0; i < main_clause->n; i++) {
        rule_class c = classify_predicate(&main_clause->predicates[i], t);
        if (reach(c) > reach(farthest))
            farthest = c;
    }
    return farthest;
}

/* ---- clauses -----------------------------------------------------------------------------------
 */

/* The predicate that says what the token itself is; NULL when none does. */
static const rule_predicate *find_subject(const rule_clause *c)
{
    const rule_predicate *subject = NULL;
    for (int i = 0; i < c->n; i++) {
        const rule_predicate *p = &c->predicates[i];
        bool of_token = p->kind == RULE_TOKEN_IN || p->kind == RULE_CLASS_IS;
        if (of_token && !p->distance && !p->negated && (!subject || subject->kind == RULE_CLASS_IS))
            subject = p;
    }
    return subject;
}

/* Whether the clause can do without a noun: "Active right after ...". */
static bool stands_alone(const rule_clause *c)
{
    bool any = false;
    for (int i = 0; i < c->n; i++) {
        const rule_predicate *p = &c->predicates[i];
        bool of_token = p->kind == RULE_TOKEN_IN || p->kind == RULE_CLASS_IS;
        if (of_token && !p->distance)
            return false;
        any = any || !p->negated;
    }
    return any;
}

/* Returns how it is meant further on: "it", "them". */
static const char *add_subject(wording_maker *m, const rule_predicate *subject)
{
    if (!subject) {
        wording_add(m, " on tokens");
        return "them";
    }
    wording_add(m, " on ");
    if (subject->kind == RULE_CLASS_IS) {
        wording_add_class(m, subject->detail, true);
        return "them";
    }
    bool one = wording_count_forms(m->t, subject) == 1;
    wording_add(m, one ? "the token " : "the tokens ");
    wording_add_set(m, subject, "and");
    return one ? "it" : "them";
}

static void add_flag(wording_maker *m, const rule_predicate *p)
{
    const char *not = p->negated ? "not " : "";
    switch (p->detail) {
    case RULE_AFTER_NEWLINE:
        wording_add(m, " %sat the start of a line", not );
        break;
    case RULE_SENTENCE_START:
        wording_add(m, " %sat the start of a sentence", not );
        break;
    case RULE_IN_QUOTES:
        wording_add(m, p->negated ? " outside quotation marks" : " inside quotation marks");
        break;
    default:
        wording_add(m, p->negated ? " outside brackets" : " inside brackets");
    }
}

static void add_depth(wording_maker *m, const rule_predicate *p)
{
    const char *not = p->negated ? "not " : "";
    if (p->high == RULE_WHOLE)
        wording_add(m, " %safter the first %d tokens of the document", not, p->low);
    else if (p->low == 0 && p->high == 0)
        wording_add(m, " %sat the very start of the document", not );
    else if (p->low == 0)
        wording_add(m, " %samong the first %d tokens of the document", not, p->high + 1);
    else if (p->low == p->high)
        wording_add(m, " %sat token %d of the document", not, p->low + 1);
    else
        wording_add(m, " %sbetween tokens %d and %d of the document", not, p->low + 1, p->high + 1);
}

static void add_near(wording_maker *m, const rule_predicate *p, const char *before)
{
    wording_add(m, p->negated ? " unless " : " when ");
    wording_add_set(m, p, "or");
    if (p->window == RULE_WHOLE)
        wording_add(m, " comes earlier in the document");
    else
        wording_add(m, " comes within the %d tokens before%s%s", p->window, *before ? " " : "",
                    before);
}

/* What the token is not, or comes after. */
static void add_of_token(wording_maker *m, const rule_predicate *p)
{
    static const char *const after[] = {"", "right after ", "two tokens after "};
    if (p->distance)
        wording_add(m, " %s%s", p->negated ? "not " : "", after[p->distance]);
    else if (p->kind == RULE_TOKEN_IN)
        wording_add(m, p->negated ? " other than " : " such as ");
    else
        wording_add(m, p->negated ? " that are not " : " that are ");
    if (p->kind == RULE_TOKEN_IN)
        wording_add_set(m, p, "or");
    else
        wording_add_class(m, p->detail, !p->distance);
}

static void add_clause(wording_maker *m, const rule_clause *c)
{
    const rule_predicate *subject = find_subject(c);
    const char *meant = stands_alone(c) ? "" : add_subject(m, subject);
    /* What tokens are, then where, then what is near: so that each part can be read alone. */
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < c->n; i++) {
            const rule_predicate *p = &c->predicates[i];
            bool of_token = p->kind == RULE_TOKEN_IN || p->kind == RULE_CLASS_IS;
            if (p == subject)
                continue;
            if (round == 0 && of_token)
                add_of_token(m, p);
            else if (round == 1 && p->kind == RULE_FLAG)
                add_flag(m, p);
            else if (round == 1 && p->kind == RULE_DEPTH)
                add_depth(m, p);
            else if (round == 2 && p->kind == RULE_NEAR)
                add_near(m, p, meant);
        }
}

void rule_sentence(rule_wording *out, const rule *r, const rule_text *t, arena *a)
{
    *out = (rule_wording){0, NULL};
    if (!r->n_clauses)
        return;
    wording_maker m = {.memory = a, .t = t};
    for (int i = 0; i < r->n_clauses; i++) {
        wording_add(&m, i ? "; or" : "Active");
        add_clause(&m, &r->clauses[i]);
    }
    wording_add(&m, ".");
    *out = wording_finish(&m);
}

void rule_say(rule_wording *out, arena *a, const char *format, ...)
{
    char text[512];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    rule_piece *piece = arena_push(a, 1, sizeof *piece);
    *piece = (rule_piece){false, arena_strdup(a, text), strlen(text)};
    *out = (rule_wording){1, piece};
}

void rule_wording_join(rule_wording *out, const rule_wording *first, const rule_wording *second,
                       arena *a)
{
    size_t n = (size_t)(first->n + second->n);
    rule_piece *pieces = arena_push(a, n + 1, sizeof *pieces);
    int k = 0;
    for (int i = 0; i < first->n; i++)
        pieces[k++] = first->pieces[i];
    if (first->n && second->n)
        pieces[k++] = (rule_piece){false, " ", 1};
    for (int i = 0; i < second->n; i++)
        pieces[k++] = second->pieces[i];
    *out = (rule_wording){k, pieces};
}

void rule_wording_text(str *out, const rule_wording *w)
{
    for (int i = 0; i < w->n; i++) {
        const char *mark = w->pieces[i].is_token ? "`" : "";
        str_add(out, mark);
        str_add_bytes(out, w->pieces[i].bytes, w->pieces[i].n);
        str_add(out, mark);
    }
}
