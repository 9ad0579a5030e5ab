/* Structs to JSON trees and back, by their schema. */
#include "results/record_json.h"
#include "results/record.h"
#include "results/visible.h"
#include <limits.h>
#include <string.h>

/* 2^53: the integers a JSON number holds exactly. */
#define LARGEST_INTEGER 9007199254740992.0

/* ---- writing ---- */

static cJSON *bytes_to_json(const char *bytes, size_t n)
{
    str text = {0};
    bool clean = utf8_valid(bytes, n) && !memchr(bytes, 0, n);
    if (clean)
        str_add_bytes(&text, bytes, n);
    else
        visible_add(&text, bytes, n, VISIBLE_PROSE);
    cJSON *item;
    if (clean) {
        item = cJSON_CreateString(str_text(&text));
    } else {
        item = cJSON_CreateObject();
        json_add_string(item, "text", str_text(&text));
        str_clear(&text);
        for (size_t i = 0; i < n; i++)
            str_addf(&text, "%02x", (unsigned char)bytes[i]);
        json_add_string(item, "hex", str_text(&text));
    }
    str_release(&text);
    return item;
}

static cJSON *list_to_json(const field *f, const char *start, int n)
{
    cJSON *list = cJSON_CreateArray();
    for (int i = 0; i < n; i++) {
        cJSON *item = NULL;
        switch (f->kind) {
        case FIELD_INTS:
            item = json_number(((const int *)(const void *)start)[i]);
            break;
        case FIELD_NUMBERS:
            item = json_number(((const double *)(const void *)start)[i]);
            break;
        case FIELD_TOKENS: {
            const record_bytes *token = (const record_bytes *)(const void *)start + i;
            item = bytes_to_json(token->n ? token->bytes : "", (size_t)token->n);
            break;
        }
        default:
            item = cJSON_CreateObject();
            record_to_json(item, f->type, start + (size_t)i * f->type->size);
        }
        if (!item || !cJSON_AddItemToArray(list, item))
            err_die("out of memory writing %s", f->name);
    }
    return list;
}

void record_to_json(cJSON *object, const schema *s, const void *item)
{
    for (int i = 0; i < s->n_fields; i++) {
        const field *f = &s->fields[i];
        const void *at = (const char *)item + f->offset;
        const int *count = (const void *)((const char *)item + f->count);
        cJSON *child = NULL;
        switch (f->kind) {
        case FIELD_INT:
            child = json_number(*(const int *)at);
            break;
        case FIELD_INT64:
            child = json_number((double)*(const int64_t *)at);
            break;
        case FIELD_NUMBER:
            child = json_number(*(const double *)at);
            break;
        case FIELD_BOOL:
            child = cJSON_CreateBool(*(const bool *)at);
            break;
        case FIELD_TEXT: {
            const char *text = *(const char *const *)at;
            child = bytes_to_json(text ? text : "", text ? strlen(text) : 0);
            break;
        }
        case FIELD_BYTES: {
            const record_bytes *b = at;
            child = bytes_to_json(b->n ? b->bytes : "", (size_t)b->n);
            break;
        }
        case FIELD_STRUCT:
            child = cJSON_CreateObject();
            record_to_json(child, f->type, at);
            break;
        case FIELD_LIST:
        case FIELD_INTS:
        case FIELD_NUMBERS:
        case FIELD_TOKENS:
            child = list_to_json(f, *(const char *const *)at, *count);
        }
        if (!child || !cJSON_AddItemToObject(object, f->name, child))
            err_die("out of memory writing %s", f->name);
    }
}

/* ---- reading ---- */

static err_code number_from_json(double *out, const cJSON *item, err *e)
{
    *out = (double)NAN;
    if (cJSON_IsNumber(item))
        *out = item->valuedouble;
    else if (!cJSON_IsNull(item))
        return err_set(e, E_FORMAT, "expected a number or null");
    return OK;
}

