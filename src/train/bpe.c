/* Byte-pair encoding: count the words of the text, then merge the most frequent pair of symbols
 * inside words until the vocabulary is full. */
#include "base/arena.h"
#include "base/memory.h"
#include "data/regex.h"
#include "train/bpe_internal.h"
#include <string.h>

typedef struct counted_word {
    const char *text;
    size_t length;
    uint64_t hash;
    int64_t count;
} counted_word;

struct bpe_counter {
    regex *words_at;
    regex_scratch *scratch;
    arena memory;
    counted_word *words; /* in the order of their first occurrence */
    size_t n, capacity;
    uint32_t *slots; /* word number + 1; 0 free; a power of two, at most half full */
    size_t n_slots;
};

/* FNV-1a (Fowler, Noll, Vo). */
static uint64_t hash_bytes(const char *bytes, size_t n)
{
    uint64_t h = 14695981039346656037ull;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)bytes[i]) * 1099511628211ull;
    return h ^ h >> 32;
}

bpe_counter *bpe_counter_new(void)
{
    bpe_counter *c = mem_small(1, sizeof *c);
    c->words_at = regex_new(REGEX_GPT2);
    c->scratch = regex_scratch_new();
    c->n_slots = 1 << 12;
    c->slots = mem_small(c->n_slots, sizeof *c->slots);
    return c;
}

void bpe_counter_free(bpe_counter *c)
{
    if (!c)
        return;
    regex_scratch_free(c->scratch);
    regex_free(c->words_at);
    arena_release(&c->memory);
    mem_free(c->words);
    mem_free(c->slots);
    mem_free(c);
}

static uint32_t *find_slot(const bpe_counter *c, const char *text, size_t n, uint64_t hash)
{
    size_t i = hash & (c->n_slots - 1);
    for (; c->slots[i]; i = (i + 1) & (c->n_slots - 1)) {
        const counted_word *w = &c->words[c->slots[i] - 1];
        if (w->hash == hash && w->length == n && memcmp(w->text, text, n) == 0)
            break;
    }
    return &c->slots[i];
}

static void grow_slots(bpe_counter *c)
{
    mem_free(c->slots);
    c->n_slots *= 2;
    c->slots = mem_small(c->n_slots, sizeof *c->slots);
    for (size_t w = 0; w < c->n; w++)
        *find_slot(c, c->words[w].text, c->words[w].length, c->words[w].hash) = (uint32_t)w + 1;
}

static void count_word(bpe_counter *c, const char *text, size_t n)
{
    uint64_t hash = hash_bytes(text, n);
    uint32_t *slot = find_slot(c, text, n, hash);
    if (*slot) {
        c->words[*slot - 1].count++;
        return;
    }
    if (c->n == c->capacity) {
        c->capacity = c->capacity ? 2 * c->capacity : 1024;
        c->words = mem_grow(c->words, c->capacity, sizeof *c->words);
    }
    c->words[c->n++] = (counted_word){arena_strndup(&c->memory, text, n), n, hash, 1};
    *slot = (uint32_t)c->n;
    if (2 * c->n > c->n_slots)
        grow_slots(c);
}

err_code bpe_count(bpe_counter *c, const char *text, size_t n, err *e)
{
    if (!utf8_valid(text, n))
        return err_set(e, E_FORMAT, "the tokenizer's training text is not UTF-8");
    err_code rc = OK;
    for (size_t start, end = 0; end < n && !rc;) { /* the expression leaves nothing out */
        rc = regex_find(&start, &end, c->words_at, c->scratch, text, n, end, e);
        if (!rc)
            count_word(c, text + start, end - start);
    }
    return rc;
}

/* --- merging --- */

typedef struct pair_count {
    uint64_t pair; /* left << 32 | right; 0 is a free slot: token 0 is in no pair */
    int64_t count;
} pair_count;

typedef struct pair_table {
    pair_count *slots;
    size_t n_slots, used;
} pair_table;

typedef struct merger {
    const bpe_counter *counter;
    uint32_t *symbols; /* of all words, one after another */
    size_t *start;     /* word w's symbols begin at start[w] ... */
    uint32_t *length;  /* ... and there are length[w] left */
    pair_table pairs;
} merger;

static pair_count *find_pair(const pair_table *t, uint64_t pair)
{
    size_t i = (pair * 0x9E3779B97F4A7C15ull >> 20) & (t->n_slots - 1);
    while (t->slots[i].pair && t->slots[i].pair != pair)
        i = (i + 1) & (t->n_slots - 1);
    return &t->slots[i];
}

