/* One tag at a time. */
#include "site/single_tag.h"
#include "base/memory.h"
#include <ctype.h>
#include <string.h>

static err_code wrong(const char *path, err *e, const char *what, const char *at)
{
    return err_set(e, E_FORMAT, "%s: %s near \"%.60s\"", path, what, at);
}

static size_t name_length(const char *at)
{
    size_t n = 0;
    while (isalnum((unsigned char)at[n]) || at[n] == '-' || at[n] == ':')
        n++;
    return n;
}

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \n");
}

err_code single_tag_read(tag *t, const char **at, arena *a, const char *path, err *e)
{
    const char *p = *at, *start = p;
    size_t n = name_length(p);
    *t = (tag){.name = arena_strndup(a, p, n)};
    p = skip_space(p + n);
    while (*p && *p != '>' && *p != '/') {
        n = name_length(p);
        if (!n || t->n == (int)COUNT_OF(t->attributes))
            return wrong(path, e, "an attribute without a name, or too many,", start);
        attribute *one = &t->attributes[t->n++];
        *one = (attribute){.name = arena_strndup(a, p, n)};
        p += n;
        if (*p == '=') {
            size_t length = p[1] == '"' ? strcspn(p + 2, "\"") : 0;
            if (p[1] != '"' || !p[2 + length])
                return wrong(path, e, "an attribute without quotes", start);
            one->value = arena_strndup(a, p + 2, length);
            p += length + 3;
        }
        p = skip_space(p);
    }
    t->closes_itself = *p == '/';
    p += t->closes_itself;
    if (*p != '>')
        return wrong(path, e, "a tag without an end", start);
    *at = p + 1;
    return OK;
}

const char *single_tag_value(const tag *t, const char *name)
{
    for (int i = 0; i < t->n; i++)
        if (!strcmp(t->attributes[i].name, name))
            return t->attributes[i].value;
    return NULL;
}
