/* Merging with a heap of candidate pairs, lowest rank first and leftmost among equals.
 *
 * Symbols are a doubly linked list over the word. A merge makes the left symbol longer and marks
 * the right one gone, which leaves stale candidates in the heap; one is recognised when popped,
 * because its two symbols no longer merge into what it says. Every merge adds at most two
 * candidates, so a word of n bytes takes n log n whatever it holds. */
#include "data/bpe.h"
#include "base/memory.h"
#include <stdint.h>
#include <stdlib.h>

enum { GONE = -1 }; /* the id of a symbol that was merged into its left neighbour */

typedef struct bpe_symbol {
    int id;
    int previous, next; /* -1 at the ends */
    int start, end;     /* bytes of the word */
} bpe_symbol;

typedef struct bpe_candidate {
    int rank, left, merged; /* left: place of the left symbol */
} bpe_candidate;

static int compare_rules(const void *a, const void *b)
{
    const merge_rule *x = a, *y = b;
    if (x->left != y->left)
        return x->left < y->left ? -1 : 1;
    if (x->right != y->right)
        return x->right < y->right ? -1 : 1;
    return (x->rank < y->rank) - (x->rank > y->rank); /* the last of equal pairs first: it counts */
}

void bpe_add_rule(bpe *b, int left, int right, int merged)
{
    if (b->n_rules == b->cap_rules) {
        b->cap_rules = b->cap_rules ? 2 * b->cap_rules : 1024;
        b->rules = mem_grow(b->rules, (size_t)b->cap_rules, sizeof *b->rules);
    }
    b->rules[b->n_rules] =
        (merge_rule){.left = left, .right = right, .merged = merged, .rank = b->n_rules};
    b->n_rules++;
}

void bpe_index(bpe *b, int n_ids)
{
    if (b->n_rules > 0)
        qsort(b->rules, (size_t)b->n_rules, sizeof *b->rules, compare_rules);
    b->first_rule = mem_small((size_t)n_ids + 1, sizeof *b->first_rule);
    for (int i = 0; i < b->n_rules; i++)
        b->first_rule[b->rules[i].left + 1]++;
    for (int id = 0; id < n_ids; id++)
        b->first_rule[id + 1] += b->first_rule[id];
}

void bpe_release(bpe *b)
{
    mem_free(b->rules);
    mem_free(b->first_rule);
    *b = (bpe){0};
}

void bpe_scratch_release(bpe_scratch *s)
{
    mem_free(s->symbols);
    mem_free(s->heap);
    *s = (bpe_scratch){0};
}

static const merge_rule *find_rule(const bpe *b, int left, int right)
{
    int low = b->first_rule[left], end = b->first_rule[left + 1], high = end;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (b->rules[middle].right < right)
            low = middle + 1;
        else
            high = middle;
    }
    return low < end && b->rules[low].right == right ? &b->rules[low] : NULL;
}

static bool goes_before(bpe_candidate a, bpe_candidate b)
{
    return a.rank != b.rank ? a.rank < b.rank : a.left < b.left;
}

static void heap_push(bpe_scratch *s, bpe_candidate c)
{
    if (s->n_heap == s->cap_heap) {
        s->cap_heap = s->cap_heap ? 2 * s->cap_heap : 64;
        s->heap = mem_grow(s->heap, s->cap_heap, sizeof *s->heap);
    }
    bpe_candidate *heap = s->heap;
    size_t i = s->n_heap++;
    while (i > 0 && goes_before(c, heap[(i - 1) / 2])) {
        heap[i] = heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    heap[i] = c;
}

static bpe_candidate heap_pop(bpe_scratch *s)
{
    bpe_candidate *heap = s->heap, top = heap[0], last = heap[--s->n_heap];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < s->n_heap; i = child) {
        if (child + 1 < s->n_heap && goes_before(heap[child + 1], heap[child]))
            child++;
        if (!goes_before(heap[child], last))
            break;
        heap[i] = heap[child];
    }
    heap[i] = last;
    return top;
}

