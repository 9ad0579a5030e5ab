/* What was asked of each run, and whether the two can be compared at all. */
#include "compare/parts.h"
#include <string.h>

const char *text_of(const char *text)
{
    return text ? text : "";
}

static bool same_text(const char *x, const char *y)
{
    return !strcmp(text_of(x), text_of(y));
}

const record_config *find_setting(const record_run *run, const char *group, const char *key)
{
    for (int i = 0; i < run->n_config; i++)
        if (same_text(run->config[i].group, group) && same_text(run->config[i].key, key))
            return &run->config[i];
    return NULL;
}

static void compare_config(comparison *c, arena *memory)
{
    const record_run *a = &c->a->run, *b = &c->b->run;
    c->config =
        arena_push(memory, (size_t)a->n_config + (size_t)b->n_config + 1, sizeof *c->config);
    for (int i = 0; i < a->n_config; i++) {
        const record_config *x = &a->config[i], *y = find_setting(b, x->group, x->key);
        if (y && same_text(x->value, y->value))
            c->n_config_equal++;
        else
            c->config[c->n_config++] = (setting_pair){x->group, x->key, x->unit, text_of(x->value),
                                                      y ? text_of(y->value) : NULL};
    }
    for (int i = 0; i < b->n_config; i++) {
        const record_config *y = &b->config[i];
        if (!find_setting(a, y->group, y->key))
            c->config[c->n_config++] =
                (setting_pair){y->group, y->key, y->unit, NULL, text_of(y->value)};
    }
}

static const char *library_version(const record_run *run, const char *name)
{
    for (int i = 0; i < run->n_libraries; i++)
        if (same_text(run->libraries[i].name, name))
            return text_of(run->libraries[i].version);
    return NULL;
}

static void add_input(comparison *c, const char *group, const char *key, const char *a,
                      const char *b)
{
    c->inputs[c->n_inputs++] = (setting_pair){group, key, "", a, b};
}

static void compare_libraries(comparison *c)
{
    const record_run *a = &c->a->run, *b = &c->b->run;
    for (int i = 0; i < a->n_libraries; i++) {
        const char *name = a->libraries[i].name, *version = library_version(b, name);
        if (!version || !same_text(a->libraries[i].version, version))
            add_input(c, "libraries", name, text_of(a->libraries[i].version), version);
    }
    for (int i = 0; i < b->n_libraries; i++)
        if (!library_version(a, b->libraries[i].name))
            add_input(c, "libraries", b->libraries[i].name, NULL, text_of(b->libraries[i].version));
}

/* Names of the runs are no settings, the command line says what the config says, and which commit
 * the program is from says nothing about its results: two of them are compared to see that. */
static void compare_inputs(comparison *c, arena *memory)
{
    static const char *const apart[] = {"title",     "label",  "command",       "seed",
                                        "libraries", "config", "config_sha256", "commit",
                                        "modified",  NULL};
    const record_run *a = &c->a->run, *b = &c->b->run;
    difference_list found = {
        .memory = memory, .version = c->differences.version, .most = COMPARISON_MOST_BYTES};
    differences_find(&found, "", &SCHEMA_RUN, a, b, apart);
    c->inputs =
        arena_push(memory, (size_t)found.n + (size_t)a->n_libraries + (size_t)b->n_libraries + 1,
                   sizeof *c->inputs);
    for (int i = 0; i < found.n; i++) {
        const char *name = found.items[i].place + 1, *dot = strchr(name, '.');
        const char *group = dot ? arena_strndup(memory, name, (size_t)(dot - name)) : "program";
        add_input(c, group, dot ? dot + 1 : name, found.items[i].a, found.items[i].b);
    }
    compare_libraries(c);
}

static bool same_hash(const char *x, const char *y)
{
    return x && *x && same_text(x, y);
}

void compare_settings(comparison *c, arena *memory)
{
    const record_run *a = &c->a->run, *b = &c->b->run;
    compare_config(c, memory);
    compare_inputs(c, memory);
    c->same_model = same_hash(a->model.sha256, b->model.sha256);
    c->same_sae = same_hash(a->sae.sha256, b->sae.sha256);
    c->same_data = same_hash(a->data.sha256, b->data.sha256);
    c->same_hook =
        same_text(a->sae.hook, b->sae.hook) && same_text(a->sae.hook_out, b->sae.hook_out);
    c->measures_alike = c->same_model && c->same_sae && c->same_hook;
    c->matched = c->same_sae && c->same_hook && c->a->n_features == c->b->n_features;
    if (!c->matched)
        c->obstacle = decoders_obstacle(c->a, c->b, c->same_model, c->same_hook, memory);
    c->by_decoder = !c->matched && !c->obstacle;
}
