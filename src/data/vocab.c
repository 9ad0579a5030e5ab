/* Token bytes back to back, with a sorted index: no hashing, so no crafted collisions. */
#include "data/vocab.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* Bytewise, a prefix before what it begins. */
static int compare_bytes(const void *a, size_t n_a, const void *b, size_t n_b)
{
    size_t n = n_a < n_b ? n_a : n_b;
    int order = n ? memcmp(a, b, n) : 0;
    return order ? order : (n_a > n_b) - (n_a < n_b);
}

typedef struct sort_key {
    const char *bytes;
    size_t n;
    int id;
    bool foreign;
} sort_key;

static int compare_keys(const void *a, const void *b)
{
    const sort_key *x = a, *y = b;
    if (x->foreign != y->foreign)
        return x->foreign ? 1 : -1;
    int order = compare_bytes(x->bytes, x->n, y->bytes, y->n);
    return order ? order : (x->id > y->id) - (x->id < y->id);
}

void vocab_init(vocab *v, int n_ids)
{
    *v = (vocab){.n_ids = n_ids};
    v->start = mem_small((size_t)n_ids, sizeof *v->start);
    v->length = mem_small((size_t)n_ids, sizeof *v->length);
    v->shown_start = mem_small((size_t)n_ids, sizeof *v->shown_start);
    v->shown_length = mem_small((size_t)n_ids, sizeof *v->shown_length);
    v->flags = mem_small((size_t)n_ids, sizeof *v->flags);
}

void vocab_release(vocab *v)
{
    mem_free(v->start);
    mem_free(v->length);
    mem_free(v->shown_start);
    mem_free(v->shown_length);
    mem_free(v->flags);
    mem_free(v->by_bytes);
    str_release(&v->bytes);
    *v = (vocab){0};
}

void vocab_set(vocab *v, int id, const void *bytes, size_t n, int flags)
{
    v->start[id] = v->shown_start[id] = v->bytes.len;
    v->length[id] = v->shown_length[id] = n;
    v->flags[id] |= (unsigned char)(flags | TOKEN_USED);
    str_add_bytes(&v->bytes, bytes, n);
    str_add(&v->bytes, ""); /* never NULL from here on */
}

void vocab_show(vocab *v, int id, const void *bytes, size_t n)
{
    v->shown_start[id] = v->bytes.len;
    v->shown_length[id] = n;
    str_add_bytes(&v->bytes, bytes, n);
}

void vocab_index(vocab *v)
{
    sort_key *keys = mem_small((size_t)v->n_ids, sizeof *keys);
    for (int id = 0; id < v->n_ids; id++) {
        if (!(v->flags[id] & (TOKEN_MERGED | TOKEN_FOREIGN)))
            continue;
        bool foreign = v->flags[id] & TOKEN_FOREIGN;
        keys[v->n_indexed++] = (sort_key){v->bytes.data + v->start[id], v->length[id], id, foreign};
        v->n_merged += !foreign;
    }
    qsort(keys, (size_t)v->n_indexed, sizeof *keys, compare_keys);
    v->by_bytes = mem_small((size_t)v->n_indexed, sizeof *v->by_bytes);
    for (int i = 0; i < v->n_indexed; i++)
        v->by_bytes[i] = keys[i].id;
    mem_free(keys);
}

/* Among by_bytes[low .. high). */
static int find_between(const vocab *v, const void *bytes, size_t n, int low, int high)
{
    while (low < high) {
        int middle = low + (high - low) / 2, id = v->by_bytes[middle];
        int order = compare_bytes(bytes, n, v->bytes.data + v->start[id], v->length[id]);
        if (order == 0)
            return id;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

int vocab_find(const vocab *v, const void *bytes, size_t n)
{
    return find_between(v, bytes, n, 0, v->n_merged);
}

int vocab_find_foreign(const vocab *v, const void *bytes, size_t n)
{
    return find_between(v, bytes, n, v->n_merged, v->n_indexed);
}