static void grow_pairs(pair_table *t)
{
    pair_table bigger = {.n_slots = t->n_slots ? 2 * t->n_slots : 1 << 14, .used = t->used};
    bigger.slots = mem_small(bigger.n_slots, sizeof *bigger.slots);
    for (size_t i = 0; i < t->n_slots; i++)
        if (t->slots[i].pair)
            *find_pair(&bigger, t->slots[i].pair) = t->slots[i];
    mem_free(t->slots);
    *t = bigger;
}

static void add_pair(pair_table *t, uint32_t left, uint32_t right, int64_t count)
{
    if (2 * t->used >= t->n_slots)
        grow_pairs(t);
    uint64_t pair = (uint64_t)left << 32 | right;
    pair_count *slot = find_pair(t, pair);
    if (!slot->pair) {
        slot->pair = pair;
        t->used++;
    }
    slot->count += count;
}

static void add_word_pairs(merger *m, size_t word, int64_t sign)
{
    const uint32_t *s = m->symbols + m->start[word];
    int64_t count = sign * m->counter->words[word].count;
    for (uint32_t i = 0; i + 1 < m->length[word]; i++)
        add_pair(&m->pairs, s[i], s[i + 1], count);
}

static void merger_init(merger *m, const bpe_counter *c)
{
    size_t total = 0;
    for (size_t w = 0; w < c->n; w++)
        total += c->words[w].length;
    *m = (merger){.counter = c};
    m->symbols = mem_small(total, sizeof *m->symbols);
    m->start = mem_small(c->n, sizeof *m->start);
    m->length = mem_small(c->n, sizeof *m->length);
    total = 0;
    for (size_t w = 0; w < c->n; w++) {
        m->start[w] = total;
        m->length[w] = (uint32_t)c->words[w].length;
        for (size_t i = 0; i < c->words[w].length; i++)
            m->symbols[total++] = BPE_FIRST_BYTE + (unsigned char)c->words[w].text[i];
        add_word_pairs(m, w, 1);
    }
}

static void merger_release(merger *m)
{
    mem_free(m->symbols);
    mem_free(m->start);
    mem_free(m->length);
    mem_free(m->pairs.slots);
}

static pair_count best_pair(const pair_table *t)
{
    pair_count best = {0};
    for (size_t i = 0; i < t->n_slots; i++) {
        pair_count p = t->slots[i];
        if (p.count > best.count || (p.count == best.count && p.count > 0 && p.pair < best.pair))
            best = p;
    }
    return best;
}

static bool word_has_pair(const merger *m, size_t word, uint32_t left, uint32_t right)
{
    const uint32_t *s = m->symbols + m->start[word];
    for (uint32_t i = 0; i + 1 < m->length[word]; i++)
        if (s[i] == left && s[i + 1] == right)
            return true;
    return false;
}

static void merge_word(merger *m, size_t word, uint32_t left, uint32_t right, uint32_t joined)
{
    uint32_t *s = m->symbols + m->start[word], n = 0;
    for (uint32_t i = 0; i < m->length[word]; i++) {
        bool here = i + 1 < m->length[word] && s[i] == left && s[i + 1] == right;
        s[n++] = here ? joined : s[i];
        i += here;
    }
    m->length[word] = n;
}

static void merge_pair(merger *m, bpe_merge merge, int joined)
{
    uint32_t left = (uint32_t)merge.left, right = (uint32_t)merge.right;
    for (size_t w = 0; w < m->counter->n; w++)
        if (word_has_pair(m, w, left, right)) {
            add_word_pairs(m, w, -1);
            merge_word(m, w, left, right, (uint32_t)joined);
            add_word_pairs(m, w, 1);
        }
}

err_code bpe_train(str *tokenizer_json, const bpe_counter *c, int vocab_size, err *e)
{
    err_code rc = OK;
    int n_merges = vocab_size - BPE_FIRST_MERGE;
    if (n_merges < 0)
        return err_set(e, E_USAGE,
                       "a vocabulary of %d has no room for the end-of-text token and "
                       "the 256 bytes; ask for at least %d",
                       vocab_size, (int)BPE_FIRST_MERGE);
    merger m;
    merger_init(&m, c);
    bpe_merge *merges = mem_small((size_t)n_merges + 1, sizeof *merges);
    for (int i = 0; i < n_merges; i++) {
        pair_count best = best_pair(&m.pairs);
        if (best.count == 0) {
            rc = err_set(e, E_DATA,
                         "the training text has pairs for %d of %d merges; give more "
                         "text or a smaller vocabulary",
                         i, n_merges);
            goto out;
        }
        merges[i] = (bpe_merge){(int)(best.pair >> 32), (int)(best.pair & 0xFFFFFFFFu)};
        merge_pair(&m, merges[i], BPE_FIRST_MERGE + i);
    }
    bpe_json(tokenizer_json, merges, n_merges);
out:
    mem_free(merges);
    merger_release(&m);
    return rc;
}
