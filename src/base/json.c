/* Reading JSON with limits. cJSON does the parsing; a scan before it refuses what it would let
 * through (depth, NUL, bad UTF-8), a walk after it refuses duplicate keys. */
#include "base/json.h"
#include "base/io.h"
#include "base/memory.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 64 };

static err_code at_place(err *e, const char *name, const char *text, size_t offset, const char *why)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < offset; i++) {
        column = text[i] == '\n' ? 1 : column + 1;
        line += text[i] == '\n';
    }
    return err_set(e, E_FORMAT, "%s: line %zu, column %zu: %s", name, line, column, why);
}

static size_t digits(const char *text, size_t n)
{
    size_t i = 0;
    while (i < n && text[i] >= '0' && text[i] <= '9')
        i++;
    return i;
}

/* Length of the number (RFC 8259, section 6) that begins here, 0 when none does: cJSON would take
 * "01", "1." and "-.5". */
static size_t number_length(const char *text, size_t n)
{
    size_t i = n > 0 && text[0] == '-', whole = digits(text + i, n - i);
    if (whole == 0 || (whole > 1 && text[i] == '0'))
        return 0;
    i += whole;
    if (i < n && text[i] == '.') {
        size_t fraction = digits(text + i + 1, n - i - 1);
        if (fraction == 0)
            return 0;
        i += 1 + fraction;
    }
    if (i < n && (text[i] == 'e' || text[i] == 'E')) {
        size_t sign = i + 1 < n && (text[i + 1] == '+' || text[i + 1] == '-');
        size_t exponent = digits(text + i + 1 + sign, n - i - 1 - sign);
        if (exponent == 0)
            return 0;
        i += 1 + sign + exponent;
    }
    return i;
}

/* One character outside strings; *length is what it takes, more for a number. */
static const char *scan_plain(size_t *length, int *depth, const char *text, size_t n)
{
    if (*text == '{' || *text == '[')
        return ++*depth > MAX_DEPTH ? "nested deeper than 64 levels" : NULL;
    if (*text == '}' || *text == ']') {
        --*depth;
    } else if (*text == '-' || (*text >= '0' && *text <= '9')) {
        *length = number_length(text, n);
        return *length ? NULL : "not a JSON number";
    } else if ((unsigned char)*text < ' ' && !strchr("\t\n\r", *text)) {
        return "a control character"; /* a blank for cJSON */
    } else if ((unsigned char)*text > '~') {
        return "a character that JSON has only in strings"; /* cJSON skips a byte order mark */
    }
    return NULL;
}

/* An escape in a string. cJSON turns \u without four digits into the NUL character. */
static const char *scan_escape(const char *text, size_t n)
{
    if (n < 2 || text[1] != 'u')
        return NULL; /* cJSON knows the others */
    for (size_t i = 2; i < 6; i++)
        if (i >= n || !isxdigit((unsigned char)text[i]))
            return "not valid JSON";
    return memcmp(text + 2, "0000", 4) == 0 ? "a NUL character" : NULL; /* would cut the string */
}

static err_code scan(const char *text, size_t n, const char *name, err *e)
{
    int depth = 0;
    bool in_string = false;
    const char *why = NULL;
    for (size_t i = 0; i < n;) {
        uint32_t code;
        size_t length = (size_t)utf8_decode((const unsigned char *)text + i, n - i, &code);
        if (!length)
            why = "not valid UTF-8";
        else if (!code)
            why = "a NUL byte";
        else if (in_string && code < ' ')
            why = "a control character that is not escaped";
        else if (in_string && code == '\\' && !(why = scan_escape(text + i, n - i)))
            length++; /* over what is escaped */
        else if (code == '"')
            in_string = !in_string;
        else if (!in_string)
            why = scan_plain(&length, &depth, text + i, n - i);
        if (why)
            return at_place(e, name, text, i, why);
        i += length;
    }
    return OK;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorting keeps a 50,000-key vocabulary fast where comparing all pairs would not be. */
static err_code refuse_duplicates(const cJSON *tree, const char *name, err *e)
{
    err_code rc = OK;
    size_t n = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, tree) {
        n++;
        if (cJSON_IsObject(item) || cJSON_IsArray(item))
            if ((rc = refuse_duplicates(item, name, e)))
                return rc;
    }
    if (!cJSON_IsObject(tree) || n < 2)
        return OK;
    const char **keys = mem_small(n, sizeof *keys);
    n = 0;
    cJSON_ArrayForEach(item, tree)
        keys[n++] = item->string;
    qsort(keys, n, sizeof *keys, by_key);
    for (size_t i = 1; i < n && !rc; i++)
        if (!strcmp(keys[i - 1], keys[i]))
            rc = err_set(e, E_FORMAT, "%s: the key \"%.200s\" stands twice in one object", name,
                         keys[i]);
    mem_free(keys);
    return rc;
}

