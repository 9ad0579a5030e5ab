/* Leftmost-longest matching of many strings: the sorted tokens that agree with the text so far are
 * a range, and each further byte of text narrows it. */
#include "data/added_tokens.h"
#include "base/memory.h"
#include "base/str.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int compare_tokens(const void *a, const void *b)
{
    const added_token *x = a, *y = b;
    int order = memcmp(x->content, y->content, x->n < y->n ? x->n : y->n);
    if (order == 0)
        order = (x->n > y->n) - (x->n < y->n);
    return order ? order : (x->id > y->id) - (x->id < y->id);
}

void added_tokens_add(added_tokens *a, const added_token *t, const char *content, size_t n)
{
    if (a->n == a->cap) {
        a->cap = a->cap ? 2 * a->cap : 64;
        a->tokens = mem_grow(a->tokens, (size_t)a->cap, sizeof *a->tokens);
    }
    added_token *copy = &a->tokens[a->n++];
    *copy = *t;
    copy->content = mem_small(n + 1, 1);
    copy->n = n;
    memcpy(copy->content, content, n);
    if (t->single_word && !a->word_character)
        a->word_character = regex_new(REGEX_WORD_CHARACTER);
}

const added_token *added_tokens_index(added_tokens *a)
{
    const added_token *twin = NULL;
    if (a->n > 0)
        qsort(a->tokens, (size_t)a->n, sizeof *a->tokens, compare_tokens);
    for (int i = 0; i < a->n; i++)
        a->first[(unsigned char)a->tokens[i].content[0] + 1]++;
    for (int c = 0; c < 256; c++)
        a->first[c + 1] += a->first[c];
    for (int i = 1; i < a->n && !twin; i++)
        if (a->tokens[i - 1].n == a->tokens[i].n &&
            memcmp(a->tokens[i - 1].content, a->tokens[i].content, a->tokens[i].n) == 0)
            twin = &a->tokens[i - 1];
    return twin;
}

void added_tokens_release(added_tokens *a)
{
    for (int i = 0; i < a->n; i++)
        mem_free(a->tokens[i].content);
    mem_free(a->tokens);
    regex_free(a->word_character);
    *a = (added_tokens){0};
}

/* In tokens [low, high), which agree in their first `depth` bytes and are all longer, the first
 * whose next byte is at least c. */
static int first_at_least(const added_tokens *a, int low, int high, size_t depth, int c)
{
    while (low < high) {
        int middle = low + (high - low) / 2;
        if ((unsigned char)a->tokens[middle].content[depth] < c)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The longest token that `text` starts with. */
static const added_token *longest_prefix(const added_tokens *a, const char *text, size_t n)
{
    unsigned char c = (unsigned char)text[0];
    int low = a->first[c], high = a->first[c + 1];
    const added_token *longest = NULL;
    for (size_t depth = 1; low < high; depth++) {
        while (low < high && a->tokens[low].n == depth) /* the shortest sort first */
            longest = &a->tokens[low++];
        if (depth == n)
            break;
        int next = (unsigned char)text[depth];
        low = first_at_least(a, low, high, depth, next);
        high = first_at_least(a, low, high, depth, next + 1);
    }
    return longest;
}

/* The leftmost place at or after s->from where a token occurs, in s->start. */
static const added_token *next_occurrence(added_search *s, const added_tokens *a)
{
    for (size_t i = s->from; a->n > 0 && i < s->n; i++) {
        unsigned char c = (unsigned char)s->text[i];
        if (a->first[c] == a->first[c + 1])
            continue;
        const added_token *t = longest_prefix(a, s->text + i, s->n - i);
        if (t) {
            s->start = i;
            return t;
        }
    }
    return NULL;
}

/* The character that ends at `end`, more than 0; its length. A byte that is not UTF-8 counts as a
 * character that is in no class. */
static size_t character_before(uint32_t *code, const char *text, size_t end)
{
    for (size_t length = 1; length <= 4 && length <= end; length++)
        if ((size_t)utf8_decode((const unsigned char *)text + end - length, length, code) == length)
            return length;
    *code = 0;
    return 1;
}

static size_t character_at(uint32_t *code, const char *text, size_t n)
{
    int length = utf8_decode((const unsigned char *)text, n, code);
    if (length > 0)
        return (size_t)length;
    *code = 0;
    return 1;
}

static bool is_of_words(uint32_t code, const added_tokens *a, regex_scratch *scratch)
{
    char text[4];
    size_t start, end, n = (size_t)utf8_encode(text, code);
    err ignored = {0}; /* one character takes no memory */
    return !regex_find(&start, &end, a->word_character, scratch, text, n, 0, &ignored) && start < n;
}

static bool touches_word(const added_search *s, const added_tokens *a, regex_scratch *scratch)
{
    uint32_t code;
    if (s->start > 0) {
        character_before(&code, s->text, s->start);
        if (is_of_words(code, a, scratch))
            return true;
    }
    if (s->end == s->n)
        return false;
    character_at(&code, s->text + s->end, s->n - s->end);
    return is_of_words(code, a, scratch);
}

/* The white space that ends at s->start and begins at or after `limit` belongs to the token. */
static void take_before(added_search *s, size_t limit)
{
    uint32_t code;
    while (s->start > limit) {
        size_t length = character_before(&code, s->text, s->start);
        if (!is_white_space(code))
            break;
        s->start -= length;
    }
}

static void take_after(added_search *s)
{
    uint32_t code;
    size_t end = s->end > s->blank_end ? s->end : s->blank_end;
    while (end < s->n) {
        size_t length = character_at(&code, s->text + end, s->n - end);
        if (!is_white_space(code))
            break;
        end += length;
    }
    s->end = s->blank_end = end;
}

const added_token *added_tokens_next(added_search *s, const added_tokens *a, regex_scratch *scratch)
{
    const added_token *t;
    size_t before = s->end;
    while ((t = next_occurrence(s, a))) {
        s->from = s->end = s->start + t->n;
        if (t->single_word && touches_word(s, a, scratch))
            continue;
        if (t->lstrip)
            take_before(s, before);
        if (t->rstrip)
            take_after(s);
        return t;
    }
    return NULL;
}

const added_token *added_tokens_find(const added_tokens *a, const char *content, size_t n)
{
    const added_token *t = n ? longest_prefix(a, content, n) : NULL;
    return t && t->n == n ? t : NULL;
}
