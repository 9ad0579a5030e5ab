/* Reading a config key by key. */
#include "model/config_reader.h"
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void reader_fail(config_reader *r, err_code code, const char *format, ...)
{
    if (r->rc)
        return;
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    r->rc = err_set(r->e, code, "%s: %s", r->where, text);
}

const cJSON *reader_member(config_reader *r, const char *key)
{
    if (r->n_asked == READER_MAX_KEYS)
        err_die("a config has more than %d known keys", READER_MAX_KEYS);
    r->asked[r->n_asked++] = key;
    const cJSON *item = json_member(r->object, key);
    return cJSON_IsNull(item) ? NULL : item;
}

int read_size(config_reader *r, const char *key, int most)
{
    int64_t value = 0;
    reader_member(r, key);
    if (!r->rc)
        r->rc = json_int(&value, r->object, key, r->where, r->e);
    if (!r->rc && (value < 1 || value > most))
        reader_fail(r, E_CONFIG, "\"%s\" is %lld, but should be 1 to %d", key, (long long)value,
                    most);
    return r->rc ? 1 : (int)value;
}

int read_size_or(config_reader *r, const char *key, int most, int fallback)
{
    return reader_member(r, key) ? read_size(r, key, most) : fallback;
}

double read_double(config_reader *r, const char *key, double fallback)
{
    if (reader_member(r, key) && !r->rc)
        r->rc = json_double(&fallback, r->object, key, r->where, r->e);
    return fallback;
}

double read_between(config_reader *r, const char *key, double least, double most, double fallback)
{
    bool given = reader_member(r, key) != NULL;
    double value = read_double(r, key, fallback);
    if (given && !r->rc && !(value >= least && value <= most))
        reader_fail(r, E_CONFIG, "\"%s\" is %g, but should be %g to %g", key, value, least, most);
    return value;
}

bool read_bool(config_reader *r, const char *key, bool fallback)
{
    if (reader_member(r, key) && !r->rc)
        r->rc = json_bool(&fallback, r->object, key, r->where, r->e);
    return fallback;
}

const char *read_string(config_reader *r, const char *key, const char *fallback)
{
    if (reader_member(r, key) && !r->rc)
        r->rc = json_string(&fallback, r->object, key, r->where, r->e);
    return fallback;
}

void refuse_true(config_reader *r, const char *key)
{
    if (read_bool(r, key, false))
        reader_fail(r, E_CONFIG, "\"%s\" is true, which this program does not compute", key);
}

static bool listed(const char *const *list, const char *key)
{
    for (; list && *list; list++)
        if (!strcmp(*list, key))
            return true;
    return false;
}

void refuse_unasked(config_reader *r, const char *const *idle, const char *const *more_idle,
                    const char *inside)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, r->object) {
        bool known =
            cJSON_IsNull(item) || listed(idle, item->string) || listed(more_idle, item->string);
        for (int i = 0; i < r->n_asked && !known; i++)
            known = !strcmp(item->string, r->asked[i]);
        if (!known)
            reader_fail(r, E_CONFIG,
                        "%s\"%.100s\" is a setting this program does not know; remove it if it "
                        "changes nothing in the forward pass",
                        inside, item->string);
    }
}
