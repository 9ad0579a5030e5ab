/* What all readers of tokenizer files ask of a JSON object. */
#include "data/tokenizer_loader.h"
#include <string.h>

const cJSON *loader_section(const cJSON *object, const char *key)
{
    const cJSON *item = json_member(object, key);
    return item && !cJSON_IsNull(item) ? item : NULL;
}

const char *loader_type(const cJSON *object)
{
    const cJSON *type = json_member(object, "type");
    return cJSON_IsString(type) ? type->valuestring : "(without a type)";
}

err_code loader_flag(bool *out, const loader *l, const cJSON *object, const char *key,
                     bool fallback)
{
    *out = fallback;
    return loader_section(object, key) ? json_bool(out, object, key, l->name, l->e) : OK;
}

err_code loader_string(str *out, const loader *l, const cJSON *object, const char *key,
                       size_t least)
{
    const char *text;
    err_code code = json_string(&text, object, key, l->name, l->e);
    if (code)
        return code;
    size_t n = strlen(text);
    if (n < least || n > MAX_STEP_BYTES)
        return err_set(l->e, E_FORMAT, "%s: \"%s\" is \"%.80s\", which has not %zu to %d bytes",
                       l->name, key, text, least, (int)MAX_STEP_BYTES);
    str_add_bytes(out, text, n);
    return OK;
}

err_code loader_unsupported(const loader *l, const char *what, const char *value, const char *known)
{
    return err_set(l->e, E_FORMAT, "%s: %s \"%.200s\" is not supported (%s)", l->name, what, value,
                   known);
}

err_code loader_sequence(loader *l, const cJSON *object, const char *member,
                         err_code (*read)(loader *l, const cJSON *object))
{
    const cJSON *item, *list = loader_section(object, member);
    if (strcmp(loader_type(object), "Sequence") != 0)
        return read(l, object);
    if (!cJSON_IsArray(list))
        return err_set(l->e, E_FORMAT, "%s: \"%s\" of a Sequence is not a list", l->name, member);
    cJSON_ArrayForEach(item, list) {
        err_code code = loader_sequence(l, item, member, read);
        if (code)
            return code;
    }
    return OK;
}
