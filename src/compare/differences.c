/* A walk over two structs at once, along their schema. */
#include "compare/differences.h"
#include "base/str.h"
#include "results/record.h"
#include <math.h>
#include <string.h>

bool numbers_agree(double x, double y, double tolerance)
{
    if (isnan(x) || isnan(y))
        return isnan(x) && isnan(y);
    return x == y || fabs(x - y) <= tolerance * fmax(fabs(x), fabs(y));
}

void differences_add(difference_list *out, const char *place, const char *a, const char *b)
{
    out->all++;
    out->bytes += strlen(place) + strlen(a ? a : "") + strlen(b ? b : "") + strlen(",,\n");
    if (out->bytes > out->most)
        return;
    if (out->n == out->room) {
        int room = out->room ? out->room * 2 : 64;
        difference *items = arena_push(out->memory, (size_t)room, sizeof *items);
        if (out->n)
            memcpy(items, out->items, (size_t)out->n * sizeof *items);
        out->items = items;
        out->room = room;
    }
    out->items[out->n++] =
        (difference){arena_strdup(out->memory, place), a ? arena_strdup(out->memory, a) : NULL,
                     b ? arena_strdup(out->memory, b) : NULL};
}

static void add_numbers(difference_list *out, const char *place, double a, double b)
{
    char left[NUMBER_TEXT], right[NUMBER_TEXT];
    if (!numbers_agree(a, b, out->tolerance))
        differences_add(out, place, number_text(left, a), number_text(right, b));
}

static bool same_bytes(record_bytes a, record_bytes b)
{
    return a.n == b.n && !memcmp(a.n ? a.bytes : "", b.n ? b.bytes : "", (size_t)a.n);
}

/* Texts up to the first NUL: CSV and JSON show the others anyway. */
static void add_texts(difference_list *out, const char *place, record_bytes a, record_bytes b)
{
    if (same_bytes(a, b))
        return;
    arena scratch = {0};
    differences_add(out, place, arena_strndup(&scratch, a.n ? a.bytes : "", (size_t)a.n),
                    arena_strndup(&scratch, b.n ? b.bytes : "", (size_t)b.n));
    arena_release(&scratch);
}

static record_bytes bytes_of(const char *text)
{
    return text ? (record_bytes){text, (int)strlen(text)} : (record_bytes){0};
}

#define AT(type, item, offset) (*(type const *)(const void *)((const char *)(item) + (offset)))

static void compare_scalar(difference_list *out, const char *place, const field *f, const void *a,
                           const void *b)
{
    char left[NUMBER_TEXT], right[NUMBER_TEXT];
    switch (f->kind) {
    case FIELD_INT:
        if (AT(int, a, f->offset) != AT(int, b, f->offset))
            differences_add(out, place, number_text(left, AT(int, a, f->offset)),
                            number_text(right, AT(int, b, f->offset)));
        return;
    case FIELD_INT64:
        add_numbers(out, place, (double)AT(int64_t, a, f->offset),
                    (double)AT(int64_t, b, f->offset));
        return;
    case FIELD_NUMBER:
        add_numbers(out, place, AT(double, a, f->offset), AT(double, b, f->offset));
        return;
    case FIELD_BOOL:
        if (AT(bool, a, f->offset) != AT(bool, b, f->offset))
            differences_add(out, place, AT(bool, a, f->offset) ? "true" : "false",
                            AT(bool, b, f->offset) ? "true" : "false");
        return;
    case FIELD_TEXT:
        add_texts(out, place, bytes_of(AT(char *, a, f->offset)),
                  bytes_of(AT(char *, b, f->offset)));
        return;
    default:
        add_texts(out, place, AT(record_bytes, a, f->offset), AT(record_bytes, b, f->offset));
    }
}

/* ---- lists of numbers or tokens ---- */

static bool same_entry(const difference_list *out, const field *f, const void *a, const void *b,
                       int i)
{
    if (f->kind == FIELD_NUMBERS)
        return numbers_agree(((const double *)a)[i], ((const double *)b)[i], out->tolerance);
    if (f->kind == FIELD_TOKENS)
        return same_bytes(((const record_bytes *)a)[i], ((const record_bytes *)b)[i]);
    return ((const int *)a)[i] == ((const int *)b)[i];
}

