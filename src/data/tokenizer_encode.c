/* Text to tokens: every step hands the pieces it makes to the next one, and what passed the last is
 * merged. Offsets go the way back through the rewriting steps that are under way. */
#include "base/memory.h"
#include "data/tokenizer_parts.h"
#include <limits.h>

enum {
    MAX_TEXT_BYTES = 1 << 30,
    MAX_GROWTH = 16, /* what rewriting may make of a text; real tokenizers: 3 times as long ... */
    MAX_PREFIX = 1 << 12 /* ... and a prefix */
};

/* A rewriting step under way: its text came from the piece at `offset` of the text it read. */
typedef struct rewriting {
    edited_text text;
    size_t offset;
} rewriting;

/* One call's state. */
typedef struct encoder {
    token_list *out;
    const tokenizer *t;
    size_t limit; /* bytes of a rewritten text */
    rewriting rewritings[MAX_STEPS];
    const rewriting *under_way[MAX_STEPS];
    int n_under_way;
    regex_scratch *regex;
    bpe_scratch bpe;
    err *e;
} encoder;

/* Bytes [start, end) of the text at hand as bytes of the original. */
static void to_original(const encoder *c, size_t *start, size_t *end)
{
    for (int i = c->n_under_way - 1; i >= 0; i--) {
        const rewriting *r = c->under_way[i];
        bool empty = *start == *end; /* a prefix stands for nothing, before the next byte */
        edited_text_source(start, end, &r->text, *start, empty ? *end + 1 : *end);
        *start += r->offset;
        *end = empty ? *start : *end + r->offset;
    }
}

static void add_token(encoder *c, int id, size_t start, size_t end)
{
    to_original(c, &start, &end);
    token_list_add(c->out, id, start, end);
}

static void merge_word(encoder *c, const char *text, size_t n, size_t offset)
{
    size_t first = c->out->n;
    bpe_encode(c->out, &c->t->bpe, &c->t->vocab, &c->bpe, text, n, offset);
    for (size_t i = first; c->n_under_way > 0 && i < c->out->n; i++)
        to_original(c, &c->out->starts[i], &c->out->ends[i]);
}

static err_code run(encoder *c, int at, const char *text, size_t n, size_t offset);

static err_code run_added(encoder *c, int at, const char *text, size_t n, size_t offset)
{
    const added_tokens *added = c->t->steps.items[at].added;
    added_search search = {.text = text, .n = n};
    const added_token *token;
    size_t from = 0;
    while ((token = added_tokens_next(&search, added, c->regex))) {
        if (search.start > from && run(c, at + 1, text + from, search.start - from, offset + from))
            return c->e->code;
        add_token(c, token->id, offset + search.start, offset + search.end);
        from = search.end;
    }
    return run(c, at + 1, text + from, n - from, offset + from);
}

/* How far text is valid UTF-8 (`valid`), or is not, from its start on. */
static size_t run_length(bool *valid, const char *text, size_t n)
{
    size_t i = 0;
    uint32_t code;
    *valid = utf8_decode((const unsigned char *)text, n, &code) > 0;
    while (i < n) {
        int length = utf8_decode((const unsigned char *)text + i, n - i, &code);
        if ((length > 0) != *valid)
            break;
        i += length > 0 ? (size_t)length : 1;
    }
    return i;
}

static err_code run_valid(encoder *c, int at, const char *text, size_t n, size_t offset)
{
    for (size_t from = 0, length; from < n; from += length) {
        bool valid;
        length = run_length(&valid, text + from, n - from);
        if (!valid)
            merge_word(c, text + from, length, offset + from);
        else if (run(c, at + 1, text + from, length, offset + from))
            return c->e->code;
    }
    return OK;
}

static err_code run_edit(encoder *c, int at, const char *text, size_t n, size_t offset)
{
    rewriting *r = &c->rewritings[at];
    bool changed;
    size_t start = offset, end = offset + n;
    to_original(c, &start, &end);
    if (step_edit(&changed, &r->text, &c->t->steps.items[at], text, n, start == 0, c->limit, c->e))
        return c->e->code;
    if (!changed)
        return run(c, at + 1, text, n, offset);
    r->offset = offset;
    c->under_way[c->n_under_way++] = r;
    err_code code = run(c, at + 1, str_text(&r->text.text), r->text.text.len, 0);
    c->n_under_way--;
    return code;
}

static err_code run_cut(encoder *c, int at, const char *text, size_t n, size_t offset)
{
    step_cutting cutting = {
        .step = &c->t->steps.items[at], .scratch = c->regex, .text = text, .n = n};
    for (size_t from, to;;) {
        if (step_cut(&from, &to, &cutting, c->e))
            return c->e->code;
        if (from == n)
            return OK;
        if (run(c, at + 1, text + from, to - from, offset + from))
            return c->e->code;
    }
}

/* Takes a piece, which lies at `offset` of the text at hand, through step number `at` and all that
 * follow. */
static err_code run(encoder *c, int at, const char *text, size_t n, size_t offset)
{
    const step_list *steps = &c->t->steps;
    if (n == 0)
        return OK;
    if (at == steps->n) {
        merge_word(c, text, n, offset);
        return OK;
    }
    switch (steps->items[at].kind) {
    case STEP_ADDED:
        return run_added(c, at, text, n, offset);
    case STEP_VALID:
        return run_valid(c, at, text, n, offset);
    case STEP_NFC:
    case STEP_REPLACE:
    case STEP_PREPEND:
        return run_edit(c, at, text, n, offset);
    case STEP_CUT:
        return run_cut(c, at, text, n, offset);
    }
    return OK;
}

/* Text that no token came from, because the tokenizer removes it or drops its symbols, is given to
 * the token after it, which may be several with one range; at the end, to the last one. */
static void close_holes(token_list *t, size_t first, size_t n)
{
    size_t covered = 0;
    for (size_t i = first; i < t->n; i++) {
        size_t start = t->starts[i];
        for (size_t k = i; start > covered && k < t->n && t->starts[k] == start; k++) {
            t->starts[k] = covered;
            if (t->ends[k] == start) /* what stands for nothing still does */
                t->ends[k] = covered;
        }
        if (t->ends[i] > covered)
            covered = t->ends[i];
    }
    size_t last = covered < n && t->n > first ? t->starts[t->n - 1] : n;
    for (size_t k = t->n; k > first && t->starts[k - 1] == last && t->ends[k - 1] == covered; k--)
        t->ends[k - 1] = n;
}

err_code tokenizer_encode(token_list *out, const tokenizer *t, const char *text, size_t n, err *e)
{
    if (n > MAX_TEXT_BYTES)
        return err_set(e, E_DATA,
                       "a text of %zu bytes is too long to tokenise at once (%d is the "
                       "limit)",
                       n, (int)MAX_TEXT_BYTES);
    encoder *c = mem_small(1, sizeof *c);
    size_t limit = MAX_GROWTH * n + MAX_PREFIX;
    *c = (encoder){.out = out,
                   .t = t,
                   .limit = limit < INT_MAX ? limit : INT_MAX,
                   .regex = regex_scratch_new(),
                   .e = e};
    size_t first = out->n;
    err_code code = run(c, 0, text, n, 0);
    if (!code)
        close_holes(out, first, n);
    for (int i = 0; i < MAX_STEPS; i++)
        edited_text_release(&c->rewritings[i].text);
    regex_scratch_free(c->regex);
    bpe_scratch_release(&c->bpe);
    mem_free(c);
    return code;
}
