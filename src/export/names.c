/* What a run's model and SAE are called over there. */
#include "export/names.h"
#include <ctype.h>
#include <string.h>

enum { LONGEST_ID = 128 };

static bool is_plain(char c)
{
    return isalnum((unsigned char)c) && (unsigned char)c < 0x80;
}

/* A folder is named so: no separators, nothing hidden, no two signs in a row ("__" begins a suffix
 * in a source's id). */
static const char *slug(const char *text, size_t n, const char *without, arena *a)
{
    str out = {0};
    for (size_t i = 0; i < n && out.len < LONGEST_ID; i++) {
        char c = text[i];
        if (is_plain(c))
            str_add_char(&out, (char)tolower((unsigned char)c));
        else if (out.len && is_plain(out.data[out.len - 1]))
            str_add_char(&out, c == '.' || c == '_' ? c : '-');
    }
    size_t length = out.len;
    while (length && !is_plain(out.data[length - 1]))
        length--;
    const char *made = length ? arena_strndup(a, out.data, length) : without;
    str_release(&out);
    return made;
}

/* The last part of "a/b/c", or with `before` the one before it where there is one. */
static const char *part_of(const char *source, bool before, const char *without, arena *a)
{
    const char *text = source ? source : "", *end = text + strlen(text);
    while (end > text && end[-1] == '/')
        end--;
    const char *start = end;
    while (start > text && start[-1] != '/')
        start--;
    if (before && start - text > 1) {
        end = start - 1;
        for (start = end; start > text && start[-1] != '/';)
            start--;
    }
    return slug(start, (size_t)(end - start), without, a);
}

static err_code check_id(const char *option, const char *id, err *e)
{
    size_t n = strlen(id);
    bool good = n && n <= LONGEST_ID && is_plain(id[0]);
    for (size_t i = 0; i < n; i++)
        good = good && (is_plain(id[i]) || strchr("._-", id[i]));
    return good ? OK
                : err_set(e, E_USAGE,
                          "export: --%s %.200s: expected at most %d letters, digits, '.', '_' and "
                          "'-', a letter or digit first",
                          option, id, (int)LONGEST_ID);
}

/* 2026-11-26T22:24:48Z */
static bool is_time(const char *text)
{
    static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
    if (!text || strlen(text) != sizeof form - 1)
        return false;
    for (size_t i = 0; form[i]; i++)
        if (form[i] == 'd' ? !isdigit((unsigned char)text[i]) : text[i] != form[i])
            return false;
    return true;
}

err_code export_names_make(export_names *out, const record *r, const char *started,
                           const export_options *o, arena *a, err *e)
{
    err_code rc = o->model ? check_id("model", o->model, e) : OK;
    if (!rc && o->set)
        rc = check_id("set", o->set, e);
    if (!rc && o->creator)
        rc = check_id("creator", o->creator, e);
    if (rc)
        return rc;
    *out = (export_names){.model =
                              o->model ? o->model : part_of(r->run.model.source, false, "model", a),
                          .set = o->set ? o->set : part_of(r->run.sae.source, true, "sae", a),
                          .creator = o->creator,
                          .created = is_time(started) ? started : NULL};
    out->source = arena_printf(a, "%d-%s", r->run.sae.layer, out->set);
    return OK;
}
