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
    if (out->n >= out->most)
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

/* Texts up to the first NUL: CSV and JSON show the others anyway. */
static void add_texts(difference_list *out, const char *place, record_bytes a, record_bytes b)
{
    if (a.n == b.n && !memcmp(a.n ? a.bytes : "", b.n ? b.bytes : "", (size_t)a.n))
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

/* One entry of a list of numbers or tokens. */
static void compare_entry(difference_list *out, const char *place, const field *f, const void *a,
                          const void *b, int i)
{
    char left[NUMBER_TEXT], right[NUMBER_TEXT];
    if (f->kind == FIELD_NUMBERS)
        add_numbers(out, place, ((const double *)a)[i], ((const double *)b)[i]);
    else if (f->kind == FIELD_TOKENS)
        add_texts(out, place, ((const record_bytes *)a)[i], ((const record_bytes *)b)[i]);
    else if (((const int *)a)[i] != ((const int *)b)[i])
        differences_add(out, place, number_text(left, ((const int *)a)[i]),
                        number_text(right, ((const int *)b)[i]));
}

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
    for (int i = 0; i < n; i++) {
        arena scratch = {0};
        const char *entry = arena_printf(&scratch, "%s[%d]", place, i);
        if (f->kind == FIELD_LIST)
            differences_find(out, entry, f->type, x + (size_t)i * f->type->size,
                             y + (size_t)i * f->type->size, NULL);
        else
            compare_entry(out, entry, f, x, y, i);
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
        if (is_skipped(f->name, skip) || !schema_holds(s, f, out->version))
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
