/* Templates: one pass over the text, sections by recursion. */
#include "site/template.h"
#include "base/json.h"
#include "site/escape.h"
#include <string.h>

enum { MAX_DEPTH = 40, MAX_KEY = 80 };

typedef struct filler {
    str *out;
    const template_set *set;
    const template_source *source;
    template_language language;
    const cJSON *scopes[MAX_DEPTH]; /* innermost last */
    int n_scopes;
    int partials; /* how many contain this one */
    err *e;
} filler;

typedef struct tag {
    char kind; /* '=' escaped, '`' code, '{' raw, or # ^ / > ! */
    char key[MAX_KEY];
    const char *start, *end;           /* of the whole tag */
    const char *line_start, *line_end; /* same, or the whole line when the tag stands alone */
} tag;

static err_code wrong(const filler *f, const char *at, const char *what, const char *key)
{
    int line = 1;
    for (const char *p = f->source->data; p < at; p++)
        line += *p == '\n';
    return err_set(f->e, E_FORMAT, "template %s, line %d: %s%s%s%s", f->source->name, line, what,
                   key ? " \"" : "", key ? key : "", key ? "\"" : "");
}

/* ---- tags ---- */

static const char *find(const char *from, const char *end, const char *what)
{
    return from < end ? memmem(from, (size_t)(end - from), what, strlen(what)) : NULL;
}

/* A tag that only steers, alone on its line, takes the line with it. */
static void widen(tag *t, const char *text, const char *end)
{
    t->line_start = t->start;
    t->line_end = t->end;
    if (!strchr("#^/>!", t->kind))
        return;
    const char *left = t->start, *right = t->end;
    while (left > text && (left[-1] == ' ' || left[-1] == '\t'))
        left--;
    while (right < end && (*right == ' ' || *right == '\t'))
        right++;
    if ((left == text || left[-1] == '\n') && (right == end || *right == '\n')) {
        t->line_start = left;
        t->line_end = right < end ? right + 1 : right;
    }
}

/* Finds the next tag in from..end; t->kind is 0 when there is none. */
static err_code next_tag(tag *t, const filler *f, const char *from, const char *end)
{
    const char *text = f->source->data, *text_end = text + f->source->size;
    *t = (tag){0};
    t->start = find(from, end, "{{");
    if (!t->start)
        return OK;
    const char *inner = t->start + 2, *close;
    t->kind = '=';
    if (inner < end && strchr("{#^/>!`", *inner))
        t->kind = *inner++;
    const char *closing = t->kind == '{' ? "}}}" : t->kind == '`' ? "`}}" : "}}";
    close = find(inner, end, closing);
    if (!close)
        return wrong(f, t->start, "a tag without its end", NULL);
    t->end = close + strlen(closing);
    while (inner < close && *inner == ' ')
        inner++;
    while (close > inner && close[-1] == ' ')
        close--;
    size_t n = (size_t)(close - inner);
    if (t->kind != '!' && (n == 0 || n >= MAX_KEY))
        return wrong(f, t->start, "a tag whose name is empty or too long", NULL);
    memcpy(t->key, inner, n < MAX_KEY ? n : 0);
    widen(t, text, text_end);
    return OK;
}

/* ---- values ---- */

static const cJSON *look_up(const filler *f, const char *path)
{
    if (!strcmp(path, "."))
        return f->scopes[f->n_scopes - 1];
    char name[MAX_KEY];
    const cJSON *value = NULL;
    size_t n = strcspn(path, ".");
    memcpy(name, path, n);
    name[n] = '\0';
    for (int i = f->n_scopes - 1; i >= 0 && !value; i--)
        value = json_member(f->scopes[i], name);
    while (value && path[n]) {
        path += n + 1;
        n = strcspn(path, ".");
        memcpy(name, path, n);
        name[n] = '\0';
        value = json_member(value, name);
    }
    return value;
}

static bool is_shown(const cJSON *value)
{
    if (cJSON_IsString(value))
        return *value->valuestring;
    if (cJSON_IsArray(value))
        return value->child != NULL;
    return !cJSON_IsNull(value) && !cJSON_IsFalse(value);
}

