/* A growing list of tokens. */
#include "data/token_list.h"
#include "base/memory.h"

void token_list_add(token_list *t, int id, size_t start, size_t end)
{
    if (t->n == t->cap) {
        t->cap = t->cap ? 2 * t->cap : 64;
        t->ids = mem_grow(t->ids, t->cap, sizeof *t->ids);
        t->starts = mem_grow(t->starts, t->cap, sizeof *t->starts);
        t->ends = mem_grow(t->ends, t->cap, sizeof *t->ends);
    }
    t->ids[t->n] = id;
    t->starts[t->n] = start;
    t->ends[t->n++] = end;
}

void token_list_clear(token_list *t)
{
    t->n = 0;
}

void token_list_release(token_list *t)
{
    mem_free(t->ids);
    mem_free(t->starts);
    mem_free(t->ends);
    *t = (token_list){0};
}
