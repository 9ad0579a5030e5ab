/* Sequences of one length are the search's parents, their replacements its children. */
#include "invert/attribution.h"
#include "base/memory.h"
#include "invert/search_scorer.h"
#include <math.h>
#include <string.h>

enum { BATCH = 32 }; /* parents run at once at most */

/* Jobs under way: those of one length. */
typedef struct bench {
    const optimise_setting *set;
    scorer *scorer;
    attribution_job *jobs; /* all */
    int length, k;         /* k: tokens looked up at a position */
    candidate parents[BATCH], *parent_list[BATCH];
    int n_parents;
    float *d_x_NLD;
    int32_t *top_NLk;
    candidate *children; /* of one parent: positions x alternatives */
    candidate **list;
    int32_t *tokens;
} bench;

/* Replaces each token of a parent by its alternatives. Returns how many children there are. */
static int make_children(bench *b, int parent)
{
    const candidate *from = &b->parents[parent];
    int n = 0;
    for (int p = 0; p < b->length; p++) {
        const int32_t *top = ROW(b->top_NLk, parent * b->length + p, b->k);
        for (int k = 0, made = 0; k < b->k && made < ATTRIBUTION_ALTERNATIVES; k++) {
            if (top[k] == from->tokens_L[p])
                continue;
            candidate *c = &b->children[n];
            *c = (candidate){.tokens_L = ROW(b->tokens, n, b->length),
                             .which = from->which,
                             .parent = parent,
                             .first = p};
            memcpy(c->tokens_L, from->tokens_L, (size_t)b->length * sizeof *c->tokens_L);
            c->tokens_L[p] = top[k];
            b->list[n++] = c;
            made++;
        }
    }
    return n;
}

static void take_losses(attribution_job *job, const candidate *children, int n, arena *a)
{
    double z = (double)job->pre_activation;
    size_t length = (size_t)job->length;
    job->lost_most_L = arena_push(a, length, sizeof *job->lost_most_L);
    job->lost_least_L = arena_push(a, length, sizeof *job->lost_least_L);
    for (int p = 0; p < job->length; p++)
        job->lost_most_L[p] = job->lost_least_L[p] = (double)NAN;
    for (int i = 0; i < n && z > 0; i++) {
        double lost = (z - (double)children[i].z) / z;
        double *most = &job->lost_most_L[children[i].first];
        double *least = &job->lost_least_L[children[i].first];
        *most = fmax(*most, lost); /* the other one where this is NaN yet */
        *least = fmin(*least, lost);
    }
}

static err_code measure_batch(bench *b, arena *a, err *e)
{
    int L = b->length;
    err_code rc =
        scorer_parents(b->scorer, b->parent_list, b->n_parents, L, READ_LAST, b->d_x_NLD, e);
    if (!rc)
        rc = token_table_largest(b->top_NLk, NULL, b->set->table, b->d_x_NLD, b->n_parents * L,
                                 b->k, e);
    for (int i = 0; i < b->n_parents && !rc; i++) {
        attribution_job *job = &b->jobs[b->parents[i].which];
        int n = make_children(b, i);
        rc = scorer_children(b->scorer, b->list, n, e);
        job->pre_activation = b->parents[i].z;
        if (!rc)
            take_losses(job, b->children, n, a);
    }
    return rc ? rc : cancel_check(e);
}

/* All jobs of length b->length, in their order. */
static err_code measure_length(bench *b, int n, arena *a, err *e)
{
    err_code rc = OK;
    b->n_parents = 0;
    for (int i = 0; i < n && !rc; i++) {
        if (b->jobs[i].length != b->length)
            continue;
        candidate *c = &b->parents[b->n_parents];
        memcpy(c->tokens_L, b->jobs[i].tokens_L, (size_t)b->length * sizeof *c->tokens_L);
        c->which = i;
        b->parent_list[b->n_parents++] = c;
        if (b->n_parents < BATCH)
            continue;
        rc = measure_batch(b, a, e);
        b->n_parents = 0;
    }
    return rc || b->n_parents == 0 ? rc : measure_batch(b, a, e);
}

static err_code bench_open(bench *b, int n, int longest, err *e)
{
    const token_table *t = b->set->table;
    int *features = mem_small((size_t)n, sizeof *features);
    double *scales = mem_small((size_t)n, sizeof *scales);
    for (int i = 0; i < n; i++) {
        features[i] = b->jobs[i].feature;
        scales[i] = b->jobs[i].scale;
    }
    size_t L = (size_t)longest, rows = (n < BATCH ? (size_t)n : BATCH) * L;
    size_t children = L * ATTRIBUTION_ALTERNATIVES;
    b->k = ATTRIBUTION_ALTERNATIVES + 1 < t->n ? ATTRIBUTION_ALTERNATIVES + 1 : t->n;
    for (int i = 0; i < BATCH; i++)
        b->parents[i].tokens_L = mem_small(L, sizeof *b->parents[i].tokens_L);
    b->top_NLk = mem_small(rows * (size_t)b->k, sizeof *b->top_NLk);
    b->children = mem_small(children, sizeof *b->children);
    b->list = mem_small(children, sizeof *b->list);
    b->tokens = mem_small(children * L, sizeof *b->tokens);
    b->d_x_NLD = mem_array(rows * (size_t)t->D, sizeof *b->d_x_NLD, "gradients at tokens", e);
    search_options o = {.length = longest};
    err_code rc = b->d_x_NLD ? scorer_new(&b->scorer, b->set, &o, features, scales, n,
                                          n < BATCH ? n : BATCH, e)
                             : e->code;
    mem_free(features);
    mem_free(scales);
    return rc;
}

static void bench_close(bench *b)
{
    scorer_free(b->scorer);
    for (int i = 0; i < BATCH; i++)
        mem_free(b->parents[i].tokens_L);
    mem_free(b->top_NLk);
    mem_free(b->children);
    mem_free(b->list);
    mem_free(b->tokens);
    mem_free(b->d_x_NLD);
}

err_code attribution_run(attribution_job *jobs, int n, const optimise_setting *setting, arena *a,
                         err *e)
{
    int longest = 0;
    for (int i = 0; i < n; i++) {
        if (jobs[i].length < 1)
            return err_set(e, E_SHAPE, "a sequence of %d tokens has nothing to attribute to",
                           jobs[i].length);
        longest = jobs[i].length > longest ? jobs[i].length : longest;
    }
    if (n == 0)
        return OK;
    bench b = {.set = setting, .jobs = jobs};
    err_code rc = bench_open(&b, n, longest, e);
    for (b.length = 1; b.length <= longest && !rc; b.length++)
        rc = measure_length(&b, n, a, e);
    bench_close(&b);
    return rc;
}
