/* Setting, reading, checking and printing the configuration, all through the table of keys. */
#include "pipeline/config.h"
#include "base/io.h"
#include "base/json.h"
#include "base/memory.h"
#include "net/chat.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *field(run_config *c, const config_key *key)
{
    return (char *)c + key->offset;
}

static err_code unknown_key(err *e, const char *name)
{
    int n;
    const config_key *keys = run_config_keys(&n);
    const char **names = mem_small((size_t)n, sizeof *names);
    for (int i = 0; i < n; i++)
        names[i] = keys[i].name;
    err_set(e, E_CONFIG,
            "unknown key \"%.200s\"; did you mean \"%s\"? "
            "(saeinv run --print-config lists them all)",
            name, nearest_name(name, names, (size_t)n));
    mem_free(names);
    return e->code;
}

static bool is_choice(const char *choices, const char *value)
{
    size_t n = strlen(value);
    if (strchr(value, '|')) /* "mean|max" is the list, not a choice */
        return false;
    for (const char *p = choices; p; p = strchr(p, '|')) {
        p += *p == '|';
        if (!strncmp(p, value, n) && (p[n] == '|' || p[n] == '\0'))
            return true;
    }
    return false;
}

static err_code set_text(run_config *c, const config_key *key, const char *value, err *e)
{
    if (key->choices && !is_choice(key->choices, value))
        return err_set(e, E_CONFIG, "%s: \"%.200s\" is none of %s", key->name, value, key->choices);
    if (strlen(value) >= CONFIG_TEXT)
        return err_set(e, E_CONFIG, "%s: longer than %d bytes", key->name, CONFIG_TEXT - 1);
    if (!utf8_valid(value, strlen(value)))
        return err_set(e, E_CONFIG, "%s: not valid UTF-8", key->name);
    memcpy(field(c, key), value, strlen(value) + 1);
    return OK;
}

static err_code set_number(run_config *c, const config_key *key, const char *value, err *e)
{
    char *end;
    errno = 0;
    double number = strtod(value, &end);
    bool whole = key->type != CONFIG_DOUBLE;
    if (end == value || *end || !isfinite(number) || (whole && number != floor(number)))
        return err_set(e, E_CONFIG, "%s: \"%.200s\" is not a %snumber", key->name, value,
                       whole ? "whole " : "");
    if (number < key->min || number > key->max)
        return err_set(e, E_CONFIG, "%s: %.200s is outside %g .. %g", key->name, value, key->min,
                       key->max);
    if (key->type == CONFIG_DOUBLE)
        *(double *)field(c, key) = number;
    else if (key->type == CONFIG_INT64)
        *(int64_t *)field(c, key) = (int64_t)number;
    else
        *(int *)field(c, key) = (int)number;
    return OK;
}

static err_code set_value(run_config *c, const config_key *key, const char *value, err *e)
{
    if (key->type == CONFIG_STRING)
        return set_text(c, key, value, e);
    if (key->type != CONFIG_BOOL)
        return set_number(c, key, value, e);
    if (strcmp(value, "true") && strcmp(value, "false"))
        return err_set(e, E_CONFIG, "%s: \"%.200s\" is neither true nor false", key->name, value);
    *(bool *)field(c, key) = value[0] == 't';
    return OK;
}

run_config run_config_defaults(void)
{
    run_config c = {0};
    int n;
    const config_key *keys = run_config_keys(&n);
    for (int i = 0; i < n; i++) {
        err e;
        if (set_value(&c, &keys[i], keys[i].initial, &e))
            err_die("default of %s: %s", keys[i].name, e.text);
    }
    return c;
}

err_code run_config_preset(run_config *c, const char *name, err *e)
{
    /* The values of JasonP02/sae-inverse-embeddings, config.py, where its keys have the same
     * meaning here. Its learning rate and noise were absolute: free_mode original has them. */
    static const char *const seed[] = {
        "collect.n_prompts=100",
        "collect.batch_size=10",
        "filter.entropy_threshold_low=0.25",
        "filter.entropy_threshold_high=5",
        "filter.sparsity_min=0.1",
        "filter.sparsity_max=0.95",
        "filter.activation_threshold=0.1",
        "cluster.method=dbscan",
        "cluster.reduction=none",
        "cluster.eps_search=grid",
        "cluster.dbscan_min_samples=1",
        "select.strategy=all",
        "optimise.free_mode=original",
        "optimise.restarts=1",
        "explain.max_steps=1000",
        "explain.length=10",
    };
    if (strcmp(name, "seed"))
        return err_set(e, E_CONFIG, "unknown preset \"%.200s\"; there is one: seed", name);
    for (size_t i = 0; i < COUNT_OF(seed); i++)
        if (run_config_set_pair(c, seed[i], e))
            return e->code;
    return OK;
}

err_code run_config_set(run_config *c, const char *name, const char *value, err *e)
{
    const config_key *key = run_config_find(name);
    return key ? set_value(c, key, value, e) : unknown_key(e, name);
}

