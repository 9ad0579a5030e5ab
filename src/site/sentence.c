/* The sentence of a rule on a page: words, and tokens, which stand out as code. */
#include "site/sentence.h"
#include "site/escape.h"
#include "site/show.h"
#include <string.h>

typedef void escaper(str *out, const char *text);

/* Words between tokens: blanks at their ends are blanks of the sentence. */
static void add_words(str *out, arena *a, record_bytes words, escaper *escape)
{
    int from = 0, to = words.n;
    while (from < to && words.bytes[from] == ' ')
        from++;
    while (to > from && words.bytes[to - 1] == ' ')
        to--;
    if (from > 0)
        str_add_char(out, ' ');
    escape(out, show_part(a, words, from, to));
    if (to < words.n && to > from)
        str_add_char(out, ' ');
}

const char *rule_line(arena *a, const record_rule *rule)
{
    str line = {0};
    for (int i = 0; i < rule->n_pieces; i++) {
        const record_piece *piece = &rule->pieces[i];
        if (piece->is_token)
            escape_code(&line, show_token(a, piece->text));
        else
            add_words(&line, a, piece->text, escape_markdown);
    }
    return str_into(&line, a);
}

int sentence_token(const char *bytes, int n)
{
    if (n < 3 || *bytes != '`')
        return 0;
    /* A token has a byte at least, which may be a backtick. */
    const char *end = memchr(bytes + 2, '`', (size_t)n - 2);
    return end ? (int)(end - bytes) + 1 : 0;
}

/* Takes the next part off `rest`, which is not empty. Is it a token, then without its backticks? */
static bool next_part(record_bytes *rest, record_bytes *part)
{
    int n = sentence_token(rest->bytes, rest->n);
    bool token = n > 0;
    if (token)
        *part = (record_bytes){rest->bytes + 1, n - 2};
    while (!token && n < rest->n && !sentence_token(rest->bytes + n, rest->n - n))
        n++;
    if (!token)
        *part = (record_bytes){rest->bytes, n};
    *rest = (record_bytes){rest->bytes + n, rest->n - n};
    return token;
}

const char *sentence_line(arena *a, record_bytes sentence)
{
    str line = {0};
    record_bytes part;
    while (sentence.n)
        if (next_part(&sentence, &part))
            escape_code(&line, show_token(a, part));
        else
            add_words(&line, a, part, escape_markdown);
    return str_into(&line, a);
}

void sentence_html(str *out, record_bytes sentence, arena *a)
{
    record_bytes part;
    while (sentence.n)
        if (next_part(&sentence, &part)) {
            str_add(out, "<code>");
            escape_html(out, show_token(a, part));
            str_add(out, "</code>");
        } else {
            add_words(out, a, part, escape_html);
        }
}
