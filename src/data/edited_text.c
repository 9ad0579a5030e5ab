/* A list of what changed, in order; everything between two changes only moved. */
#include "data/edited_text.h"
#include "base/memory.h"

void edited_text_clear(edited_text *t)
{
    str_clear(&t->text);
    t->n_edits = 0;
}

void edited_text_keep(edited_text *t, const char *bytes, size_t n)
{
    str_add_bytes(&t->text, bytes, n);
}

void edited_text_replace(edited_text *t, const char *bytes, size_t n, size_t in_start,
                         size_t in_end)
{
    if (t->n_edits == t->cap) {
        t->cap = t->cap ? 2 * t->cap : 16;
        t->edits = mem_grow(t->edits, t->cap, sizeof *t->edits);
    }
    size_t start = t->text.len;
    t->edits[t->n_edits++] = (text_edit){start, start + n, in_start, in_end};
    str_add_bytes(&t->text, bytes, n);
}

/* How many edits begin at or before this byte of the new text. */
static size_t edits_until(const edited_text *t, size_t place)
{
    size_t low = 0, high = t->n_edits;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->edits[middle].out_start <= place)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The stretch of the old text that one byte came from. */
static text_edit source_of(const edited_text *t, size_t place)
{
    size_t i = edits_until(t, place);
    if (i == 0)
        return (text_edit){.in_start = place, .in_end = place + 1};
    text_edit last = t->edits[i - 1];
    if (place < last.out_end)
        return last;
    size_t source = last.in_end + (place - last.out_end);
    return (text_edit){.in_start = source, .in_end = source + 1};
}

void edited_text_source(size_t *in_start, size_t *in_end, const edited_text *t, size_t start,
                        size_t end)
{
    *in_start = source_of(t, start).in_start;
    *in_end = source_of(t, end - 1).in_end;
}

void edited_text_release(edited_text *t)
{
    mem_free(t->edits);
    str_release(&t->text);
    *t = (edited_text){0};
}
