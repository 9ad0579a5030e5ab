/* Lines, sentences, quotations and brackets, followed byte by byte through each document. */
#include "rules/text_parts.h"
#include <ctype.h>

typedef enum { INSIDE, STOPPED, BEGINS } sentence_state; /* STOPPED: right after . ! ? */

typedef struct marker {
    bool line_ended;
    sentence_state sentence;
    bool quoted;
    int brackets;
} marker;

static bool is_wordly(unsigned char c)
{
    return c > 127 || isalnum(c);
}

/* Returns whether the byte begins a sentence. */
static bool follow_sentence(marker *m, unsigned char c)
{
    bool begins = is_wordly(c) && m->sentence == BEGINS;
    if (is_wordly(c))
        m->sentence = INSIDE; /* also the 5 of 3.5 */
    else if (c == '\n')
        m->sentence = BEGINS;
    else if (c == '.' || c == '!' || c == '?')
        m->sentence = STOPPED;
    else if (c == ' ' && m->sentence == STOPPED)
        m->sentence = BEGINS;
    return begins;
}

static void follow_marks(marker *m, unsigned char c)
{
    if (c == '\n')
        m->quoted = false;
    else if (c == '"')
        m->quoted = !m->quoted;
    else if (c == '(' || c == '[' || c == '{')
        m->brackets++;
    else if ((c == ')' || c == ']' || c == '}') && m->brackets > 0)
        m->brackets--;
}

/* The curly marks U+201C and U+201D are three bytes, perhaps of several tokens: seen at the last.
 */
static void follow_curly(marker *m, uint32_t last_three)
{
    if (last_three == 0xE2809C)
        m->quoted = true;
    else if (last_three == 0xE2809D)
        m->quoted = false;
}

static void mark_document(rule_text *t, const rule_document *d)
{
    marker m = {.line_ended = true, .sentence = BEGINS};
    uint32_t last_three = 0;
    for (size_t at = d->first; at < d->first + (size_t)d->n; at++) {
        uint8_t flags = m.line_ended ? RULE_AFTER_NEWLINE : 0;
        const char *bytes = "";
        size_t n = 0;
        tokenizer_bytes(t->tokenizer, t->token_N[at], &bytes, &n);
        for (size_t i = 0; i < n; i++) {
            unsigned char c = (unsigned char)bytes[i];
            last_three = (last_three << 8 | c) & 0xFFFFFF;
            if (follow_sentence(&m, c))
                flags |= RULE_SENTENCE_START;
            follow_marks(&m, c);
            follow_curly(&m, last_three);
            m.line_ended = c == '\n';
        }
        flags |= (uint8_t)((m.quoted ? RULE_IN_QUOTES : 0) | (m.brackets ? RULE_IN_BRACKETS : 0));
        t->flags_N[at] = flags;
    }
}

void rule_text_mark(rule_text *t)
{
    for (int d = 0; d < t->n_documents; d++)
        mark_document(t, &t->documents[d]);
}
