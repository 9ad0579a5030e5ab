/* Schemas of foreign formats, checked by walking the tree. */
#include "export/common_schema.h"
#include "test.h"
#include <math.h>
#include <string.h>

static bool is_rounded(double value)
{
    double scaled = value * 1e5;
    return fabs(value) >= 10 || fabs(scaled - round(scaled)) < 1e-6 * fmax(1, fabs(scaled));
}

static bool is_scalar(const cJSON *item, char type)
{
    switch (type) {
    case 's':
        return cJSON_IsString(item);
    case 'n':
        return cJSON_IsNumber(item) && isfinite(item->valuedouble);
    case 'i':
        return cJSON_IsNumber(item) && item->valuedouble == floor(item->valuedouble);
    case 'r':
        return cJSON_IsNumber(item) && is_rounded(item->valuedouble);
    case 'b':
        return cJSON_IsBool(item);
    case '0':
        return cJSON_IsNull(item);
    case 'o':
        return cJSON_IsObject(item);
    default:
        fail_msg("no type %c", type);
        return false;
    }
}

static bool is_list_of(const cJSON *list, char type)
{
    const cJSON *item;
    if (!cJSON_IsArray(list))
        return false;
    cJSON_ArrayForEach(item, list)
        if (!is_scalar(item, type))
            return false;
    return true;
}

static bool has_type(const cJSON *item, const char *types)
{
    for (const char *p = types; *p; p++) {
        if (*p == '[') {
            if (is_list_of(item, p[1]))
                return true;
            p += 2;
        } else if (is_scalar(item, *p)) {
            return true;
        }
    }
    return false;
}

void check_object(const cJSON *object, const schema_key *keys, size_t n, const char *where)
{
    if (!cJSON_IsObject(object))
        fail_msg("%s: not an object", where);
    for (size_t i = 0; i < n; i++) {
        const cJSON *item = json_member(object, keys[i].name);
        if (!item || !has_type(item, keys[i].types))
            fail_msg("%s: \"%s\" is %s, not %s", where, keys[i].name, item ? "there" : "missing",
                     keys[i].types);
        if (keys[i].as_long_as &&
            cJSON_GetArraySize(item) != cJSON_GetArraySize(json_member(object, keys[i].as_long_as)))
            fail_msg("%s: \"%s\" has %d elements, \"%s\" has not", where, keys[i].name,
                     cJSON_GetArraySize(item), keys[i].as_long_as);
    }
    if ((size_t)cJSON_GetArraySize(object) != n)
        fail_msg("%s: %d keys, not %zu", where, cJSON_GetArraySize(object), n);
}

void assert_close(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%.17g, not %.17g", got, want);
}
