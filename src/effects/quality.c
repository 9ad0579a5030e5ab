/* Counts from the collection, losses from a sample of the prompts. */
#include "effects/quality.h"
#include "base/memory.h"
#include "base/packed.h"
#include "effects/splice.h"
#include <math.h>
#include <stdlib.h>

static void count_features(sae_quality *q, const collection *c)
{
    int64_t active = 0;
    double tokens = (double)c->n_tokens;
    q->n_tokens = c->n_tokens;
    for (int f = 0; f < c->n_features; f++) {
        int64_t n = c->stats_F[f].n_active;
        active += n;
        q->n_dead += n == 0;
        q->n_dense += (double)n > QUALITY_DENSE * tokens;
    }
    q->l0 = tokens > 0 ? (double)active / tokens : (double)NAN;
}

/* A batch of prompts, padded; padding and special tokens keep their value, padding has no loss. */
typedef struct sample {
    int B, T;
    int32_t *tokens_BT, *targets_BT;
    bool *keep_BT, *counted_T;
} sample;

static sample sample_make(int B, int longest)
{
    size_t N = (size_t)B * (size_t)longest;
    return (sample){.B = B,
                    .tokens_BT = mem_small(N, sizeof(int32_t)),
                    .targets_BT = mem_small(N, sizeof(int32_t)),
                    .keep_BT = mem_small(N, sizeof(bool)),
                    .counted_T = mem_small((size_t)longest, sizeof(bool))};
}

static void sample_release(sample *b)
{
    mem_free(b->tokens_BT);
    mem_free(b->targets_BT);
    mem_free(b->keep_BT);
    mem_free(b->counted_T);
}

typedef struct sampled_prompt {
    int prompt, length;
} sampled_prompt;

static int by_length(const void *a, const void *b)
{
    const sampled_prompt *x = a, *y = b;
    if (x->length != y->length)
        return x->length < y->length ? -1 : 1;
    return (x->prompt > y->prompt) - (x->prompt < y->prompt);
}

/* n prompts, evenly over all, shortest first: those that are run together so need little padding.
 */
static sampled_prompt *choose_prompts(const effect_setting *s, int n)
{
    sampled_prompt *list = mem_small((size_t)n, sizeof *list);
    for (int i = 0; i < n; i++) {
        int prompt = (int)((int64_t)i * s->prompts->n / n);
        list[i] = (sampled_prompt){prompt, prompts_length(s->prompts, prompt)};
    }
    qsort(list, (size_t)n, sizeof *list, by_length);
    return list;
}

static void fill(sample *b, const effect_setting *s, const sampled_prompt *list, int count)
{
    const prompt_set *p = s->prompts;
    b->T = list[count - 1].length > 1 ? list[count - 1].length : 1;
    for (int i = 0; i < count; i++) {
        int prompt = list[i].prompt, length = list[i].length;
        const int32_t *tokens = prompts_tokens(p, prompt);
        prompts_counted(b->counted_T, p, s->tokenizer, prompt);
        for (int t = 0; t < b->T; t++) {
            ROW(b->tokens_BT, i, b->T)[t] = t < length ? tokens[t] : tokens[0];
            ROW(b->targets_BT, i, b->T)[t] = t + 1 < length ? tokens[t + 1] : -1;
            ROW(b->keep_BT, i, b->T)[t] = t >= length || !b->counted_T[t];
        }
    }
}

/* What a sample that was stopped goes on from: sums over its first prompts. */
typedef struct sample_sums {
    int first; /* that comes next */
    splice_sums losses;
    variance_sums variance;
} sample_sums;

static void put_sums(str *to, const sample_sums *sums)
{
    packed_put(to, &sums->first, 1, sizeof sums->first);
    packed_put(to, &sums->losses, 1, sizeof sums->losses);
    variance_sums_put(to, &sums->variance);
}

static err_code get_sums(sample_sums *sums, const draft *d, int n, err *e)
{
    packed_reader r = packed_read(&d->state);
    packed_get(&r, &sums->first, 1, sizeof sums->first);
    packed_get(&r, &sums->losses, 1, sizeof sums->losses);
    variance_sums_get(&r, &sums->variance);
    return draft_accept(d, &r, sums->first >= 0 && sums->first <= n, "this sample", e);
}

/* n prompts of the list, a batch at a time; a batch that was stopped begins anew. */
static err_code sum_batches(sample_sums *sums, const effect_setting *s, splicer *p, sample *b,
                            const sampled_prompt *list, int n, err *e)
{
    draft *d = s->draft;
    err_code rc = draft_found(d) ? get_sums(sums, d, n, e) : OK;
    progress bar = progress_start(s->reporter, s->name, n);
    while (sums->first < n && !rc) {
        int left = n - sums->first, count = left < b->B ? left : b->B;
        if (d)
            put_sums(draft_room(d), sums);
        fill(b, s, list + sums->first, count);
        rc = splicer_add(&sums->losses, &sums->variance, p, b->tokens_BT, b->targets_BT, b->keep_BT,
                         count, b->T, e);
        if (!rc)
            rc = cancel_check(e);
        if (draft_is_due(d, rc))
            rc = draft_keep(d, rc, e);
        sums->first += count;
        progress_step(&bar, sums->first, NULL);
    }
    progress_end(&bar);
    return rc;
}

static err_code run_sample(sae_quality *q, const effect_setting *s, int n, err *e)
{
    int B = s->batch_size < n ? s->batch_size : n, longest = prompts_longest(s->prompts);
    sample b = sample_make(B, longest);
    sampled_prompt *list = choose_prompts(s, n);
    splicer *p = NULL;
    sample_sums sums = {.variance = variance_sums_new(s->write->width)};
    err_code rc = splicer_new(&p, s->model, s->sae, s->read, s->write, B, longest, e);
    if (!rc)
        rc = sum_batches(&sums, s, p, &b, list, n, e);
    double each = sums.losses.n ? (double)sums.losses.n : (double)NAN;
    q->n_prompts = n;
    q->n_rows = sums.variance.n;
    q->explained_variance = variance_explained(&sums.variance);
    q->n_losses = sums.losses.n;
    q->clean_loss = sums.losses.clean / each;
    q->spliced_loss = sums.losses.spliced / each;
    q->ablated_loss = sums.losses.ablated / each;
    q->loss_recovered = splice_recovered(&sums.losses);
    variance_sums_release(&sums.variance);
    splicer_free(p);
    sample_release(&b);
    mem_free(list);
    return rc;
}

err_code quality_measure(sae_quality *out, const effect_setting *s, const collection *collected,
                         int most_prompts, err *e)
{
    double none = (double)NAN;
    int n = s->prompts->n < most_prompts ? s->prompts->n : most_prompts;
    *out = (sae_quality){.explained_variance = none,
                         .clean_loss = none,
                         .spliced_loss = none,
                         .ablated_loss = none,
                         .loss_recovered = none};
    count_features(out, collected);
    return n > 0 ? run_sample(out, s, n, e) : OK;
}
