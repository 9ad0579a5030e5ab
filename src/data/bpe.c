/* Merging with a heap of candidate pairs, lowest rank first and leftmost among equals.
 *
 * Symbols are a doubly linked list over the word's bytes. A merge makes the left symbol longer and
 * empties the right one, which leaves stale candidates in the heap; one is recognised when popped,
 * because its two symbols no longer merge into what it says. Every merge adds at most two
 * candidates, so a word of n bytes takes n log n whatever it holds. */
#include "data/bpe.h"
#include "base/memory.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct bpe_symbol {
    int id;
    int previous, next; /* -1 at the ends */
    int length;         /* in bytes; 0 once merged into its left neighbour */
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

void bpe_index(bpe *b, const vocab *v)
{
    if (b->n_rules > 0)
        qsort(b->rules, (size_t)b->n_rules, sizeof *b->rules, compare_rules);
    b->first_rule = mem_small((size_t)v->n_ids + 1, sizeof *b->first_rule);
    for (int i = 0; i < b->n_rules; i++)
        b->first_rule[b->rules[i].left + 1]++;
    for (int id = 0; id < v->n_ids; id++)
        b->first_rule[id + 1] += b->first_rule[id];
    for (int byte = 0; byte < 256; byte++)
        b->byte_id[byte] = vocab_find(v, &(unsigned char){(unsigned char)byte}, 1);
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

static void heap_push(bpe_candidate *heap, size_t *n, bpe_candidate c)
{
    size_t i = (*n)++;
    while (i > 0 && goes_before(c, heap[(i - 1) / 2])) {
        heap[i] = heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    heap[i] = c;
}

static bpe_candidate heap_pop(bpe_candidate *heap, size_t *n)
{
    bpe_candidate top = heap[0], last = heap[--*n];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < *n; i = child) {
        if (child + 1 < *n && goes_before(heap[child + 1], heap[child]))
            child++;
        if (!goes_before(heap[child], last))
            break;
        heap[i] = heap[child];
    }
    heap[i] = last;
    return top;
}

/* Offers the pair that begins at symbol `left`, if some rule merges it. */
static void offer(bpe_candidate *heap, size_t *n, const bpe *b, const bpe_symbol *symbols, int left)
{
    if (left < 0 || symbols[left].next < 0)
        return;
    const merge_rule *rule = find_rule(b, symbols[left].id, symbols[symbols[left].next].id);
    if (rule)
        heap_push(heap, n, (bpe_candidate){rule->rank, left, rule->merged});
}

/* The word's bytes as symbols; returns how many, or -1 with an error. */
static int split_bytes(bpe_symbol *symbols, const bpe *b, const char *word, size_t n, size_t offset,
                       err *e)
{
    int count = 0;
    bool after_unknown = false;
    for (size_t i = 0; i < n; i++) {
        unsigned char byte = (unsigned char)word[i];
        int id = b->byte_id[byte];
        bool unknown = id < 0;
        if (unknown && b->unknown_id < 0) {
            err_set(e, E_DATA,
                    "byte 0x%02x at offset %zu of the text: the tokenizer has no token "
                    "for it and no unknown token",
                    byte, offset + i);
            return -1;
        }
        if (unknown && after_unknown && b->fuse_unknown) {
            symbols[count - 1].length++;
            continue;
        }
        symbols[count] = (bpe_symbol){unknown ? b->unknown_id : id, count - 1, count + 1, 1};
        count++;
        after_unknown = unknown;
    }
    symbols[count - 1].next = -1;
    return count;
}

static void merge_all(bpe_symbol *symbols, int count, bpe_candidate *heap, const bpe *b)
{
    size_t n = 0;
    for (int i = 0; i + 1 < count; i++)
        offer(heap, &n, b, symbols, i);
    while (n > 0) {
        bpe_candidate c = heap_pop(heap, &n);
        bpe_symbol *left = &symbols[c.left];
        if (left->length == 0 || left->next < 0)
            continue;
        bpe_symbol *right = &symbols[left->next];
        const merge_rule *rule = find_rule(b, left->id, right->id);
        if (!rule || rule->merged != c.merged)
            continue;
        left->id = c.merged;
        left->length += right->length;
        left->next = right->next;
        right->length = 0;
        if (left->next >= 0)
            symbols[left->next].previous = c.left;
        offer(heap, &n, b, symbols, left->previous);
        offer(heap, &n, b, symbols, c.left);
    }
}

err_code bpe_encode(token_list *out, const bpe *b, const vocab *v, bpe_scratch *s, const char *word,
                    size_t n, size_t offset, err *e)
{
    if (n == 0)
        return OK;
    int whole = b->ignore_merges ? vocab_find(v, word, n) : -1;
    if (whole >= 0) {
        token_list_add(out, whole, offset, offset + n);
        return OK;
    }
    if (n > s->cap) {
        s->cap = n < 64 ? 64 : 2 * n;
        s->symbols = mem_grow(s->symbols, s->cap, sizeof *s->symbols);
        s->heap = mem_grow(s->heap, 3 * s->cap, sizeof *s->heap); /* n at first, 2 a merge */
    }
    int count = split_bytes(s->symbols, b, word, n, offset, e);
    if (count < 0)
        return e->code;
    merge_all(s->symbols, count, s->heap, b);
    for (int i = 0; i >= 0; i = s->symbols[i].next) {
        size_t end = offset + (size_t)s->symbols[i].length;
        token_list_add(out, s->symbols[i].id, offset, end);
        offset = end;
    }
    return OK;
}
