/* What a language model wrote of a target, beside what was found without one. */
#include "site/pages.h"
#include "site/show.h"
#include <string.h>

bool is_written(const record_explanation *x)
{
    return x->method && !strcmp(x->method, "language model");
}

void put_written(page *p, const record_target *t)
{
    arena *a = &p->memory;
    cJSON *list = json_add_array(p->tree, "written");
    for (int i = 0; i < t->n_explanations; i++) {
        const record_explanation *x = &t->explanations[i];
        if (!is_written(x))
            continue;
        cJSON *row = put_entry(list), *scores = json_add_array(row, "scores");
        put_text(row, "title", a, x->title);
        json_add_string(row, "text", show_prose(a, x->text));
        put_text(row, "note", a, x->n_scores ? x->scores[0].note : "");
        for (int k = 0; k < x->n_scores; k++) {
            cJSON *score = put_entry(scores);
            put_text(score, "name", a, x->scores[k].name);
            json_add_string(score, "value", show_score(a, x->scores[k].value));
        }
    }
}