/* Offers the pair that begins at symbol `left`, if some rule merges it. */
static void offer(bpe_scratch *s, const bpe *b, int left)
{
    if (left < 0 || s->symbols[left].next < 0)
        return;
    const merge_rule *rule =
        find_rule(b, s->symbols[left].id, s->symbols[s->symbols[left].next].id);
    if (rule)
        heap_push(s, (bpe_candidate){rule->rank, left, rule->merged});
}

/* The word being cut into its first symbols. */
typedef struct cutting {
    const bpe *b;
    bpe_symbol *symbols;
    int count;
    bool after_unknown;
} cutting;

static void add_symbol(cutting *c, int id, int start, int end)
{
    c->symbols[c->count] = (bpe_symbol){id, c->count - 1, c->count + 1, start, end};
    c->count++;
    c->after_unknown = false;
}

/* Bytes [start, end) have no token. */
static void add_unknown(cutting *c, int start, int end)
{
    if (c->b->unknown_id < 0)
        return;
    if (c->after_unknown && c->b->fuse_unknown)
        c->symbols[c->count - 1].end = end;
    else
        add_symbol(c, c->b->unknown_id, start, end);
    c->after_unknown = true;
}

static void cut_bytes(cutting *c, const char *word, int from, int to)
{
    for (int i = from; i < to; i++) {
        int id = c->b->byte_id[(unsigned char)word[i]];
        if (id >= 0)
            add_symbol(c, id, i, i + 1);
        else
            add_unknown(c, i, i + 1);
    }
}

static void cut_characters(cutting *c, const vocab *v, const char *word, int n)
{
    for (int i = 0, end; i < n; i = end) {
        uint32_t code;
        int length = utf8_decode((const unsigned char *)word + i, (size_t)(n - i), &code);
        end = i + (length ? length : 1);
        int id = length ? vocab_find(v, word + i, (size_t)length) : -1;
        if (id >= 0)
            add_symbol(c, id, i, end);
        else if (c->b->byte_id[0] >= 0)
            cut_bytes(c, word, i, end);
        else
            add_unknown(c, i, end);
    }
}

static void merge_all(bpe_scratch *s, int count, const bpe *b)
{
    s->n_heap = 0;
    for (int i = 0; i + 1 < count; i++)
        offer(s, b, i);
    while (s->n_heap > 0) {
        bpe_candidate c = heap_pop(s);
        bpe_symbol *left = &s->symbols[c.left];
        if (left->id == GONE || left->next < 0)
            continue;
        bpe_symbol *right = &s->symbols[left->next];
        const merge_rule *rule = find_rule(b, left->id, right->id);
        if (!rule || rule->merged != c.merged)
            continue;
        left->id = c.merged;
        left->end = right->end;
        left->next = right->next;
        right->id = GONE;
        if (left->next >= 0)
            s->symbols[left->next].previous = c.left;
        offer(s, b, left->previous);
        offer(s, b, c.left);
    }
}

void bpe_encode(token_list *out, const bpe *b, const vocab *v, bpe_scratch *s, const char *word,
                size_t n, size_t offset)
{
    int whole = b->ignore_merges ? vocab_find(v, word, n) : -1;
    if (whole >= 0) {
        token_list_add(out, whole, offset, offset + n);
        return;
    }
    if (n > s->cap_symbols) {
        s->cap_symbols = n < 2 * s->cap_symbols ? 2 * s->cap_symbols : n;
        s->symbols = mem_grow(s->symbols, s->cap_symbols, sizeof *s->symbols);
    }
    cutting c = {.b = b, .symbols = s->symbols};
    if (b->characters)
        cut_characters(&c, v, word, (int)n);
    else
        cut_bytes(&c, word, 0, (int)n);
    if (c.count == 0)
        return;
    s->symbols[c.count - 1].next = -1;
    merge_all(s, c.count, b);
    for (int i = 0; i >= 0; i = s->symbols[i].next)
        token_list_add(out, s->symbols[i].id, offset + (size_t)s->symbols[i].start,
                       offset + (size_t)s->symbols[i].end);
}