err_code json_parse(cJSON **out, const char *text, size_t n, const char *name, err *e)
{
    *out = NULL;
    err_code rc = scan(text, n, name, e);
    if (rc)
        return rc;
    /* cJSON wants room to see the end of what it parses, which the text need not have. */
    char *copy = mem_array(n + 1, 1, name, e);
    if (!copy)
        return e->code;
    if (n)
        memcpy(copy, text, n);
    const char *end = copy;
    cJSON *tree = cJSON_ParseWithLengthOpts(copy, n + 1, &end, true);
    if (!tree)
        rc = at_place(e, name, text, (size_t)(end - copy) < n ? (size_t)(end - copy) : n,
                      "not valid JSON");
    else
        rc = refuse_duplicates(tree, name, e);
    if (rc)
        cJSON_Delete(tree);
    else
        *out = tree;
    mem_free(copy);
    return rc;
}

err_code json_read(cJSON **out, const char *path, size_t limit, err *e)
{
    str text = {0};
    *out = NULL;
    err_code rc = io_read(&text, path, limit, e);
    if (!rc)
        rc = json_parse(out, str_text(&text), text.len, path, e);
    str_release(&text);
    return rc;
}

const cJSON *json_member(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static const char *kind_of(const cJSON *item)
{
    return !item                  ? "nothing"
           : cJSON_IsNull(item)   ? "null"
           : cJSON_IsBool(item)   ? "true or false"
           : cJSON_IsNumber(item) ? "a number"
           : cJSON_IsString(item) ? "a string"
           : cJSON_IsArray(item)  ? "an array"
                                  : "an object";
}

static err_code wrong_kind(err *e, const cJSON *item, const char *key, const char *where,
                           const char *wanted)
{
    return err_set(e, E_FORMAT, "%s: \"%s\" should be %s, but it is %s", where, key, wanted,
                   kind_of(item));
}

err_code json_double(double *out, const cJSON *object, const char *key, const char *where, err *e)
{
    const cJSON *item = json_member(object, key);
    if (!cJSON_IsNumber(item))
        return wrong_kind(e, item, key, where, "a number");
    if (!isfinite(item->valuedouble))
        return err_set(e, E_FORMAT, "%s: \"%s\" is a number too large to hold", where, key);
    *out = item->valuedouble;
    return OK;
}

err_code json_int(int64_t *out, const cJSON *object, const char *key, const char *where, err *e)
{
    double value = 0;
    err_code rc = json_double(&value, object, key, where, e);
    if (rc)
        return rc;
    /* Beyond 2^53 doubles skip integers, so such a number may not be what the file says. */
    if (value != floor(value) || fabs(value) > 0x1p53)
        return err_set(e, E_FORMAT, "%s: \"%s\" should be a whole number, but it is %g", where, key,
                       value);
    *out = (int64_t)value;
    return OK;
}

err_code json_bool(bool *out, const cJSON *object, const char *key, const char *where, err *e)
{
    const cJSON *item = json_member(object, key);
    if (!cJSON_IsBool(item))
        return wrong_kind(e, item, key, where, "true or false");
    *out = cJSON_IsTrue(item);
    return OK;
}

err_code json_string(const char **out, const cJSON *object, const char *key, const char *where,
                     err *e)
{
    const cJSON *item = json_member(object, key);
    if (!cJSON_IsString(item))
        return wrong_kind(e, item, key, where, "a string");
    *out = item->valuestring;
    return OK;
}
