/* Values of the record as the formats hold them. */
#include "export/fields.h"
#include "base/str.h"
#include "data/bytelevel.h"
#include <math.h>
#include <string.h>

double export_round(double value)
{
    static const double scale = 1e5; /* 10^EXPORT_DECIMALS */
    return round(value * scale) / scale;
}

void export_add_text(cJSON *to, const char *key, const char *bytes, size_t n)
{
    str text = {0};
    for (size_t i = 0; i < n;) {
        uint32_t code;
        int length = utf8_decode((const unsigned char *)bytes + i, n - i, &code);
        if (length && code)
            str_add_bytes(&text, bytes + i, (size_t)length);
        else
            bytelevel_spell(&text, bytes + i, 1);
        i += (size_t)(length ? length : 1);
    }
    json_add_string(to, key, str_text(&text));
    str_release(&text);
}

void export_add_name(cJSON *to, const char *key, const char *text)
{
    export_add_text(to, key, text ? text : "", text ? strlen(text) : 0);
}

void export_add_tokens(cJSON *to, const char *key, const record_bytes *tokens, int n)
{
    cJSON *list = json_add_array(to, key);
    for (int i = 0; i < n; i++)
        export_add_text(list, NULL, tokens[i].bytes, (size_t)tokens[i].n);
}

void export_add_numbers(cJSON *to, const char *key, const double *values, int n)
{
    cJSON *list = json_add_array(to, key);
    for (int i = 0; i < n; i++)
        json_add_number(list, NULL, export_round(values[i]));
}

void export_add_empty(cJSON *to, const char *key)
{
    json_add_array(to, key);
}

void export_add_null(cJSON *to, const char *key)
{
    json_add_number(to, key, (double)NAN);
}
