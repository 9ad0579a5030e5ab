/* Contexts are drawn once for a job and measured with it, several jobs at a time. */
#include "invert/robustness.h"
#include "base/memory.h"
#include "base/rng.h"
#include "invert/probe.h"
#include <math.h>
#include <string.h>

enum { BATCH_JOBS = 16 };

typedef struct beginning {
    int32_t tokens[ROBUSTNESS_LONGEST];
    int n;
} beginning;

static beginning random_string(const token_table *t, int n, rng *r)
{
    beginning c = {.n = n};
    for (int i = 0; i < n; i++)
        c.tokens[i] = t->ids[rng_below(r, (uint32_t)t->n)];
    return c;
}

static int prompt_words(const prompt_set *p, int i)
{
    return prompts_length(p, i) - (p->bos >= 0);
}

/* Of a prompt drawn by chance, or the next after it that is not empty; there is one. */
static beginning data_prefix(const prompt_set *p, rng *r)
{
    int i = (int)rng_below(r, (uint32_t)p->n);
    int wanted = 1 + (int)rng_below(r, ROBUSTNESS_LONGEST);
    while (prompt_words(p, i) < 1)
        i = (i + 1) % p->n;
    int words = prompt_words(p, i);
    beginning c = {.n = wanted < words ? wanted : words};
    memcpy(c.tokens, prompts_tokens(p, i) + (p->bos >= 0), (size_t)c.n * sizeof *c.tokens);
    return c;
}

static void draw_contexts(beginning *list, const token_table *t, const prompt_set *p, uint64_t seed,
                          int feature)
{
    rng all = rng_stream(seed, "robustness"), r = rng_split(&all, (uint64_t)feature);
    list[0] = (beginning){.n = 0};
    for (int i = 0; i < ROBUSTNESS_RANDOM; i++)
        list[1 + i] = random_string(t, 1 + i % ROBUSTNESS_LONGEST, &r);
    for (int i = 0; i < ROBUSTNESS_PREFIXES; i++)
        list[1 + ROBUSTNESS_RANDOM + i] = data_prefix(p, &r);
}

static void summarise(robustness_job *job)
{
    double clean = (double)job->pre_activation_C[0], total = 0, least = (double)INFINITY;
    for (int i = 1; i < ROBUSTNESS_CONTEXTS; i++) {
        total += (double)job->pre_activation_C[i];
        least = fmin(least, (double)job->pre_activation_C[i]);
    }
    bool defined = clean > 0;
    job->kept_mean = defined ? total / (ROBUSTNESS_CONTEXTS - 1) / clean : (double)NAN;
    job->kept_least = defined ? least / clean : (double)NAN;
}

/* Inputs of a batch: ROBUSTNESS_CONTEXTS for each job, T tokens of room each. */
typedef struct batch {
    int T;
    int32_t *tokens;
    float *pre;
    int *features;
    probe_input *inputs;
    probe_result *results;
} batch;

static batch batch_new(int n, int longest)
{
    size_t most = (size_t)(n < BATCH_JOBS ? n : BATCH_JOBS) * ROBUSTNESS_CONTEXTS;
    batch b = {.T = longest + ROBUSTNESS_LONGEST};
    b.tokens = mem_small(most * (size_t)b.T, sizeof *b.tokens);
    b.pre = mem_small(most * (size_t)b.T, sizeof *b.pre);
    b.features = mem_small(most, sizeof *b.features);
    b.inputs = mem_small(most, sizeof *b.inputs);
    b.results = mem_small(most, sizeof *b.results);
    return b;
}

static void batch_release(batch *b)
{
    void *parts[] = {b->tokens, b->pre, b->features, b->inputs, b->results};
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        mem_free(parts[i]);
}

static void add_input(batch *b, int at, const beginning *c, const robustness_job *job)
{
    int32_t *tokens = ROW(b->tokens, at, b->T);
    memcpy(tokens, c->tokens, (size_t)c->n * sizeof *tokens);
    memcpy(tokens + c->n, job->tokens_L, (size_t)job->length * sizeof *tokens);
    b->inputs[at] = (probe_input){.tokens_L = tokens, .length = c->n + job->length};
    b->results[at] = (probe_result){.pre_activation_L = ROW(b->pre, at, b->T)};
    b->features[at] = job->feature;
}

static err_code measure_batch(robustness_job *jobs, int n, batch *b, const optimise_setting *set,
                              const prompt_set *prompts, uint64_t seed, err *e)
{
    enum { C = ROBUSTNESS_CONTEXTS };
    beginning contexts[C];
    for (int j = 0; j < n; j++) {
        draw_contexts(contexts, set->table, prompts, seed, jobs[j].feature);
        for (int c = 0; c < C; c++)
            add_input(b, j * C + c, &contexts[c], &jobs[j]);
    }
    err_code rc = probe_inputs(b->results, set, b->inputs, b->features, n * C, false, e);
    for (int j = 0; j < n && !rc; j++) {
        for (int c = 0; c < C; c++)
            jobs[j].pre_activation_C[c] =
                ROW(b->pre, j * C + c, b->T)[b->inputs[j * C + c].length - 1];
        summarise(&jobs[j]);
    }
    return rc ? rc : cancel_check(e);
}

static bool has_text(const prompt_set *p)
{
    for (int i = 0; i < p->n; i++)
        if (prompt_words(p, i) > 0)
            return true;
    return false;
}

err_code robustness_measure(robustness_job *jobs, int n, const optimise_setting *setting,
                            const prompt_set *prompts, uint64_t seed, err *e)
{
    int longest = 0, context = model_describe(setting->model)->context;
    if (n == 0)
        return OK;
    for (int i = 0; i < n; i++) {
        if (jobs[i].length < 1)
            return err_set(e, E_SHAPE, "a sequence of %d tokens has no last one", jobs[i].length);
        longest = jobs[i].length > longest ? jobs[i].length : longest;
    }
    int T = longest + ROBUSTNESS_LONGEST + (setting->bos >= 0);
    if (T > context)
        return err_set(e, E_SHAPE,
                       "a sequence of %d tokens and a beginning do not fit the model's context "
                       "of %d",
                       longest, context);
    if (!has_text(prompts))
        return err_set(e, E_DATA, "no prompt has a token to begin a sequence with");
    batch b = batch_new(n, longest);
    err_code rc = OK;
    for (int first = 0; first < n && !rc; first += BATCH_JOBS) {
        int count = n - first < BATCH_JOBS ? n - first : BATCH_JOBS;
        rc = measure_batch(jobs + first, count, &b, setting, prompts, seed, e);
    }
    batch_release(&b);
    return rc;
}
