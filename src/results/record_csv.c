/* Lists of structs to CSV and back, by their schema. */
#include "results/record_csv.h"
#include "base/memory.h"
#include "results/record.h"
#include "results/record_json.h"
#include "results/visible.h"
#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */

void record_csv_text(str *out, const char *text, size_t n)
{
    str shown = {0};
    if (utf8_valid(text, n) && !memchr(text, 0, n))
        str_add_bytes(&shown, text, n);
    else
        visible_add(&shown, text, n, VISIBLE_PROSE);
    const char *cell = str_text(&shown);
    bool quote =
        strpbrk(cell, ",\"\r\n") || *cell == ' ' || (n && shown.data[shown.len - 1] == ' ');
    if (quote)
        str_add_char(out, '"');
    for (; *cell; cell++) {
        if (*cell == '"')
            str_add_char(out, '"');
        str_add_char(out, *cell);
    }
    if (quote)
        str_add_char(out, '"');
    str_release(&shown);
}

static void add_header(str *out, const schema *s, int version, const char *prefix, bool *first)
{
    for (int i = 0; i < s->n_fields; i++) {
        const field *f = &s->fields[i];
        if (f->kind > FIELD_STRUCT || !schema_holds(s, f, version))
            continue;
        if (f->kind == FIELD_STRUCT) {
            str inner = {0};
            str_addf(&inner, "%s%s_", prefix, f->name);
            add_header(out, f->type, version, str_text(&inner), first);
            str_release(&inner);
            continue;
        }
        str_addf(out, "%s%s%s", *first ? "" : ",", prefix, f->name);
        *first = false;
    }
}

static void add_cell(str *out, const field *f, const void *at)
{
    char number[NUMBER_TEXT];
    switch (f->kind) {
    case FIELD_INT:
        str_addf(out, "%d", *(const int *)at);
        break;
    case FIELD_INT64:
        str_addf(out, "%lld", (long long)*(const int64_t *)at);
        break;
    case FIELD_NUMBER:
        str_add(out, number_text(number, *(const double *)at));
        break;
    case FIELD_BOOL:
        str_add(out, *(const bool *)at ? "true" : "false");
        break;
    case FIELD_TEXT: {
        const char *text = *(const char *const *)at;
        record_csv_text(out, text ? text : "", text ? strlen(text) : 0);
        break;
    }
    default: {
        const record_bytes *b = at;
        record_csv_text(out, b->n ? b->bytes : "", (size_t)b->n);
    }
    }
}

static void add_row(str *out, const schema *s, const void *item, bool *first)
{
    for (int i = 0; i < s->n_fields; i++) {
        const field *f = &s->fields[i];
        const void *at = (const char *)item + f->offset;
        if (f->kind > FIELD_STRUCT || !schema_holds(s, f, RECORD_SCHEMA))
            continue;
        if (f->kind == FIELD_STRUCT) {
            add_row(out, f->type, at, first);
            continue;
        }
        if (!*first)
            str_add_char(out, ',');
        *first = false;
        add_cell(out, f, at);
    }
}

void record_csv_header(str *out, const schema *s)
{
    bool first = true;
    add_header(out, s, RECORD_SCHEMA, "", &first);
}

void record_csv_row(str *out, const schema *s, const void *item)
{
    bool first = true;
    add_row(out, s, item, &first);
}

/* ---- reading ---- */

typedef struct reader {
    const char *at, *end, *name;
    int line, version;
    str cell;
    bool last_in_row; /* the cell just read ends its line */
} reader;

static err_code wrong(const reader *r, err *e, const char *why)
{
    return err_set(e, E_FORMAT, "%s: line %d: %s", r->name, r->line, why);
}

/* Reads a quoted cell's text, r->at just after the opening quote. */
static err_code read_quoted(reader *r, err *e)
{
    for (;;) {
        if (r->at == r->end)
            return wrong(r, e, "a quoted cell has no end; the file is cut short");
        char c = *r->at++;
        if (c == '"' && (r->at == r->end || *r->at != '"'))
            return OK;
        r->at += c == '"';
        r->line += c == '\n';
        str_add_char(&r->cell, c);
    }
}

static err_code read_cell(reader *r, err *e)
{
    str_clear(&r->cell);
    if (r->at != r->end && *r->at == '"') {
        r->at++;
        err_code rc = read_quoted(r, e);
        if (rc)
            return rc;
    } else {
        while (r->at != r->end && *r->at != ',' && *r->at != '\n')
            str_add_char(&r->cell, *r->at++);
    }
    if (r->at == r->end)
        return wrong(r, e, "no line end; the file is cut short");
    if (*r->at != ',' && *r->at != '\n')
        return wrong(r, e, "text after the closing quote of a cell");
    r->last_in_row = *r->at++ == '\n';
    if (!utf8_valid(str_text(&r->cell), r->cell.len) || memchr(str_text(&r->cell), 0, r->cell.len))
        return wrong(r, e, "bytes that are not UTF-8 text");
    return OK;
}

