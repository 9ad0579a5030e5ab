/* Optional and required members of JSON objects, with limits. */
#include "sae/fields.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const cJSON *field(const cJSON *object, const char *key)
{
    const cJSON *item = json_member(object, key);
    return cJSON_IsNull(item) ? NULL : item;
}

err_code field_bool(bool *value, const cJSON *object, const char *key, const char *where, err *e)
{
    return field(object, key) ? json_bool(value, object, key, where, e) : OK;
}

err_code field_string(char *value, size_t size, const cJSON *object, const char *key,
                      const char *where, err *e)
{
    if (!field(object, key))
        return OK;
    const char *text = NULL;
    err_code rc = json_string(&text, object, key, where, e);
    if (!rc && strlen(text) >= size)
        rc = err_set(e, E_CONFIG, "%s: \"%s\" is %zu bytes long, at most %zu are allowed", where,
                     key, strlen(text), size - 1);
    if (!rc)
        snprintf(value, size, "%s", text);
    return rc;
}

err_code need_int(int *value, const cJSON *object, const char *key, int least, int most,
                  const char *where, err *e)
{
    int64_t number = 0;
    err_code rc = json_int(&number, object, key, where, e);
    if (!rc && (number < least || number > most))
        rc = err_set(e, E_CONFIG, "%s: \"%s\" is %lld, it should be %d to %d", where, key,
                     (long long)number, least, most);
    if (!rc)
        *value = (int)number;
    return rc;
}

err_code field_int(int *value, const cJSON *object, const char *key, int least, int most,
                   const char *where, err *e)
{
    return field(object, key) ? need_int(value, object, key, least, most, where, e) : OK;
}

err_code need_positive(double *value, const cJSON *object, const char *key, const char *where,
                       err *e)
{
    err_code rc = json_double(value, object, key, where, e);
    if (!rc && !(*value > 0))
        rc = err_set(e, E_CONFIG, "%s: \"%s\" is %g, it should be above 0", where, key, *value);
    return rc;
}

err_code need_object(const cJSON **object, const cJSON *root, const char *key, const char *where,
                     err *e)
{
    *object = json_member(root, key);
    return cJSON_IsObject(*object)
               ? OK
               : err_set(e, E_FORMAT, "%s: \"%s\" should be an object", where, key);
}

err_code object_parse(cJSON **root, const char *text, size_t n, const char *where, err *e)
{
    err_code rc = json_parse(root, text, n, where, e);
    if (!rc && !cJSON_IsObject(*root)) {
        cJSON_Delete(*root);
        *root = NULL;
        rc = err_set(e, E_FORMAT, "%s: should hold one JSON object", where);
    }
    return rc;
}

void note_add(str *notes, const char *format, ...)
{
    if (!notes)
        return;
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    str_add(notes, text);
    str_add_char(notes, '\n');
}