static err_code integer_from_json(int64_t *out, const cJSON *item, double limit, err *e)
{
    double x = cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
    if (!(x >= -limit && x <= limit) || x != floor(x))
        return err_set(e, E_FORMAT, "expected a whole number between %.0f and %.0f", -limit, limit);
    *out = (int64_t)x;
    return OK;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

static err_code bytes_from_json(record_bytes *out, arena *a, const cJSON *item, err *e)
{
    if (cJSON_IsString(item)) {
        size_t n = strlen(item->valuestring);
        if (n > INT_MAX)
            return err_set(e, E_FORMAT, "a text of more than %d bytes", INT_MAX);
        *out = (record_bytes){arena_strndup(a, item->valuestring, n), (int)n};
        return OK;
    }
    const char *hex;
    err_code rc = json_string(&hex, item, "hex", "a text", e);
    if (rc)
        return rc;
    size_t n = strlen(hex);
    if (n % 2 || n / 2 > INT_MAX)
        return err_set(e, E_FORMAT, "\"hex\" has an odd number of digits");
    char *bytes = arena_push(a, n / 2 + 1, 1);
    for (size_t i = 0; i < n / 2; i++) {
        int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return err_set(e, E_FORMAT, "\"hex\" holds something else than 0-9 and a-f");
        bytes[i] = (char)(high << 4 | low);
    }
    *out = (record_bytes){bytes, (int)(n / 2)};
    return OK;
}

static size_t element_size(const field *f)
{
    return f->kind == FIELD_LIST     ? f->type->size
           : f->kind == FIELD_INTS   ? sizeof(int)
           : f->kind == FIELD_TOKENS ? sizeof(record_bytes)
                                     : sizeof(double);
}

static err_code element_from_json(void *at, arena *a, const field *f, const cJSON *item,
                                  int version, err *e)
{
    int64_t whole = 0;
    err_code rc;
    switch (f->kind) {
    case FIELD_INTS:
        rc = integer_from_json(&whole, item, INT_MAX, e);
        *(int *)at = (int)whole;
        return rc;
    case FIELD_NUMBERS:
        return number_from_json(at, item, e);
    case FIELD_TOKENS:
        return bytes_from_json(at, a, item, e);
    default:
        return record_from_json(at, a, f->type, item, version, NULL, e);
    }
}

static err_code list_from_json(void *at, int *count, bool counted, arena *a, const field *f,
                               const cJSON *list, int version, err *e)
{
    if (!cJSON_IsArray(list))
        return err_set(e, E_FORMAT, "expected a list");
    int n = cJSON_GetArraySize(list), i = 0;
    if (counted && n != *count)
        return err_set(e, E_FORMAT, "has %d entries where a list beside it has %d", n, *count);
    *count = n;
    char *items = n ? arena_push(a, (size_t)n, element_size(f)) : NULL;
    *(char **)at = items;
    const cJSON *item;
    cJSON_ArrayForEach(item, list) {
        err_code rc =
            element_from_json(items + (size_t)i * element_size(f), a, f, item, version, e);
        if (rc) {
            err_context(e, "[%d]", i);
            return rc;
        }
        i++;
    }
    return OK;
}

/* Whether a list before field i of s has the same count. */
static bool already_counted(const schema *s, int i)
{
    for (int j = 0; j < i; j++)
        if (s->fields[j].kind >= FIELD_LIST && s->fields[j].count == s->fields[i].count)
            return true;
    return false;
}

void record_leave_out(void *item, const field *f)
{
    void *at = (char *)item + f->offset;
    if (f->kind == FIELD_NUMBER)
        *(double *)at = (double)NAN;
    else if (f->kind == FIELD_TEXT)
        *(const char **)at = "";
    else if (f->kind == FIELD_STRUCT)
        for (int i = 0; i < f->type->n_fields; i++)
            record_leave_out(at, &f->type->fields[i]);
}

static err_code field_from_json(void *item, arena *a, const schema *s, int i, const cJSON *value,
                                int version, err *e)
{
    const field *f = &s->fields[i];
    void *at = (char *)item + f->offset;
    int64_t whole = 0;
    err_code rc = OK;
    switch (f->kind) {
    case FIELD_INT:
        rc = integer_from_json(&whole, value, INT_MAX, e);
        *(int *)at = (int)whole;
        return rc;
    case FIELD_INT64:
        return integer_from_json(at, value, LARGEST_INTEGER, e);
    case FIELD_NUMBER:
        return number_from_json(at, value, e);
    case FIELD_BOOL:
        if (!cJSON_IsBool(value))
            return err_set(e, E_FORMAT, "expected true or false");
        *(bool *)at = cJSON_IsTrue(value);
        return OK;
    case FIELD_TEXT: {
        record_bytes text = {0};
        rc = bytes_from_json(&text, a, value, e);
        *(const char **)at = text.bytes;
        if (!rc && memchr(text.bytes, 0, (size_t)text.n))
            rc = err_set(e, E_FORMAT, "a text with a NUL byte");
        return rc;
    }
    case FIELD_BYTES:
        return bytes_from_json(at, a, value, e);
    case FIELD_STRUCT:
        return record_from_json(at, a, f->type, value, version, NULL, e);
    default:
        return list_from_json(at, (void *)((char *)item + f->count), already_counted(s, i), a, f,
                              value, version, e);
    }
}

static err_code refuse_unknown(const schema *s, const cJSON *object, const char *skip, err *e)
{
    const cJSON *member;
    cJSON_ArrayForEach(member, object) {
        bool known = skip && !strcmp(member->string, skip);
        for (int i = 0; i < s->n_fields && !known; i++)
            known = !strcmp(member->string, s->fields[i].name);
        if (!known)
            return err_set(e, E_FORMAT,
                           "unknown key \"%.100s\"; was it written by a newer version?",
                           member->string);
    }
    return OK;
}

err_code record_from_json(void *item, arena *a, const schema *s, const cJSON *object, int version,
                          const char *skip, err *e)
{
    if (!cJSON_IsObject(object))
        return err_set(e, E_FORMAT, "expected an object");
    for (int i = 0; i < s->n_fields; i++) {
        const cJSON *value = json_member(object, s->fields[i].name);
        if (!schema_holds(s, &s->fields[i], version)) {
            record_leave_out(item, &s->fields[i]);
            continue;
        }
        if (!value)
            return err_set(e, E_FORMAT, "the key \"%s\" is missing", s->fields[i].name);
        err_code rc = field_from_json(item, a, s, i, value, version, e);
        if (rc) {
            err_context(e, "%s", s->fields[i].name);
            return rc;
        }
    }
    return refuse_unknown(s, object, skip, e);
}
