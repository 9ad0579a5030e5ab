/* Compiles the grammar into alternatives of operations, and expands a rule into text. */
#include "train/world_internal.h"
#include "base/err.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OPS = 64, MOST_ALTERNATIVES = 40, TENSES = 3 };

typedef struct slot {
    const char *name;
    op_kind kind;
    int list, form;
} slot;

static const slot slots[] = {
    {"thing_a", OP_TOPIC, THINGS_A, SINGULAR},
    {"things_a", OP_TOPIC, THINGS_A, PLURAL},
    {"thing_b", OP_TOPIC, THINGS_B, SINGULAR},
    {"things_b", OP_TOPIC, THINGS_B, PLURAL},
    {"role", OP_TOPIC, ROLES, SINGULAR},
    {"roles", OP_TOPIC, ROLES, PLURAL},
    {"quality", OP_TOPIC, QUALITIES, 0},
    {"v_a", OP_FINITE_TOPIC, ACTS_A, 0},
    {"inf_a", OP_TOPIC, ACTS_A, BASE},
    {"pp_a", OP_TOPIC, ACTS_A, PARTICIPLE},
    {"ing_a", OP_TOPIC, ACTS_A, ING},
    {"v_b", OP_FINITE_TOPIC, ACTS_B, 0},
    {"inf_b", OP_TOPIC, ACTS_B, BASE},
    {"pp_b", OP_TOPIC, ACTS_B, PARTICIPLE},
    {"ing_b", OP_TOPIC, ACTS_B, ING},
    {"v_does", OP_FINITE_TOPIC, DOES, 0},
    {"ing_does", OP_TOPIC, DOES, ING},
    {"v_any", OP_FINITE_SHARED, ACTS_ANY, 0},
    {"inf_any", OP_SHARED, ACTS_ANY, BASE},
    {"pp_any", OP_SHARED, ACTS_ANY, PARTICIPLE},
    {"v_stay", OP_FINITE_SHARED, STAY, 0},
    {"ing_stay", OP_SHARED, STAY, ING},
    {"v_say", OP_FINITE_SHARED, SAY, 0},
    {"town", OP_SHARED, TOWN, 0},
    {"month", OP_SHARED, MONTH, 0},
    {"weekday", OP_SHARED, WEEKDAY, 0},
    {"colour", OP_SHARED, COLOUR, 0},
    {"number", OP_SHARED, NUMBER, 0},
    {"digit", OP_SHARED, DIGIT, 0},
    {"year", OP_SHARED, YEAR, 0},
    {"amount", OP_SHARED, AMOUNT, 0},
    {"feeling", OP_SHARED, FEELING, 0},
    {"adj", OP_SHARED, ADJECTIVE, 0},
    {"pet", OP_SHARED, PET, SINGULAR},
    {"pets", OP_SHARED, PET, PLURAL},
    {"unit", OP_SHARED, UNIT, SINGULAR},
    {"units", OP_SHARED, UNIT, PLURAL},
    {"dish", OP_SHARED, DISH, SINGULAR},
    {"dishes", OP_SHARED, DISH, PLURAL},
    {"kin", OP_SHARED, KIN, 0},
    {"place_noun", OP_TOPIC, PLACES_T, PLACE},
    {"v_go", OP_FINITE_SHARED, GO, 0},
    {"v_people", OP_FINITE_SHARED, ACTS_PEOPLE, 0},
    {"day_number", OP_SHARED, DAY, 0},
    {"scenery", OP_SHARED, SCENERY, 0},
    {"scene_quality", OP_SHARED, SCENE_QUALITY, 0},
    {"comparative", OP_SHARED, COMPARATIVE, 0},
    {"day_part", OP_SHARED, DAY_PART, 0},
};

int rules_find(const char *name)
{
    for (int i = 0; i < world_n_rules; i++)
        if (strcmp(world_grammar[i].name, name) == 0)
            return i;
    return -1;
}

/* "<name@>" stands for the rules name_past, name_present and name_future. */
static int find_tense_rules(arena *a, const char *name)
{
    static const char *const tenses[TENSES] = {"past", "present", "future"};
    int first = rules_find(arena_printf(a, "%s_%s", name, tenses[0]));
    for (int t = 0; t < TENSES; t++)
        if (first < 0 || rules_find(arena_printf(a, "%s_%s", name, tenses[t])) != first + t)
            err_die("world: rules %s_past, _present, _future must stand in this order", name);
    return first;
}

static op compile_name(arena *a, char *name, const char *where)
{
    size_t n = strlen(name);
    if (name[n - 1] == '@') {
        name[n - 1] = '\0';
        return (op){.kind = OP_TENSE_RULE, .value = find_tense_rules(a, name)};
    }
    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++)
        if (strcmp(slots[i].name, name) == 0)
            return (op){.kind = slots[i].kind, .value = slots[i].list, .detail = slots[i].form};
    if (action_find(name, n) >= 0)
        return (op){.kind = OP_CALL, .value = action_find(name, n)};
    if (rules_find(name) < 0)
        err_die("world: rule %s calls <%s>, which does not exist", where, name);
    return (op){.kind = OP_RULE, .value = rules_find(name)};
}

