/* The sentences that a record has of a target. */
#include "export/explanations.h"
#include "base/str.h"
#include "results/visible.h"
#include <string.h>

/* What the record says where a language model gave no sentence. */
static const char NO_SENTENCE[] = "(no sentence";

static const char *shown(record_bytes text, arena *a)
{
    str out = {0};
    visible_add(&out, text.bytes, (size_t)text.n, VISIBLE_PROSE);
    return str_into(&out, a);
}

static void add_estimate(str *out, const char *name, const record_estimate *x)
{
    char value[NUMBER_TEXT], low[NUMBER_TEXT], high[NUMBER_TEXT];
    if (!isfinite(x->value))
        return;
    str_addf(out, "%s%s %s", out->len ? ", " : "", name, number_text(value, x->value));
    if (isfinite(x->low) && isfinite(x->high))
        str_addf(out, " (95%%: %s to %s)", number_text(low, x->low), number_text(high, x->high));
}

static const char *notes_of(const record_rule *rule, const char *of, arena *a)
{
    const record_score *s = record_find_score(rule, of, "level");
    char number[NUMBER_TEXT];
    str out = {0};
    if (s) {
        add_estimate(&out, "F1", &s->f1);
        add_estimate(&out, "precision", &s->precision);
        add_estimate(&out, "recall", &s->recall);
        if (out.len)
            str_addf(&out, "; per token, active from %s on, %lld tokens",
                     number_text(number, rule->level), (long long)(s->tp + s->fp + s->fn + s->tn));
        if (isfinite(s->detection))
            str_addf(&out, "%sdetection %s", out.len ? "; " : "",
                     number_text(number, s->detection));
        if (out.len)
            str_add(&out, "; on documents that it was not made from");
    }
    return str_into(&out, a);
}

static const char *type_of(const char *method, arena *a)
{
    char *type = arena_printf(a, "%s-v1", shown((record_bytes){method, (int)strlen(method)}, a));
    for (char *p = type; *p; p++)
        if (*p == ' ')
            *p = '-';
    return type;
}

static const char *config_value(const record *r, const char *group, const char *key, arena *a)
{
    for (int i = 0; i < r->run.n_config; i++) {
        const record_config *c = &r->run.config[i];
        if (!strcmp(c->group, group) && !strcmp(c->key, key) && c->value && *c->value)
            return shown((record_bytes){c->value, (int)strlen(c->value)}, a);
    }
    return NULL;
}

export_explanation *export_explanations(int *n, const record *r, const record_target *t, arena *a)
{
    export_explanation *all = arena_push(a, (size_t)t->n_explanations + 1, sizeof *all);
    *n = 0;
    if (record_has_rule_score(t) && strcmp(t->rule.kind, "unexplained"))
        all[(*n)++] = (export_explanation){.type = "rule-v1",
                                           .text = shown(t->rule.text, a),
                                           .notes = notes_of(&t->rule, "rule", a)};
    for (int i = 0, seen_templates = 0, seen_prompts = 0; i < t->n_explanations; i++) {
        const record_explanation *x = &t->explanations[i];
        /* Of each method the first sentence is the one that was scored. */
        bool first = !strcmp(x->method, "template") ? !seen_templates++
                     : !strcmp(x->method, "prompt") ? !seen_prompts++
                                                    : true;
        const char *text = shown(x->text, a);
        if (!*text || !strncmp(text, NO_SENTENCE, sizeof NO_SENTENCE - 1))
            continue;
        all[(*n)++] = (export_explanation){.type = type_of(x->method, a),
                                           .model = strcmp(x->method, "language model")
                                                        ? NULL
                                                        : config_value(r, "explainer", "model", a),
                                           .text = text,
                                           .notes = first ? notes_of(&t->rule, x->method, a) : ""};
    }
    return all;
}
