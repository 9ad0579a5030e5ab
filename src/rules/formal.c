/* A rule as one line that can be read by eye and by a program. */
#include "rules/sentence.h"
#include "rules/wording.h"

static void add_token(str *out, const rule_text *t, int32_t token)
{
    const char *bytes = "";
    size_t n = 0;
    tokenizer_bytes(t->tokenizer, token, &bytes, &n);
    str_add_char(out, '"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c == '\n')
            str_add(out, "\\n");
        else if (c == '\t')
            str_add(out, "\\t");
        else if (c == '"' || c == '\\')
            str_addf(out, "\\%c", c);
        else if (c < ' ' || c > '~')
            str_addf(out, "\\x%02x", c);
        else
            str_add_char(out, (char)c);
    }
    str_add_char(out, '"');
}

static void add_set(str *out, const rule_predicate *p, const rule_text *t)
{
    str_add(out, p->negated ? " not in {" : " in {");
    for (int i = 0; i < p->n_tokens; i++) {
        str_add(out, i ? ", " : "");
        add_token(out, t, p->tokens[i]);
    }
    str_add_char(out, '}');
}

static void add_predicate(str *out, const rule_predicate *p, const rule_text *t)
{
    static const char *const places[] = {"token", "previous", "previous2"};
    static const char *const flags[] = {[RULE_AFTER_NEWLINE] = "line start",
                                        [RULE_SENTENCE_START] = "sentence start",
                                        [RULE_IN_QUOTES] = "in quotes",
                                        [RULE_IN_BRACKETS] = "in brackets"};
    switch (p->kind) {
    case RULE_TOKEN_IN:
        str_add(out, places[p->distance]);
        add_set(out, p, t);
        break;
    case RULE_CLASS_IS:
        str_addf(out, "%s is %s", places[p->distance], p->negated ? "not " : "");
        rule_class_label(out, t, p->detail);
        break;
    case RULE_NEAR:
        if (p->window == RULE_WHOLE)
            str_add(out, "earlier");
        else
            str_addf(out, "last%d", p->window);
        add_set(out, p, t);
        break;
    case RULE_FLAG:
        str_addf(out, "%s%s", p->negated ? "not " : "", flags[p->detail]);
        break;
    case RULE_DEPTH:
        str_addf(out, "depth %sin %d..", p->negated ? "not " : "", p->low);
        if (p->high != RULE_WHOLE)
            str_addf(out, "%d", p->high);
        break;
    }
}

void rule_formal(str *out, const rule *r, const rule_text *t)
{
    for (int c = 0; c < r->n_clauses; c++) {
        str_add(out, c ? " | " : "");
        for (int p = 0; p < r->clauses[c].n; p++) {
            str_add(out, p ? " & " : "");
            add_predicate(out, &r->clauses[c].predicates[p], t);
        }
    }
}
