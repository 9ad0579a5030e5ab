/* The built-in world knows what its words are: for a feature that stands for a concept, the inputs
 * that the search finds should be made of the concept's words. */
#include "base/memory.h"
#include "pipeline/bench_invert.h"
#include "pipeline/report.h"
#include "train/text_stream.h"
#include "train/token_concepts.h"
#include <stdio.h>
#include <string.h>

enum { DOCUMENTS = 2000 };
/* A feature stands for a concept from this F1 on. */
static const double LEAST_F1 = 0.8;

typedef struct agreement {
    int n, anywhere, at_peak;
} agreement;

static void look(agreement *a, const token_concepts *t, const search_point *p, int c)
{
    bool found = false;
    if (!p->tokens)
        return;
    for (int i = 0; i < p->length; i++)
        found |= token_concepts_belongs(t, p->tokens[i], c);
    a->n++;
    a->anywhere += found;
    a->at_peak += token_concepts_belongs(t, p->tokens[p->length - 1], c);
}

static void print_agreement(const char *name, const agreement *a)
{
    if (a->n)
        printf("%-44s %8d %12.0f %% %12.0f %%\n", name, a->n, 100.0 * a->anywhere / a->n,
               100.0 * a->at_peak / a->n);
}

/* The targets become the features that stand for concepts with words, and are searched. */
static err_code search_concepts(study *s, const record *r, const token_concepts *t, err *e)
{
    int *concept_of = mem_small((size_t)r->n_concepts + 1, sizeof *concept_of);
    s->n_targets = 0;
    s->targets = arena_push(&s->memory, (size_t)r->n_concepts + 1, sizeof *s->targets);
    for (int i = 0; i < r->n_concepts; i++) {
        int c = world_concept_number(r->concepts[i].name);
        if (r->concepts[i].feature < 0 || r->concepts[i].f1 < LEAST_F1 || c < 0 ||
            !token_concepts_has_words(t, c))
            continue;
        concept_of[s->n_targets] = c;
        s->targets[s->n_targets++] = r->concepts[i].feature;
    }
    survey_release(&s->surveyed);
    singles_release(&s->singles);
    err_code rc = s->n_targets ? study_prepare_search(s, e) : OK;
    search_options o = study_search_options(s);
    optimise_setting setting = study_setting(s, "concepts");
    if (!rc)
        rc = search_features(s->searches, s->n_targets, &setting, &o, (uint64_t)s->config->run.seed,
                             &s->memory, e);
    agreement cold = {0}, warm = {0}, fluent = {0}, single = {0};
    for (int i = 0; i < s->n_targets && !rc; i++) {
        look(&cold, t, &s->searches[i].cold, concept_of[i]);
        look(&warm, t, &s->searches[i].warm, concept_of[i]);
        look(&fluent, t, &s->searches[i].fluent, concept_of[i]);
        look(&single, t, &s->searches[i].single, concept_of[i]);
    }
    printf("%d features stand for a concept of the world that words carry (F1 at least %.1f)\n",
           s->n_targets, LEAST_F1);
    printf("%-44s %8s %14s %14s\n", "do the inputs hold its words?", "features", "any token",
           "last token");
    print_agreement("best single token", &single);
    print_agreement("search, found without the data", &cold);
    print_agreement("search, grown from data windows", &warm);
    print_agreement("search, fluent", &fluent);
    mem_free(concept_of);
    return rc;
}

err_code bench_concepts(study *s, err *e)
{
    record r = {0};
    token_concepts t;
    err_code rc = report_training(&r, s, e);
    if (rc || r.n_concepts == 0) {
        if (!rc)
            printf(
                "what the features of this model stand for is not known: no agreement with it\n");
        return rc;
    }
    uint64_t seed = text_seed((uint64_t)s->config->run.seed, "concepts of tokens");
    rc = token_concepts_count(&t, s->tokenizer, seed, DOCUMENTS, e);
    if (!rc) {
        rc = search_concepts(s, &r, &t, e);
        token_concepts_release(&t);
    }
    return rc;
}
