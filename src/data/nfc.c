/* NFC, segment by segment: a segment starts at a character that neither reorders nor composes with
 * what stands before it, so each can be normalised alone; nearly all are one character long and
 * unchanged. Within one: decompose fully, sort marks by combining class, compose again. */
#include "data/nfc.h"
#include "base/memory.h"
#include "data/nfc_data.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Hangul syllables are computed, not listed (Unicode 3.12). */
enum {
    L_BASE = 0x1100,
    V_BASE = 0x1161,
    T_BASE = 0x11a7,
    S_BASE = 0xac00,
    L_COUNT = 19,
    V_COUNT = 21,
    T_COUNT = 28,
    S_COUNT = L_COUNT * V_COUNT * T_COUNT,
    FIRST_MARK = 0x300 /* nothing below it combines with what stands before it */
};

typedef struct character {
    uint32_t code;
    int combining_class;
    size_t place; /* keeps the sort stable */
} character;

typedef struct nfc_segment {
    character *items;
    size_t n, cap;
    str text;
} nfc_segment;

static int combining_class(uint32_t code)
{
    int low = 0, high = NFC_N_CLASSES;
    if (code < FIRST_MARK)
        return 0;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (NFC_CLASSES[middle].last < code)
            low = middle + 1;
        else
            high = middle;
    }
    bool inside = low < NFC_N_CLASSES && NFC_CLASSES[low].first <= code;
    return inside ? NFC_CLASSES[low].combining_class : 0;
}

static const nfc_pair *decomposition(uint32_t code)
{
    int low = 0, high = NFC_N_PAIRS;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (NFC_PAIRS[middle].code < code)
            low = middle + 1;
        else
            high = middle;
    }
    return low < NFC_N_PAIRS && NFC_PAIRS[low].code == code ? &NFC_PAIRS[low] : NULL;
}

/* The composition of two characters, or 0. */
static uint32_t compose(uint32_t first, uint32_t second)
{
    if (first - L_BASE < L_COUNT && second - V_BASE < V_COUNT)
        return S_BASE + ((first - L_BASE) * V_COUNT + second - V_BASE) * T_COUNT;
    if (first - S_BASE < S_COUNT && (first - S_BASE) % T_COUNT == 0 && second > T_BASE &&
        second - T_BASE < T_COUNT)
        return first + second - T_BASE;
    int low = 0, high = NFC_N_COMPOSING;
    while (low < high) {
        int middle = low + (high - low) / 2;
        const nfc_pair *p = &NFC_PAIRS[NFC_COMPOSING[middle]];
        if (p->first == first && p->second == second)
            return p->code;
        if (p->first < first || (p->first == first && p->second < second))
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

/* Whether the segment before may end at this character. */
static bool starts_segment(uint32_t code)
{
    if (code < FIRST_MARK)
        return true;
    if (code - V_BASE < V_COUNT || (code > T_BASE && code - T_BASE < T_COUNT))
        return false;
    if (code >= NFC_LATE[0] && code <= NFC_LATE[NFC_N_LATE - 1])
        for (int i = 0; i < NFC_N_LATE; i++)
            if (NFC_LATE[i] == code)
                return false;
    return combining_class(code) == 0;
}

static void push(nfc_segment *s, uint32_t code)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 16;
        s->items = mem_grow(s->items, s->cap, sizeof *s->items);
    }
    s->items[s->n] = (character){code, combining_class(code), s->n};
    s->n++;
}

/* At most four levels deep in Unicode's tables. */
static void push_decomposed(nfc_segment *s, uint32_t code)
{
    if (code - S_BASE < S_COUNT) {
        uint32_t place = code - S_BASE;
        push(s, L_BASE + place / (V_COUNT * T_COUNT));
        push(s, V_BASE + place % (V_COUNT * T_COUNT) / T_COUNT);
        if (place % T_COUNT)
            push(s, T_BASE + place % T_COUNT);
        return;
    }
    const nfc_pair *p = code < 0xc0 ? NULL : decomposition(code);
    if (!p) {
        push(s, code);
        return;
    }
    push_decomposed(s, p->first);
    if (p->second)
        push_decomposed(s, p->second);
}

static int compare_marks(const void *a, const void *b)
{
    const character *x = a, *y = b;
    if (x->combining_class != y->combining_class)
        return x->combining_class < y->combining_class ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

/* Sorts each run of marks (class above 0) by class. */
static void order_marks(nfc_segment *s)
{
    for (size_t i = 0, end; i < s->n; i = end) {
        end = i + 1;
        if (s->items[i].combining_class == 0)
            continue;
        while (end < s->n && s->items[end].combining_class > 0)
            end++;
        qsort(s->items + i, end - i, sizeof *s->items, compare_marks);
    }
}

/* Puts each character into the starter before it where a composition exists and no character of
 * class 0, or of its own class or a higher one, is left between the two. */
static void compose_all(nfc_segment *s)
{
    size_t n = 0, starter = SIZE_MAX;
    int between = -1; /* class of the last character left after the starter */
    for (size_t i = 0; i < s->n; i++) {
        character c = s->items[i];
        uint32_t composed = starter != SIZE_MAX && between < c.combining_class
                                ? compose(s->items[starter].code, c.code)
                                : 0;
        if (composed) {
            s->items[starter].code = composed;
            continue;
        }
        if (c.combining_class == 0) {
            starter = n;
            between = -1;
        } else {
            between = c.combining_class;
        }
        s->items[n++] = c;
    }
    s->n = n;
}

/* The length of the segment that text starts with. */
static size_t segment_length(const char *text, size_t n)
{
    uint32_t code;
    size_t i = (size_t)utf8_decode((const unsigned char *)text, n, &code);
    while (i < n && (unsigned char)text[i] >= 0x80) {
        size_t length = (size_t)utf8_decode((const unsigned char *)text + i, n - i, &code);
        if (starts_segment(code))
            break;
        i += length;
    }
    return i;
}

/* Leaves the segment's normal form in s->text. */
static void normalize_segment(nfc_segment *s, const char *text, size_t n)
{
    s->n = 0;
    for (size_t i = 0; i < n;) {
        uint32_t code;
        i += (size_t)utf8_decode((const unsigned char *)text + i, n - i, &code);
        push_decomposed(s, code);
    }
    order_marks(s);
    compose_all(s);
    str_clear(&s->text);
    for (size_t i = 0; i < s->n; i++) {
        char utf8[4];
        str_add_bytes(&s->text, utf8, (size_t)utf8_encode(utf8, s->items[i].code));
    }
}

void nfc_normalize(edited_text *out, const char *text, size_t n)
{
    nfc_segment segment = {0};
    edited_text_clear(out);
    for (size_t from = 0, next; from < n; from = next) {
        next = from + segment_length(text + from, n - from);
        if (next == from + 1) { /* ASCII alone is as it should be */
            edited_text_keep(out, text + from, 1);
            continue;
        }
        normalize_segment(&segment, text + from, next - from);
        const str *normal = &segment.text;
        if (normal->len != next - from || memcmp(normal->data, text + from, normal->len) != 0)
            edited_text_replace(out, normal->data, normal->len, from, next);
        else
            edited_text_keep(out, text + from, next - from);
    }
    mem_free(segment.items);
    str_release(&segment.text);
}
