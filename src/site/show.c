/* Texts, tokens and contexts as a page shows them. */
#include "site/show.h"
#include "base/str.h"
#include "results/visible.h"
#include <string.h>

enum {
    MERGE_LIMIT = 5, /* a UTF-8 character has at most 4 bytes; one more token may hold a space */
    ALONE_LIMIT = 40,
    CONTEXT_LIMIT = 200 /* bytes shown of a token on its own, or in a context */
};

/* ---- texts ---- */

/* The largest n <= limit at which `text` is not cut inside a UTF-8 character. */
static size_t cut_at(const char *text, size_t n, size_t limit)
{
    if (n <= limit)
        return n;
    while (limit && ((unsigned char)text[limit] & 0xC0) == 0x80)
        limit--;
    return limit;
}

const char *show_text(arena *a, const char *text)
{
    return show_prose(a, (record_bytes){text ? text : "", text ? (int)strlen(text) : 0});
}

const char *show_part(arena *a, record_bytes text, int from, int to)
{
    str out = {0};
    visible_add_part(&out, text.bytes ? text.bytes : "", (size_t)text.n, (size_t)from, (size_t)to,
                     VISIBLE_PROSE);
    return str_into(&out, a);
}

const char *show_prose(arena *a, record_bytes text)
{
    return show_part(a, text, 0, text.n);
}

const char *show_token(arena *a, record_bytes token)
{
    str out = {0};
    size_t n = cut_at(token.bytes, (size_t)token.n, ALONE_LIMIT);
    visible_add(&out, token.bytes ? token.bytes : "", n, VISIBLE_ALL);
    if (n < (size_t)token.n)
        str_add(&out, "…");
    return out.len ? str_into(&out, a) : "∅";
}

const char *show_token_ascii(arena *a, record_bytes token, int limit)
{
    str out = {0};
    for (int i = 0; i < token.n; i++) {
        unsigned char c = (unsigned char)token.bytes[i];
        if (c == '\n')
            str_add(&out, "\\n");
        else if (c == ' ')
            str_add(&out, "_");
        else if (c > 0x20 && c < 0x7F)
            str_add_char(&out, (char)c);
        else
            str_addf(&out, "\\x%02x", c);
    }
    if ((int)out.len > limit) {
        out.len = (size_t)limit;
        out.data[limit - 1] = '~';
    }
    return str_into(&out, a);
}

/* ---- contexts ---- */

int show_pieces(const record_bytes *tokens, int n_tokens)
{
    str joined = {0};
    int found = 1;
    for (int n = 1; n <= MERGE_LIMIT && n <= n_tokens; n++) {
        record_bytes t = tokens[n - 1];
        str_add_bytes(&joined, t.n ? t.bytes : "", (size_t)t.n);
        if (utf8_valid(str_text(&joined), joined.len)) {
            found = n;
            break;
        }
    }
    str_release(&joined);
    return found;
}

shown_token *show_context(int *n, arena *a, const record_context *c)
{
    str whole = {0};
    shown_token *list = arena_push(a, (size_t)c->n_tokens + 1, sizeof *list);
    size_t *starts = arena_push(a, (size_t)c->n_tokens + 1, sizeof *starts);
    *n = 0;
    for (int i = 0; i < c->n_tokens; i++) {
        starts[i] = whole.len;
        str_add_bytes(&whole, c->tokens[i].n ? c->tokens[i].bytes : "", (size_t)c->tokens[i].n);
    }
    starts[c->n_tokens] = whole.len;
    for (int i = 0; i < c->n_tokens;) {
        shown_token *t = &list[(*n)++];
        *t = (shown_token){.first = i,
                           .n = show_pieces(c->tokens + i, c->n_tokens - i),
                           .activation = c->activations[i]};
        for (int k = 1; k < t->n; k++)
            if (fabs(c->activations[i + k]) > fabs(t->activation))
                t->activation = c->activations[i + k];
        str out = {0};
        size_t size = starts[i + t->n] - starts[i];
        size_t shown = cut_at(str_text(&whole) + starts[i], size, CONTEXT_LIMIT);
        visible_add_part(&out, str_text(&whole), whole.len, starts[i], starts[i] + shown,
                         VISIBLE_PROSE);
        if (shown < size)
            str_add(&out, "…");
        t->text = str_into(&out, a);
        i += t->n;
    }
    str_release(&whole);
    return list;
}