static void add_entry(str *out, const field *f, const void *list, int i)
{
    char number[NUMBER_TEXT];
    if (f->kind == FIELD_TOKENS) {
        const record_bytes *token = &((const record_bytes *)list)[i];
        if (token->n) /* up to the first NUL, as add_texts does */
            str_add_bytes(out, token->bytes, strnlen(token->bytes, (size_t)token->n));
    } else {
        str_add(out, number_text(number, f->kind == FIELD_NUMBERS ? ((const double *)list)[i]
                                                                  : ((const int *)list)[i]));
    }
}

static const char *join_entries(arena *a, const field *f, const void *list, int from, int to,
                                const char *between)
{
    str text = {0};
    for (int i = from; i <= to; i++) {
        str_add(&text, i > from ? between : "");
        add_entry(&text, f, list, i);
    }
    return str_into(&text, a);
}

static void add_run(difference_list *out, const char *place, const field *f, const void *a,
                    const void *b, int from, int to)
{
    arena scratch = {0};
    const char *range = from == to ? arena_printf(&scratch, "%s[%d]", place, from)
                                   : arena_printf(&scratch, "%s[%d..%d]", place, from, to);
    const char *between = f->kind == FIELD_TOKENS ? "" : " ";
    const char *left = join_entries(&scratch, f, a, from, to, between),
               *right = join_entries(&scratch, f, b, from, to, between);
    if (!strcmp(left, right)) {
        left = join_entries(&scratch, f, a, from, to, "|");
        right = join_entries(&scratch, f, b, from, to, "|");
    }
    differences_add(out, range, left, right);
    arena_release(&scratch);
}

static void compare_entries(difference_list *out, const char *place, const field *f, const void *a,
                            const void *b, int n)
{
    for (int from = 0; from < n; from++) {
        if (same_entry(out, f, a, b, from))
            continue;
        int to = from;
        for (int i = from + 1; i < n && i < from + DIFFERENCE_RUN; i++)
            to = same_entry(out, f, a, b, i) ? to : i;
        add_run(out, place, f, a, b, from, to);
        from = to;
    }
}

/* ---- lists of structs ---- */

static void compare_list(difference_list *out, const char *place, const field *f, const void *a,
                         const void *b)
{
    char left[NUMBER_TEXT], right[NUMBER_TEXT];
    int n = AT(int, a, f->count);
    const char *x = AT(void *, a, f->offset), *y = AT(void *, b, f->offset);
    if (n != AT(int, b, f->count)) {
        differences_add(out, place, number_text(left, n), number_text(right, AT(int, b, f->count)));
        return;
    }
    if (f->kind != FIELD_LIST) {
        compare_entries(out, place, f, x, y, n);
        return;
    }
    for (int i = 0; i < n; i++) {
        arena scratch = {0};
        differences_find(out, arena_printf(&scratch, "%s[%d]", place, i), f->type,
                         x + (size_t)i * f->type->size, y + (size_t)i * f->type->size, NULL);
        arena_release(&scratch);
    }
}

static bool is_skipped(const char *name, const char *const *skip)
{
    for (; skip && *skip; skip++)
        if (!strcmp(*skip, name))
            return true;
    return false;
}

long differences_find(difference_list *out, const char *place, const schema *s, const void *a,
                      const void *b, const char *const *skip)
{
    long before = out->all;
    for (int i = 0; i < s->n_fields; i++) {
        const field *f = &s->fields[i];
        if (is_skipped(f->name, skip) || !schema_holds(s, f, out->version) ||
            !schema_holds(s, f, RECORD_SCHEMA))
            continue;
        arena scratch = {0};
        const char *here = arena_printf(&scratch, "%s.%s", place, f->name);
        if (f->kind == FIELD_STRUCT)
            differences_find(out, here, f->type, (const char *)a + f->offset,
                             (const char *)b + f->offset, NULL);
        else if (f->kind > FIELD_STRUCT)
            compare_list(out, here, f, a, b);
        else
            compare_scalar(out, here, f, a, b);
        arena_release(&scratch);
    }
    return out->all - before;
}
