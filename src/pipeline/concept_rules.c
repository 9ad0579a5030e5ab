/* The concepts' best features are surveyed and explained like targets. */
#include "pipeline/concept_rules.h"
#include "base/memory.h"
#include "base/sort.h"
#include "pipeline/report.h"
#include "train/text_stream.h"

enum { DOCUMENTS = 500 };

/* Ascending, each once; in the study's arena. */
static int *features_of(int *n, study *s, const record *r)
{
    int *all = arena_push(&s->memory, (size_t)r->n_concepts + 1, sizeof *all), kept = 0;
    *n = 0;
    for (int i = 0; i < r->n_concepts; i++)
        if (r->concepts[i].feature >= 0)
            all[(*n)++] = r->concepts[i].feature;
    sort_ints(all, (size_t)*n);
    for (int i = 0; i < *n; i++)
        if (i == 0 || all[i] != all[kept - 1])
            all[kept++] = all[i];
    *n = kept;
    return all;
}

err_code explain_concepts(study *s, err *e)
{
    record r = {0};
    int n;
    err_code rc = report_training(&r, s, e);
    if (rc || r.n_concepts == 0)
        return rc;
    int *features = features_of(&n, s, &r);
    scan_source source = study_source(s, "features of known concepts");
    survey found;
    rc = survey_features(&found, &source, s->sae, features, n, e);
    if (rc)
        return rc;
    rc = study_explain(&s->rules.concepts, s, &found, e);
    s->rules.n_concepts = rc ? 0 : n;
    survey_release(&found);
    return rc;
}

err_code concept_words(token_concepts *out, const study *s, err *e)
{
    return token_concepts_count(out, s->tokenizer,
                                text_seed((uint64_t)s->config->run.seed, "concepts of tokens"),
                                DOCUMENTS, e);
}

bool rule_names_concept(const rule *r, const token_concepts *words, int concept)
{
    const rule_clause *first = NULL;
    for (int i = 0; i < r->n_clauses; i++)
        if (!first || r->clauses[i].tp > first->tp)
            first = &r->clauses[i];
    int n = 0, belong = 0;
    for (int k = 0; first && k < first->n; k++) {
        const rule_predicate *p = &first->predicates[k];
        if (p->kind != RULE_TOKEN_IN || p->distance || p->negated)
            continue;
        n += p->n_tokens;
        for (int i = 0; i < p->n_tokens; i++)
            belong += token_concepts_belongs(words, p->tokens[i], concept);
    }
    return n > 0 && 2 * belong >= n;
}