static err_code put_value(const filler *f, const tag *t)
{
    char number[NUMBER_TEXT];
    const cJSON *value = look_up(f, t->key);
    const char *text;
    if (!value)
        return wrong(f, t->start, "no value is called", t->key);
    if (cJSON_IsString(value) || cJSON_IsRaw(value))
        text = value->valuestring;
    else if (cJSON_IsNumber(value))
        text = number_text(number, value->valuedouble);
    else
        return wrong(f, t->start, "neither a text nor a number:", t->key);
    if (t->kind == '{')
        str_add(f->out, text);
    else if (t->kind == '`')
        escape_code(f->out, text);
    else if (f->language == TEMPLATE_HTML)
        escape_html(f->out, text);
    else
        escape_markdown(f->out, text);
    return OK;
}

/* ---- structure ---- */

static err_code fill(filler *f, const char *from, const char *end);

static err_code fill_with(filler *f, const cJSON *scope, const char *from, const char *end)
{
    if (f->n_scopes == MAX_DEPTH)
        return wrong(f, from, "sections nested too deep", NULL);
    f->scopes[f->n_scopes++] = scope;
    err_code rc = fill(f, from, end);
    f->n_scopes--;
    return rc;
}

static err_code put_section(filler *f, const tag *open, const char *from, const char *end)
{
    const cJSON *value = look_up(f, open->key), *entry;
    err_code rc = OK;
    if (!value)
        return wrong(f, open->start, "no value is called", open->key);
    if (open->kind == '^')
        return is_shown(value) ? OK : fill(f, from, end);
    if (!is_shown(value))
        return OK;
    if (!cJSON_IsArray(value))
        return fill_with(f, value, from, end);
    cJSON_ArrayForEach(entry, value) {
        rc = fill_with(f, entry, from, end);
        if (rc)
            break;
    }
    return rc;
}

/* Finds the tag that closes `open`; sections inside must be whole. */
static err_code find_close(tag *close, const filler *f, const tag *open, const char *end)
{
    int depth = 1;
    const char *at = open->line_end;
    while (depth) {
        err_code rc = next_tag(close, f, at, end);
        if (rc)
            return rc;
        if (!close->kind)
            return wrong(f, open->start, "a section without its end:", open->key);
        depth += close->kind == '#' || close->kind == '^';
        depth -= close->kind == '/';
        at = close->line_end;
    }
    if (strcmp(close->key, open->key))
        return wrong(f, close->start, "this ends another section than", open->key);
    return OK;
}

static err_code put_partial(filler *f, const tag *t)
{
    filler inner = *f;
    inner.source = template_find(f->set, t->key);
    if (!inner.source)
        return wrong(f, t->start, "no template is called", t->key);
    if (++inner.partials > MAX_DEPTH)
        return wrong(f, t->start, "templates that contain each other:", t->key);
    return fill(&inner, inner.source->data, inner.source->data + inner.source->size);
}

static err_code fill(filler *f, const char *from, const char *end)
{
    for (;;) {
        tag t, close;
        err_code rc = next_tag(&t, f, from, end);
        if (rc)
            return rc;
        const char *stop = t.kind ? t.line_start : end;
        if (stop > from) /* a lone tag's line may begin before `from`, after a tag on it */
            str_add_bytes(f->out, from, (size_t)(stop - from));
        if (!t.kind)
            return OK;
        from = t.line_end;
        if (t.kind == '#' || t.kind == '^') {
            rc = find_close(&close, f, &t, end);
            if (!rc)
                rc = put_section(f, &t, t.line_end, close.line_start);
            from = rc ? from : close.line_end;
        } else if (t.kind == '/') {
            rc = wrong(f, t.start, "this ends a section that was not begun:", t.key);
        } else if (t.kind == '>') {
            rc = put_partial(f, &t);
        } else if (t.kind != '!') {
            rc = put_value(f, &t);
        }
        if (rc)
            return rc;
    }
}

const template_source *template_find(const template_set *set, const char *name)
{
    for (int i = 0; i < set->n; i++)
        if (!strcmp(set->sources[i].name, name))
            return &set->sources[i];
    return NULL;
}

err_code template_fill(str *out, const template_set *set, const char *name, const cJSON *tree,
                       template_language language, err *e)
{
    filler f = {.out = out,
                .set = set,
                .language = language,
                .scopes = {tree},
                .n_scopes = 1,
                .e = e,
                .source = template_find(set, name)};
    if (!f.source)
        return err_set(e, E_FORMAT, "there is no template %s among the %d given", name, set->n);
    return fill(&f, f.source->data, f.source->data + f.source->size);
}