err_code run_config_set_pair(run_config *c, const char *pair, err *e)
{
    const char *equals = strchr(pair, '=');
    if (!equals)
        return err_set(e, E_USAGE, "--set %s: expected key=value", pair);
    str name = {0};
    str_add_bytes(&name, pair, (size_t)(equals - pair));
    err_code rc = run_config_set(c, str_text(&name), equals + 1, e);
    str_release(&name);
    return rc;
}

/* Where the comment that starts at `text` ends: before its line break, or after its closing mark.
 */
static size_t comment_length(const char *text, size_t n)
{
    if (n < 2 || text[0] != '/' || (text[1] != '/' && text[1] != '*'))
        return 0;
    bool line = text[1] == '/';
    for (size_t i = 2; i < n; i++) {
        if (line && text[i] == '\n')
            return i;
        if (!line && i > 2 && text[i - 1] == '*' && text[i] == '/')
            return i + 1;
    }
    return n;
}

/* Blanks // and block comments outside strings, keeping line breaks so that places stay right. */
static void blank_comments(char *text, size_t n)
{
    bool in_string = false;
    for (size_t i = 0; i < n; i++) {
        size_t comment = in_string ? 0 : comment_length(text + i, n - i);
        for (size_t k = 0; k < comment; k++)
            if (text[i + k] != '\n')
                text[i + k] = ' ';
        if (comment)
            i += comment - 1;
        else if (in_string && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            in_string = !in_string;
    }
}

static err_code wrong_type(const config_key *key, const cJSON *item, err *e)
{
    static const char *const wanted[] = {[CONFIG_INT] = "a whole number",
                                         [CONFIG_INT64] = "a whole number",
                                         [CONFIG_DOUBLE] = "a number",
                                         [CONFIG_BOOL] = "true or false",
                                         [CONFIG_STRING] = "a text"};
    str found = {0};
    json_print(&found, item);
    err_set(e, E_CONFIG, "%s: expected %s, found %.*s", key->name, wanted[key->type],
            (int)strcspn(str_text(&found), "\n"), str_text(&found));
    str_release(&found);
    return e->code;
}

/* A scalar as --set would take it. */
static err_code add_scalar(str *value, const config_key *key, const cJSON *item, err *e)
{
    bool text = key->type == CONFIG_STRING, truth = key->type == CONFIG_BOOL;
    if (text && cJSON_IsString(item))
        str_add(value, item->valuestring);
    else if (truth && cJSON_IsBool(item))
        str_add(value, cJSON_IsTrue(item) ? "true" : "false");
    else if (!text && !truth && cJSON_IsNumber(item))
        str_addf(value, "%.17g", item->valuedouble);
    else
        return wrong_type(key, item, e);
    return OK;
}

/* Texts that are lists may be written as one: "data": ["a.txt", "b.txt"], "features": [12, 40]. */
static err_code add_list(str *value, const config_key *key, const cJSON *list, err *e)
{
    const cJSON *item;
    if (key->type != CONFIG_STRING || key->choices)
        return wrong_type(key, list, e);
    cJSON_ArrayForEach(item, list) {
        str_add(value, item == list->child ? "" : ",");
        if (cJSON_IsNumber(item))
            str_addf(value, "%.17g", item->valuedouble);
        else if (add_scalar(value, key, item, e))
            return e->code;
    }
    return OK;
}

static err_code set_member(run_config *c, const char *name, const cJSON *item, err *e)
{
    const config_key *key = run_config_find(name);
    if (!key)
        return unknown_key(e, name);
    str value = {0};
    err_code rc =
        cJSON_IsArray(item) ? add_list(&value, key, item, e) : add_scalar(&value, key, item, e);
    if (!rc)
        rc = set_value(c, key, str_text(&value), e);
    str_release(&value);
    return rc;
}

static bool is_section(const char *name)
{
    int n;
    const config_key *keys = run_config_keys(&n);
    size_t length = strlen(name);
    for (int i = 0; i < n; i++)
        if (!strncmp(keys[i].name, name, length) && keys[i].name[length] == '.')
            return true;
    return false;
}

static err_code set_section(run_config *c, const cJSON *section, err *e)
{
    if (!cJSON_IsObject(section))
        return err_set(e, E_CONFIG, "\"%.200s\" should be a section {...}", section->string);
    if (!is_section(section->string))
        return unknown_key(e, section->string);
    const cJSON *item;
    cJSON_ArrayForEach(item, section) {
        str name = {0};
        str_addf(&name, "%s.%s", section->string, item->string);
        err_code rc = set_member(c, str_text(&name), item, e);
        str_release(&name);
        if (rc)
            return rc;
    }
    return OK;
}

err_code run_config_read(run_config *c, const char *path, err *e)
{
    enum { LIMIT = 1 << 20 };
    str text = {0};
    cJSON *tree = NULL;
    err_code rc = io_read(&text, path, LIMIT, e);
    if (rc)
        goto out;
    if (text.len)
        blank_comments(text.data, text.len);
    rc = json_parse(&tree, str_text(&text), text.len, path, e);
    if (rc)
        goto out;
    if (!cJSON_IsObject(tree)) {
        rc = err_set(e, E_CONFIG, "%s: should be an object of sections {...}", path);
        goto out;
    }
    const cJSON *section;
    cJSON_ArrayForEach(section, tree) {
        rc = set_section(c, section, e);
        if (rc) {
            err_context(e, "%s", path);
            break;
        }
    }
out:
    cJSON_Delete(tree);
    str_release(&text);
    return rc;
}

static err_code check_explainer(const run_config *c, err *e)
{
    if (!c->explainer.url[0])
        return OK;
    if (chat_check_url(c->explainer.url, c->explainer.allow_http, e))
        return err_context(e, "explainer.url");
    if (!c->explainer.model[0])
        return err_set(e, E_CONFIG, "explainer.model: is empty; name a model of %s",
                       c->explainer.url);
    return OK;
}

err_code run_config_check(const run_config *c, err *e)
{
    const struct {
        const char *low_name;
        double low;
        const char *high_name;
        double high;
    } pairs[] = {
        {"collect.min_prompt_length", c->collect.min_prompt_length, "collect.max_prompt_length",
         c->collect.max_prompt_length},
        {"filter.entropy_threshold_low", c->filter.entropy_threshold_low,
         "filter.entropy_threshold_high", c->filter.entropy_threshold_high},
        {"filter.sparsity_min", c->filter.sparsity_min, "filter.sparsity_max",
         c->filter.sparsity_max},
        {"cluster.eps_min", c->cluster.eps_min, "cluster.eps_max", c->cluster.eps_max},
        {"explain.frozen_tokens", c->explain.frozen_tokens, "explain.length - 1",
         c->explain.length - 1},
    };
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        if (pairs[i].low > pairs[i].high)
            return err_set(e, E_CONFIG, "%s (%g) is above %s (%g): nothing would be left",
                           pairs[i].low_name, pairs[i].low, pairs[i].high_name, pairs[i].high);
    return check_explainer(c, e);
}

/* The fewest digits that read back as the same number: reports round, settings must not. */
static void add_double(str *out, double value)
{
    char text[NUMBER_TEXT];
    number_text(text, value);
    for (int digits = 15; strtod(text, NULL) != value && digits <= 17; digits++)
        snprintf(text, sizeof text, "%.*g", digits, value);
    str_add(out, text);
}

void run_config_value(str *out, const run_config *c, const config_key *key)
{
    const void *at = (const char *)c + key->offset;
    switch (key->type) {
    case CONFIG_INT:
        str_addf(out, "%d", *(const int *)at);
        break;
    case CONFIG_INT64:
        str_addf(out, "%" PRId64, *(const int64_t *)at);
        break;
    case CONFIG_DOUBLE:
        add_double(out, *(const double *)at);
        break;
    case CONFIG_BOOL:
        str_add(out, *(const bool *)at ? "true" : "false");
        break;
    case CONFIG_STRING:
        str_add(out, at);
        break;
    }
}

static void print_key(str *out, const run_config *c, const config_key *key)
{
    str_addf(out, "    // %s", key->help);
    if (key->choices)
        str_addf(out, " One of %s.", key->choices);
    else if (key->type != CONFIG_BOOL && key->type != CONFIG_STRING)
        str_addf(out, " %s%s%g .. %g.", key->unit, key->unit[0] ? ", " : "", key->min, key->max);
    str_addf(out, " Default: %s\n", key->initial[0] ? key->initial : "empty");
    str_addf(out, "    \"%s\": ", strchr(key->name, '.') + 1);
    if (key->type != CONFIG_STRING) {
        run_config_value(out, c, key);
        return;
    }
    str value = {0};
    run_config_value(&value, c, key);
    cJSON *text = cJSON_CreateString(str_text(&value));
    json_print(out, text);
    out->data[--out->len] = '\0'; /* json_print ends the line; the comma comes first */
    cJSON_Delete(text);
    str_release(&value);
}

void run_config_print(str *out, const run_config *c)
{
    int n;
    const config_key *keys = run_config_keys(&n);
    size_t section = 0;
    for (int i = 0; i < n; i++) {
        size_t length = strcspn(keys[i].name, ".");
        bool starts =
            i == 0 || length != section || strncmp(keys[i].name, keys[i - 1].name, length);
        if (starts)
            str_addf(out, "%s  \"%.*s\": {\n", i ? "\n  },\n" : "{\n", (int)length, keys[i].name);
        else
            str_add(out, ",\n");
        section = length;
        print_key(out, c, &keys[i]);
    }
    str_add(out, "\n  }\n}\n");
}
