/* Longest common subsequence of words, by the table of its lengths (Wagner and Fischer, "The
 * string-to-string correction problem", Journal of the ACM 21, 1974). */
#include "compare/words.h"
#include "base/memory.h"
#include "site/sentence.h"
#include <string.h>

typedef struct word_list {
    record_bytes *words; /* within the text */
    int n;
} word_list;

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static word_list split(record_bytes text, arena *a)
{
    word_list list = {arena_push(a, (size_t)text.n / 2 + 1, sizeof *list.words), 0};
    for (int i = 0; i < text.n;) {
        while (i < text.n && is_space(text.bytes[i]))
            i++;
        int start = i;
        while (i < text.n && !is_space(text.bytes[i])) {
            int token = sentence_token(text.bytes + i, text.n - i);
            i += token ? token : 1;
        }
        if (i > start)
            list.words[list.n++] = (record_bytes){text.bytes + start, i - start};
    }
    return list;
}

static bool same_word(record_bytes x, record_bytes y)
{
    return x.n == y.n && !memcmp(x.bytes, y.bytes, (size_t)x.n);
}

typedef struct piece_list {
    words_piece *items;
    int n;
} piece_list;

/* One more word: the piece before grows when it is of the same kind and text. */
static void add(piece_list *list, words_kind kind, record_bytes word)
{
    words_piece *last = list->n ? &list->items[list->n - 1] : NULL;
    if (last && last->kind == kind)
        last->text.n = (int)(word.bytes + word.n - last->text.bytes);
    else
        list->items[list->n++] = (words_piece){kind, word};
}

static void add_all(piece_list *list, words_kind kind, const record_bytes *words, int n)
{
    for (int i = 0; i < n; i++)
        add(list, kind, words[i]);
}

/* length[i * (n + 1) + j]: of the longest common subsequence of x from i and y from j on. */
static int *lengths(const record_bytes *x, int m, const record_bytes *y, int n)
{
    int *length = mem_small((size_t)(m + 1) * (size_t)(n + 1), sizeof *length);
    for (int i = m - 1; i >= 0; i--) {
        int *row = ROW(length, i, n + 1);
        const int *below = row + n + 1;
        for (int j = n - 1; j >= 0; j--)
            row[j] = same_word(x[i], y[j])    ? below[j + 1] + 1
                     : below[j] >= row[j + 1] ? below[j]
                                              : row[j + 1];
    }
    return length;
}

static void add_middle(piece_list *list, const record_bytes *x, int m, const record_bytes *y, int n)
{
    if (m > WORDS_MOST || n > WORDS_MOST) {
        add_all(list, WORDS_REMOVED, x, m);
        add_all(list, WORDS_ADDED, y, n);
        return;
    }
    int *length = lengths(x, m, y, n), i = 0, j = 0;
    while (i < m || j < n) {
        int first_i = i, first_j = j;
        while (i < m || j < n) { /* up to the next common word */
            if (i < m && j < n && same_word(x[i], y[j]))
                break;
            if (j == n || (i < m && ROW(length, i + 1, n + 1)[j] >= ROW(length, i, n + 1)[j + 1]))
                i++;
            else
                j++;
        }
        add_all(list, WORDS_REMOVED, x + first_i, i - first_i);
        add_all(list, WORDS_ADDED, y + first_j, j - first_j);
        for (; i < m && j < n && same_word(x[i], y[j]); i++, j++)
            add(list, WORDS_KEPT, x[i]);
    }
    mem_free(length);
}

words_piece *words_compare(int *n, record_bytes before, record_bytes after, arena *a)
{
    word_list x = split(before, a), y = split(after, a);
    int start = 0, end = 0;
    piece_list list = {arena_push(a, (size_t)x.n + (size_t)y.n + 1, sizeof *list.items), 0};
    while (start < x.n && start < y.n && same_word(x.words[start], y.words[start]))
        start++;
    while (end < x.n - start && end < y.n - start &&
           same_word(x.words[x.n - 1 - end], y.words[y.n - 1 - end]))
        end++;
    add_all(&list, WORDS_KEPT, x.words, start);
    add_middle(&list, x.words + start, x.n - start - end, y.words + start, y.n - start - end);
    add_all(&list, WORDS_KEPT, x.words + x.n - end, end);
    *n = list.n;
    return list.items;
}
