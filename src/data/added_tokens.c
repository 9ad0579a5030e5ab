/* Leftmost-longest matching of many strings: the sorted tokens that agree with the text so far are
 * a range, and each further byte of text narrows it. */
#include "data/added_tokens.h"
#include "base/memory.h"
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

void added_tokens_add(added_tokens *a, const char *content, size_t n, int id)
{
    if (a->n == a->cap) {
        a->cap = a->cap ? 2 * a->cap : 64;
        a->tokens = mem_grow(a->tokens, (size_t)a->cap, sizeof *a->tokens);
    }
    added_token t = {.content = mem_small(n + 1, 1), .n = n, .id = id};
    memcpy(t.content, content, n);
    a->tokens[a->n++] = t;
}

void added_tokens_index(added_tokens *a)
{
    if (a->n > 0)
        qsort(a->tokens, (size_t)a->n, sizeof *a->tokens, compare_tokens);
    for (int i = 0; i < a->n; i++)
        a->first[(unsigned char)a->tokens[i].content[0] + 1]++;
    for (int c = 0; c < 256; c++)
        a->first[c + 1] += a->first[c];
}

void added_tokens_release(added_tokens *a)
{
    for (int i = 0; i < a->n; i++)
        mem_free(a->tokens[i].content);
    mem_free(a->tokens);
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

const added_token *added_tokens_next(size_t *start, const added_tokens *a, const char *text,
                                     size_t n, size_t from)
{
    if (a->n == 0)
        return NULL;
    for (size_t i = from; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (a->first[c] == a->first[c + 1])
            continue;
        const added_token *t = longest_prefix(a, text + i, n - i);
        if (t) {
            *start = i;
            return t;
        }
    }
    return NULL;
}

const added_token *added_tokens_find(const added_tokens *a, const char *content, size_t n)
{
    const added_token *t = n ? longest_prefix(a, content, n) : NULL;
    return t && t->n == n ? t : NULL;
}
