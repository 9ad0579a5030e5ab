/* The list of targets, from text. */
#include "pipeline/target.h"
#include "base/memory.h"
#include <limits.h>
#include <string.h>

static err_code bad_item(const target_item *t, const char *form, err *e)
{
    return err_set(e, E_CONFIG, "model.target: \"%.200s\" is not %s", t->text, form);
}

/* The number at *text, which then stands behind it. */
static bool take_index(int *out, const char **text)
{
    const char *p = *text;
    int value = 0;
    for (; *p >= '0' && *p <= '9'; p++)
        if (value > (INT_MAX - (*p - '0')) / 10)
            return false;
        else
            value = 10 * value + (*p - '0');
    bool any = p > *text;
    *text = p;
    *out = value;
    return any;
}

/* "3-12" or, where one number will do, "3"; nothing behind it. */
static bool take_pair(int *first, int *last, const char *text, bool one_will_do)
{
    if (!take_index(first, &text))
        return false;
    *last = *first;
    if (!*text)
        return one_will_do;
    return *text++ == '-' && take_index(last, &text) && !*text;
}

static err_code parse_neurons(target_item *t, char *rest, err *e)
{
    static const char form[] = "neuron:HOOK:INDEX or neuron:HOOK:FIRST-LAST";
    char *colon = strrchr(rest, ':');
    if (!colon || colon == rest)
        return bad_item(t, form, e);
    *colon = '\0';
    t->hook = rest;
    if (!take_pair(&t->first, &t->last, colon + 1, true) || t->first > t->last)
        return bad_item(t, form, e);
    return OK;
}

static err_code parse_directions(target_item *t, char *rest, err *e)
{
    static const char form[] = "direction:FILE@HOOK or direction:FILE:TENSOR@HOOK";
    char *at = strrchr(rest, '@');
    if (!at || !at[1])
        return bad_item(t, form, e);
    *at = '\0';
    t->hook = at + 1;
    char *colon = strchr(rest, ':');
    if (colon) {
        *colon = '\0';
        t->tensor = colon + 1;
    }
    t->file = rest;
    return *rest && (!colon || *t->tensor) ? OK : bad_item(t, form, e);
}

static err_code parse_contrast(target_item *t, const char *rest, err *e)
{
    int a, b;
    if (!take_pair(&a, &b, rest, false))
        return bad_item(t, "contrast:A-B, two feature ids", e);
    if (a == b)
        return err_set(e, E_CONFIG, "model.target: \"%.200s\" is zero everywhere", t->text);
    t->first = t->negative ? b : a;
    t->last = t->negative ? a : b;
    t->negative = false;
    return OK;
}

static err_code parse_item(target_item *t, const char *text, arena *a, err *e)
{
    char *rest = arena_strdup(a, text);
    *t = (target_item){.text = text, .negative = *rest == '-'};
    rest += t->negative;
    char *colon = strchr(rest, ':');
    size_t n = colon ? (size_t)(colon - rest) : 0;
    if (n == strlen("neuron") && !strncmp(rest, "neuron", n))
        return parse_neurons(t, colon + 1, e);
    if (n == strlen("direction") && !strncmp(rest, "direction", n)) {
        t->kind = TARGET_DIRECTION;
        return parse_directions(t, colon + 1, e);
    }
    if (n == strlen("contrast") && !strncmp(rest, "contrast", n)) {
        t->kind = TARGET_CONTRAST;
        return parse_contrast(t, colon + 1, e);
    }
    return bad_item(t, "neuron:..., direction:... or contrast:..., perhaps behind a minus", e);
}

err_code target_parse(target_list *out, const char *text, arena *a, err *e)
{
    char *rest = arena_strdup(a, text), *item;
    *out = (target_list){.items = arena_push(a, strlen(text) + 1, sizeof *out->items)};
    while ((item = strsep(&rest, ","))) {
        target_item *t = &out->items[out->n];
        item += strspn(item, " ");
        err_code rc = parse_item(t, item, a, e);
        if (rc)
            return rc;
        out->n++;
        out->n_contrasts += t->kind == TARGET_CONTRAST;
    }
    return OK;
}
