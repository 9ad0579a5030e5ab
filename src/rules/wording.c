/* The pieces of sentences: words, tokens, sets of tokens, classes. */
#include "rules/wording.h"
#include "base/memory.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MOST_NAMED = 8 };

static void push(wording_maker *m, bool is_token, const char *bytes, size_t n)
{
    if (m->n == m->capacity) {
        m->capacity = 2 * m->capacity + 8;
        m->pieces = mem_grow(m->pieces, (size_t)m->capacity, sizeof *m->pieces);
    }
    char *copy = arena_push(m->memory, n, 1);
    if (n)
        memcpy(copy, bytes, n);
    m->pieces[m->n++] = (rule_piece){is_token, copy, n};
}

static void end_words(wording_maker *m)
{
    if (m->words.len)
        push(m, false, m->words.data, m->words.len);
    str_clear(&m->words);
}

void wording_add(wording_maker *m, const char *format, ...)
{
    char text[256];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    str_add(&m->words, text);
}

void wording_add_bytes(wording_maker *m, const char *bytes, size_t n)
{
    end_words(m);
    push(m, true, bytes, n);
}

void wording_add_token(wording_maker *m, int32_t token)
{
    const char *bytes = "";
    size_t n = 0;
    tokenizer_bytes(m->t->tokenizer, token, &bytes, &n);
    wording_add_bytes(m, bytes, n);
}

rule_wording wording_finish(wording_maker *m)
{
    end_words(m);
    rule_piece *pieces = arena_push(m->memory, (size_t)m->n, sizeof *pieces);
    if (m->n)
        memcpy(pieces, m->pieces, (size_t)m->n * sizeof *pieces);
    rule_wording made = {m->n, pieces};
    mem_free(m->pieces);
    str_release(&m->words);
    *m = (wording_maker){0};
    return made;
}

/* ---- sets --------------------------------------------------------------------------------------
 */

static bool same_form(const rule_text *t, int32_t a, int32_t b)
{
    const char *x = "", *y = "";
    size_t n = 0, m = 0;
    tokenizer_bytes(t->tokenizer, a, &x, &n);
    tokenizer_bytes(t->tokenizer, b, &y, &m);
    if (n > 1 && *x == ' ')
        x++, n--;
    if (m > 1 && *y == ' ')
        y++, m--;
    if (n != m)
        return false;
    for (size_t i = 0; i < n; i++)
        if (tolower((unsigned char)x[i]) != tolower((unsigned char)y[i]))
            return false;
    return true;
}

static bool is_new_form(const rule_text *t, const rule_predicate *p, int which)
{
    for (int i = 0; i < which; i++)
        if (same_form(t, p->tokens[i], p->tokens[which]))
            return false;
    return true;
}

int wording_count_forms(const rule_text *t, const rule_predicate *p)
{
    int n = 0;
    for (int i = 0; i < p->n_tokens; i++)
        n += is_new_form(t, p, i);
    return n;
}

void wording_add_set(wording_maker *m, const rule_predicate *p, const char *last)
{
    int forms = wording_count_forms(m->t, p), named = 0;
    int most = forms > MOST_NAMED ? MOST_NAMED : forms;
    for (int i = 0; i < p->n_tokens && named < most; i++) {
        if (!is_new_form(m->t, p, i))
            continue;
        if (named)
            wording_add(m, named + 1 == forms ? " %s " : ", ", last);
        wording_add_token(m, p->tokens[i]);
        named++;
    }
    if (forms > most)
        wording_add(m, " %s %d more", last, forms - most);
}

/* ---- classes -----------------------------------------------------------------------------------
 */

static const struct {
    const char *label, *plural, *singular;
} class_words[RULE_FIRST_AFFIX] = {
    [RULE_WORD_INITIAL] = {"word-initial", "tokens that begin a word",
                           "a token that begins a word"},
    [RULE_WORD_PIECE] = {"word-piece", "pieces of words (no blank before them)",
                         "a piece of a word (no blank before it)"},
    [RULE_CAPITALISED] = {"capitalised", "capitalised tokens", "a capitalised token"},
    [RULE_ALL_CAPITALS] = {"all-capitals", "tokens in capitals", "a token in capitals"},
    [RULE_DIGITS] = {"digits", "digits", "a token of digits"},
    [RULE_PUNCTUATION] = {"punctuation", "punctuation", "a punctuation mark"},
    [RULE_NEWLINE] = {"line-break", "line breaks", "a line break"},
    [RULE_BLANK] = {"blank", "blanks", "a blank"},
    [RULE_NOT_ASCII] = {"not-ascii", "tokens with characters beyond ASCII",
                        "a token with characters beyond ASCII"},
};

void wording_add_class(wording_maker *m, int class_bit, bool plural)
{
    if (class_bit < RULE_FIRST_AFFIX) {
        wording_add(m, "%s",
                    plural ? class_words[class_bit].plural : class_words[class_bit].singular);
        return;
    }
    const rule_affix *a = &m->t->affixes[class_bit - RULE_FIRST_AFFIX];
    wording_add(m, "%s ",
                plural      ? a->prefix ? "words that begin with" : "words that end in"
                : a->prefix ? "a word that begins with"
                            : "a word that ends in");
    wording_add_bytes(m, a->text, strlen(a->text));
}

void rule_class_label(str *out, const rule_text *t, int class_bit)
{
    if (class_bit < RULE_FIRST_AFFIX) {
        str_add(out, class_words[class_bit].label);
        return;
    }
    const rule_affix *a = &t->affixes[class_bit - RULE_FIRST_AFFIX];
    str_addf(out, a->prefix ? "%s-" : "-%s", a->text);
}
