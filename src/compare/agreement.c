/* What two runs say of a feature, as shares of what is in both. */
#include "compare/agreement.h"
#include "base/sort.h"
#include "compare/words.h"
#include <math.h>
#include <string.h>

static const record_sequence *best_sequence(const record_target *t)
{
    const record_sequence *s = record_find_sequence(&t->search, "warm");
    return s && s->n_tokens ? s : NULL;
}

static int *sorted_ids(const record_sequence *s, arena *a)
{
    int *ids = arena_push(a, (size_t)s->n_tokens, sizeof *ids);
    memcpy(ids, s->ids, (size_t)s->n_tokens * sizeof *ids);
    sort_ints(ids, (size_t)s->n_tokens);
    return ids;
}

double shared_tokens(const record_target *a, const record_target *b)
{
    const record_sequence *x = best_sequence(a), *y = best_sequence(b);
    if (!x || !y)
        return (double)NAN;
    arena scratch = {0};
    const int *left = sorted_ids(x, &scratch), *right = sorted_ids(y, &scratch);
    int shared = 0;
    for (int i = 0, j = 0; i < x->n_tokens && j < y->n_tokens;) {
        shared += left[i] == right[j];
        int step = left[i] < right[j] ? -1 : left[i] > right[j];
        i += step <= 0;
        j += step >= 0;
    }
    arena_release(&scratch);
    return (double)shared / (x->n_tokens > y->n_tokens ? x->n_tokens : y->n_tokens);
}

static int count_words(record_bytes text)
{
    int n = 0;
    for (int i = 0; i < text.n; i++)
        n += text.bytes[i] != ' ' && (i == 0 || text.bytes[i - 1] == ' ');
    return n;
}

double shared_words(const record_target *a, const record_target *b)
{
    int longer = count_words(a->rule.text), other = count_words(b->rule.text), n, kept = 0;
    if (!longer || !other)
        return (double)NAN;
    longer = other > longer ? other : longer;
    arena scratch = {0};
    const words_piece *pieces = words_compare(&n, a->rule.text, b->rule.text, &scratch);
    for (int i = 0; i < n; i++)
        kept += pieces[i].kind == WORDS_KEPT ? count_words(pieces[i].text) : 0;
    arena_release(&scratch);
    return (double)kept / longer;
}

double same_rule(const record_target *a, const record_target *b)
{
    record_bytes x = a->rule.text, y = b->rule.text;
    if (!x.n || !y.n)
        return (double)NAN;
    return x.n == y.n && !memcmp(x.bytes, y.bytes, (size_t)x.n);
}