static err_code whole_number(int64_t *out, const reader *r, double limit, const field *f, err *e)
{
    char *end;
    const char *text = str_text(&r->cell);
    double x = strtod(text, &end);
    if (!*text || *end || !(x >= -limit && x <= limit) || x != floor(x))
        return err_set(e, E_FORMAT, "%s: line %d: %s is \"%.40s\", not a whole number in range",
                       r->name, r->line, f->name, text);
    *out = (int64_t)x;
    return OK;
}

static err_code cell_to_field(void *at, arena *a, const field *f, const reader *r, err *e)
{
    const char *text = str_text(&r->cell);
    int64_t whole = 0;
    err_code rc;
    char *end;
    switch (f->kind) {
    case FIELD_INT:
        rc = whole_number(&whole, r, INT_MAX, f, e);
        *(int *)at = (int)whole;
        return rc;
    case FIELD_INT64:
        return whole_number(at, r, 9007199254740992.0, f, e);
    case FIELD_NUMBER:
        *(double *)at = *text ? strtod(text, &end) : (double)NAN;
        if (*text && (*end || !isfinite(*(double *)at)))
            return err_set(e, E_FORMAT, "%s: line %d: %s is \"%.40s\", not a number", r->name,
                           r->line, f->name, text);
        return OK;
    case FIELD_BOOL:
        *(bool *)at = !strcmp(text, "true");
        if (!*(bool *)at && strcmp(text, "false"))
            return err_set(e, E_FORMAT, "%s: line %d: %s is \"%.40s\", not true or false", r->name,
                           r->line, f->name, text);
        return OK;
    case FIELD_TEXT:
        *(const char **)at = arena_strdup(a, text);
        return OK;
    default:
        *(record_bytes *)at = (record_bytes){arena_strdup(a, text), (int)r->cell.len};
        return OK;
    }
}

static int count_columns(const schema *s, int version)
{
    int n = 0;
    for (int i = 0; i < s->n_fields; i++) {
        assert(s->fields[i].kind != FIELD_STRUCT);
        n += s->fields[i].kind < FIELD_STRUCT && schema_holds(s, &s->fields[i], version);
    }
    return n;
}

static err_code read_header(reader *r, const schema *s, err *e)
{
    str header = {0};
    bool first = true;
    add_header(&header, s, r->version, "", &first);
    size_t n = header.len, left = (size_t)(r->end - r->at);
    bool same = n < left && !memcmp(r->at, str_text(&header), n) && r->at[n] == '\n';
    err_code rc = OK;
    if (!same)
        rc = err_set(e, E_FORMAT, "%s: line 1: the columns are not \"%.300s\"", r->name,
                     str_text(&header));
    else
        r->at += n + 1;
    r->line = 2;
    str_release(&header);
    return rc;
}

static err_code read_row(void *item, reader *r, arena *a, const schema *s, int columns, err *e)
{
    int done = 0;
    for (int i = 0; i < s->n_fields; i++) {
        const field *f = &s->fields[i];
        if (f->kind >= FIELD_STRUCT)
            continue;
        if (!schema_holds(s, f, r->version)) {
            record_leave_out(item, f);
            continue;
        }
        err_code rc = read_cell(r, e);
        if (!rc && r->last_in_row != (++done == columns))
            rc = wrong(r, e, r->last_in_row ? "too few cells" : "too many cells");
        if (!rc)
            rc = cell_to_field((char *)item + f->offset, a, f, r, e);
        if (rc)
            return rc;
    }
    r->line++;
    return OK;
}

err_code record_csv_parse(void *items, int *n, arena *a, const schema *s, int version,
                          const char *text, size_t size, const char *name, err *e)
{
    reader r = {.at = text, .end = text + size, .name = name, .line = 1, .version = version};
    int columns = count_columns(s, version), room = 0, used = 0;
    char *rows = NULL;
    err_code rc = read_header(&r, s, e);
    while (!rc && r.at != r.end) {
        if (used == room) {
            room = room ? room * 2 : 256;
            rows = mem_grow(rows, (size_t)room, s->size);
        }
        memset(rows + (size_t)used * s->size, 0, s->size);
        rc = read_row(rows + (size_t)used * s->size, &r, a, s, columns, e);
        used++;
    }
    if (!rc && used) {
        char *kept = arena_push(a, (size_t)used, s->size);
        memcpy(kept, rows, (size_t)used * s->size);
        *(char **)items = kept;
        *n = used;
    }
    mem_free(rows);
    str_release(&r.cell);
    return rc;
}
