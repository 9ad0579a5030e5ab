/* What each step does to one piece of text. */
#include "data/steps.h"
#include "base/memory.h"
#include "data/nfc.h"
#include <string.h>

bool steps_add(step_list *l, const step *s)
{
    if (l->n == MAX_STEPS)
        return false;
    l->items[l->n++] = *s;
    return true;
}

void step_release(step *s)
{
    str_release(&s->pattern);
    str_release(&s->content);
    regex_free(s->regex);
    *s = (step){0};
}

void steps_release(step_list *l)
{
    for (int i = 0; i < l->n; i++)
        step_release(&l->items[i]);
    l->n = 0;
}

bool step_edits(const step *s)
{
    return s->kind == STEP_NFC || s->kind == STEP_REPLACE || s->kind == STEP_PREPEND;
}

/* --- rewriting --- */

static err_code too_long(size_t limit, err *e)
{
    return err_set(e, E_DATA,
                   "the tokenizer's normalizer makes the text longer than %zu bytes; is its "
                   "tokenizer.json what it should be?",
                   limit);
}

static bool is_ascii(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] >= 0x80)
            return false;
    return true;
}

static err_code replace(bool *changed, edited_text *out, const step *s, const char *text, size_t n,
                        size_t limit, err *e)
{
    const char *at = memmem(text, n, s->pattern.data, s->pattern.len);
    *changed = at != NULL;
    edited_text_clear(out);
    size_t from = 0;
    for (; at; at = memmem(text + from, n - from, s->pattern.data, s->pattern.len)) {
        size_t start = (size_t)(at - text), end = start + s->pattern.len;
        edited_text_keep(out, text + from, start - from);
        edited_text_replace(out, str_text(&s->content), s->content.len, start, end);
        if (out->text.len > limit)
            return too_long(limit, e);
        from = end;
    }
    edited_text_keep(out, text + from, n - from);
    return OK;
}

static bool wants_prefix(const step *s, const char *text, size_t n, bool is_first)
{
    bool there = n >= s->content.len && memcmp(text, str_text(&s->content), s->content.len) == 0;
    switch (s->when) {
    case PREPEND_ALWAYS:
        return true;
    case PREPEND_UNLESS_THERE:
        return !there;
    case PREPEND_TO_FIRST:
        return !there && is_first;
    }
    return false;
}

err_code step_edit(bool *changed, edited_text *out, const step *s, const char *text, size_t n,
                   bool is_first, size_t limit, err *e)
{
    if (s->kind == STEP_REPLACE)
        return replace(changed, out, s, text, n, limit, e);
    *changed = s->kind == STEP_NFC ? !is_ascii(text, n) : wants_prefix(s, text, n, is_first);
    if (*changed && s->kind == STEP_NFC) {
        nfc_normalize(out, text, n);
    } else if (*changed) {
        edited_text_clear(out);
        edited_text_replace(out, str_text(&s->content), s->content.len, 0, 0);
        edited_text_keep(out, text, n);
    }
    return *changed && out->text.len > limit ? too_long(limit, e) : OK;
}

/* --- cutting --- */

static err_code find(step_cutting *c, err *e)
{
    const step *s = c->step;
    if (s->regex)
        return regex_find(&c->match_start, &c->match_end, s->regex, c->scratch, c->text, c->n,
                          c->place, e);
    const char *at = memmem(c->text + c->place, c->n - c->place, s->pattern.data, s->pattern.len);
    c->match_start = at ? (size_t)(at - c->text) : c->n;
    c->match_end = at ? c->match_start + s->pattern.len : c->n;
    return OK;
}

/* The stretch that begins at c->place, which is less than n: a match, or all up to one. */
static err_code next_stretch(size_t *end, bool *is_match, step_cutting *c, err *e)
{
    err_code code = c->match_end <= c->place ? find(c, e) : OK;
    if (code)
        return code;
    *is_match = (c->match_start == c->place) != c->step->invert;
    *end = c->match_start == c->place ? c->match_end : c->match_start;
    return OK;
}

static bool stay_together(cut_behavior behavior, bool last_was_match, bool is_match)
{
    switch (behavior) {
    case CUT_ISOLATED:
    case CUT_REMOVED:
        return false;
    case CUT_MERGED_WITH_PREVIOUS:
        return !last_was_match && is_match;
    case CUT_MERGED_WITH_NEXT:
        return last_was_match && !is_match;
    case CUT_CONTIGUOUS:
        return last_was_match == is_match;
    }
    return false;
}

err_code step_cut(size_t *from, size_t *to, step_cutting *c, err *e)
{
    *from = *to = c->place;
    while (c->place < c->n) {
        size_t end = 0;
        bool is_match = false;
        err_code code = next_stretch(&end, &is_match, c, e);
        if (code)
            return code;
        bool is_new = *to == *from;
        if (!is_new && !stay_together(c->step->behavior, c->last_was_match, is_match))
            break;
        c->last_was_match = is_match;
        c->place = *to = end;
        if (is_new && is_match && c->step->behavior == CUT_REMOVED)
            *from = end;
    }
    return OK;
}
