/* The built-in world knows what its words are: for a feature that stands for a concept, the inputs
 * that the search finds should be made of the concept's words. */
#include "base/memory.h"
#include "pipeline/bench_invert.h"
#include "pipeline/report.h"
#include "train/text_stream.h"
#include "train/world.h"
#include <stdio.h>
#include <string.h>

enum { DOCUMENTS = 2000 };
/* A feature stands for a concept from this F1 on; a token is one of the concept's when it carries
 * it in at least this share of its occurrences. */
static const double LEAST_F1 = 0.8, LEAST_SHARE = 0.5;

/* How often each token carries each concept. */
typedef struct token_concepts {
    int V, n_concepts;
    int64_t *count_V, *carries_VC;
} token_concepts;

static err_code count_document(token_concepts *out, const study *s, const world_text *text, err *e)
{
    token_list list = {0};
    err_code rc = tokenizer_encode(&list, s->tokenizer, text->text.data, text->text.len, e);
    uint64_t(*concepts_N)[2] = mem_small(list.n, sizeof *concepts_N);
    uint32_t *end_N = mem_small(list.n, sizeof *end_N);
    for (size_t i = 0; i < list.n; i++)
        end_N[i] = (uint32_t)list.ends[i];
    if (!rc)
        world_label_tokens(concepts_N, text, end_N, (int)list.n);
    for (size_t i = 0; i < list.n && !rc; i++) {
        out->count_V[list.ids[i]]++;
        for (int c = 0; c < out->n_concepts; c++)
            if (concepts_N[i][c / 64] >> (c % 64) & 1)
                ROW(out->carries_VC, list.ids[i], out->n_concepts)[c]++;
    }
    mem_free(end_N);
    mem_free(concepts_N);
    token_list_release(&list);
    return rc;
}

static err_code count_world(token_concepts *out, const study *s, err *e)
{
    world *w = world_new();
    world_text text = {0};
    uint64_t seed = text_seed((uint64_t)s->config->run.seed, "concepts of tokens");
    err_code rc = OK;
    for (uint64_t i = 0; i < DOCUMENTS && !rc; i++) {
        world_document(&text, w, seed, i);
        rc = count_document(out, s, &text, e);
    }
    world_text_release(&text);
    world_free(w);
    return rc;
}

static int concept_number(const char *name)
{
    int n;
    const world_concept *list = world_concepts(&n);
    for (int c = 0; c < n; c++)
        if (!strcmp(list[c].name, name))
            return c;
    return -1;
}

static bool belongs(const token_concepts *t, int token, int c)
{
    int64_t n = t->count_V[token];
    return n > 0 && (double)ROW(t->carries_VC, token, t->n_concepts)[c] >= LEAST_SHARE * (double)n;
}

/* Concepts that no word carries by itself ("inside a quotation") cannot be read off an input's
 * words. */
static bool has_words(const token_concepts *t, int c)
{
    for (int v = 0; v < t->V; v++)
        if (belongs(t, v, c))
            return true;
    return false;
}

typedef struct agreement {
    int n, anywhere, at_peak;
} agreement;

static void look(agreement *a, const token_concepts *t, const search_point *p, int c)
{
    bool found = false;
    if (!p->tokens)
        return;
    for (int i = 0; i < p->length; i++)
        found |= belongs(t, p->tokens[i], c);
    a->n++;
    a->anywhere += found;
    a->at_peak += belongs(t, p->tokens[p->length - 1], c);
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
        int c = concept_number(r->concepts[i].name);
        if (r->concepts[i].feature < 0 || r->concepts[i].f1 < LEAST_F1 || c < 0 || !has_words(t, c))
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
    int n;
    world_concepts(&n);
    err_code rc = report_training(&r, s, e);
    if (rc || r.n_concepts == 0) {
        if (!rc)
            printf(
                "what the features of this model stand for is not known: no agreement with it\n");
        return rc;
    }
    token_concepts t = {.V = s->tokens->V, .n_concepts = n};
    t.count_V = mem_small((size_t)t.V, sizeof *t.count_V);
    t.carries_VC = mem_small((size_t)t.V * (size_t)n, sizeof *t.carries_VC);
    rc = count_world(&t, s, e);
    if (!rc)
        rc = search_concepts(s, &r, &t, e);
    mem_free(t.carries_VC);
    mem_free(t.count_V);
    return rc;
}