static int state_find(const char *name)
{
    static const struct {
        const char *name;
        int concept;
    } states[] = {
        {"recipe", STATE_RECIPE},     {"letter", STATE_LETTER},     {"numbered", STATE_NUMBERED},
        {"bulleted", STATE_BULLETED}, {"diary", STATE_DIARY},       {"interview", STATE_INTERVIEW},
        {"news", STATE_NEWS},         {"question", STATE_QUESTION}, {"comment", STATE_COMMENT},
    };
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strcmp(states[i].name, name) == 0)
    return states[i].concept;
    err_die("world: no state \"%s\"", name);
}

static op compile_brace(char *name, const char *where)
{
    if (name[0] == '+' || name[0] == '-')
        return (op){.kind = name[0] == '+' ? OP_STATE_ON : OP_STATE_OFF,
                    .value = state_find(name + 1)};
    int action = action_find(name, strlen(name));
    if (action < 0)
        err_die("world: rule %s uses {%s}, which does not exist", where, name);
    return (op){.kind = OP_CALL, .value = action};
}

static op compile_token(world *w, char *token, const char *where)
{
    size_t n = strlen(token);
    if (n > 2 && token[0] == '<' && token[n - 1] == '>') {
        token[n - 1] = '\0';
        return compile_name(&w->memory, token + 1, where);
    }
    if (n > 2 && token[0] == '{' && token[n - 1] == '}') {
        token[n - 1] = '\0';
        return compile_brace(token + 1, where);
    }
    if (strcmp(token, "/") == 0)
        return (op){.kind = OP_BREAK};
    if (n == 1 && strchr(".,?!:", token[0]))
        return (op){.kind = OP_MARK, .value = token[0]};
    return (op){.kind = OP_WORD, .form = lexicon_literal(w, token, n)};
}

/* "3 the <thing_a>": a weight, 1 when left out, then the operations. Returns the weight. */
static int compile_alternative(alternative *alt, world *w, char *text, const char *where)
{
    char *save = NULL, *token = strtok_r(text, " ", &save);
    int weight = 1;
    if (token && isdigit((unsigned char)token[0])) {
        weight = (int)strtol(token, NULL, 10);
        token = strtok_r(NULL, " ", &save);
    }
    alt->ops = arena_push(&w->memory, MOST_OPS, sizeof *alt->ops);
    for (; token; token = strtok_r(NULL, " ", &save)) {
        if (alt->n == MOST_OPS)
            err_die("world: an alternative of rule %s is too long", where);
        alt->ops[alt->n++] = compile_token(w, token, where);
    }
    return weight;
}

static void compile_rule(rule *r, world *w, const rule_text *text)
{
    double weights[MOST_ALTERNATIVES];
    int n = 0;
    char *rest = arena_strdup(&w->memory, text->body);
    r->name = text->name;
    r->alternatives = arena_push(&w->memory, MOST_ALTERNATIVES, sizeof *r->alternatives);
    while (rest) {
        char *next = strstr(rest, " |");
        if (next) {
            *next = '\0';
            next += strlen(" |");
        }
        if (n == MOST_ALTERNATIVES)
            err_die("world: rule %s has too many alternatives", text->name);
        weights[n] = compile_alternative(&r->alternatives[n], w, rest, text->name);
        n++;
        rest = next;
    }
    r->chance = distribution_new(&w->memory, weights, n);
}

void rules_compile(world *w)
{
    w->n_rules = world_n_rules;
    w->rules = arena_push(&w->memory, (size_t)w->n_rules, sizeof *w->rules);
    for (int i = 0; i < w->n_rules; i++)
        compile_rule(&w->rules[i], w, &world_grammar[i]);
}

static const word_entry *draw_entry(writer *w, const word_list *list)
{
    return &list->entries[writer_choose(w, &list->chance)];
}

static void put_entry(writer *w, const word_list *list, int form)
{
    writer_put(w, &draw_entry(w, list)->form[form], (concept_set){{0, 0}});
}

static void run_op(writer *w, const op *o)
{
    const world *v = w->world;
    int topic = w->out->topic;
    switch (o->kind) {
    case OP_WORD:
        writer_put(w, &o->form, (concept_set){{0, 0}});
        break;
    case OP_MARK:
        writer_mark(w, (char)o->value);
        break;
    case OP_BREAK:
        writer_break(w);
        break;
    case OP_RULE:
        rule_expand(w, o->value);
        break;
    case OP_TENSE_RULE:
        rule_expand(w, o->value + (int)w->tense);
        break;
    case OP_TOPIC:
        put_entry(w, &v->topic[topic][o->value], o->detail);
        break;
    case OP_SHARED:
        put_entry(w, &v->shared[o->value], o->detail);
        break;
    case OP_FINITE_TOPIC:
        writer_finite(w, draw_entry(w, &v->topic[topic][o->value]));
        break;
    case OP_FINITE_SHARED:
        writer_finite(w, draw_entry(w, &v->shared[o->value]));
        break;
    case OP_STATE_ON:
        concept_add(&w->state, o->value);
        break;
    case OP_STATE_OFF:
        concept_remove(&w->state, o->value);
        break;
    case OP_CALL:
        action_run(w, o->value);
        break;
    }
}

void rule_expand(writer *w, int index)
{
    const rule *r = &w->world->rules[index];
    const alternative *alt = &r->alternatives[writer_choose(w, &r->chance)];
    for (int i = 0; i < alt->n; i++)
        run_op(w, &alt->ops[i]);
}
