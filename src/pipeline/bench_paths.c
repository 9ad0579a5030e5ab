/* Scanning text and optimising inputs: what a run spends most of its products on. */
#include "pipeline/bench_paths.h"
#include "base/memory.h"
#include "base/rng.h"
#include "model/flops.h"
#include <math.h>

/* ---- scan ---------------------------------------------------------------------------------------
 * Random tokens through the model to the hook, every feature of the SAE, statistics. */

enum { PROMPT_TOKENS = 128, BATCH_PROMPTS = 16 };

/* Owner: caller, prompts_release(). */
static prompt_set random_prompts(const bench_model *m, int tokens)
{
    int n = tokens / PROMPT_TOKENS > 0 ? tokens / PROMPT_TOKENS : 1;
    rng r = rng_stream(1, "bench prompts");
    prompt_set p = {.bos = -1, .n = n};
    p.tokens = mem_small((size_t)n * PROMPT_TOKENS, sizeof *p.tokens);
    p.first = mem_small((size_t)n + 1, sizeof *p.first);
    for (int i = 0; i < n; i++)
        p.first[i + 1] = (size_t)(i + 1) * PROMPT_TOKENS;
    for (size_t t = 0; t < p.first[n]; t++)
        p.tokens[t] = (int32_t)rng_below(&r, (uint32_t)model_describe(m->model)->d_vocab);
    return p;
}

static double token_flops(const bench_model *m)
{
    const sae_config *c = sae_describe(m->sae);
    return model_flops(model_describe(m->model), &m->hook, (PROMPT_TOKENS + 1) / 2.0) +
           2.0 * c->d_in * c->d_sae;
}

/* Weights are read once for each block of rows; features stay in a cache. */
static double scan_bytes(const bench_model *m, double tokens)
{
    const sae_config *c = sae_describe(m->sae);
    /* A token's operations are two for each weight, but for attention's. */
    double weights = model_flops(model_describe(m->model), &m->hook, 0) / 2;
    double encoder = (double)c->d_in * c->d_sae;
    return sizeof(float) * (tokens / (BATCH_PROMPTS * PROMPT_TOKENS) * weights +
                            tokens / sae_sparse_rows(m->sae) * encoder);
}

static err_code run_scan(bench_work *out, void *context, double scale, err *e)
{
    const bench_model *m = context;
    prompt_set prompts = random_prompts(m, (int)(m->tokens * scale));
    scan_source source = {.model = m->model,
                          .hook = &m->hook,
                          .prompts = &prompts,
                          .tokenizer = m->tokenizer,
                          .batch_size = BATCH_PROMPTS,
                          .name = "bench"};
    collection found = {0};
    double start = clock_seconds(), tokens = (double)prompts.first[prompts.n];
    err_code rc = collect_features(&found, &source, m->sae, e);
    out->seconds = clock_seconds() - start;
    out->units = tokens;
    out->flops = tokens * token_flops(m);
    out->bytes = scan_bytes(m, tokens);
    collection_release(&found);
    prompts_release(&prompts);
    return rc;
}

/* ---- optimise -----------------------------------------------------------------------------------
 * Free embeddings of 16 positions, 8 starts a feature. Ten steps are a round: as many as from one
 * look at which tokens are nearest to the next. */

enum { STARTS = 8, ROUND = 10, POSITIONS = 16 };

static double round_flops(const bench_model *m, double sequences)
{
    /* Forward and the gradient to the inputs cost the same; the looks at all tokens come once. */
    const model_config *c = model_describe(m->model);
    int T = POSITIONS + (m->bos >= 0);
    return sequences * (ROUND * T * 2 * model_flops(c, &m->hook, (T + 1) / 2.0) +
                        POSITIONS * 2.0 * m->table->V * c->d_model);
}

static optimise_job *random_jobs(const bench_model *m, int n)
{
    optimise_job *jobs = mem_small((size_t)n, sizeof *jobs);
    for (int i = 0; i < n; i++) {
        jobs[i] = (optimise_job){.feature = i / STARTS, .scale = 1, .length = POSITIONS};
        jobs[i].x_LD = mem_small((size_t)POSITIONS * (size_t)m->table->D, sizeof(float));
        optimise_random_start(jobs[i].x_LD, m->table, 1, jobs[i].feature, i % STARTS, POSITIONS,
                              0.1);
    }
    return jobs;
}

static err_code run_optimise(bench_work *out, void *context, double scale, err *e)
{
    const bench_model *m = context;
    const model_config *c = model_describe(m->model);
    int n = (int)(m->sequences * scale) > 0 ? (int)(m->sequences * scale) : 1;
    int steps = ROUND * m->rounds;
    optimise_options o = {.max_steps = steps,
                          .patience = steps,
                          .learning_rate = 0.01,
                          .batch_sequences = n,
                          .diversity_window = 1,
                          .repetition_window = 1,
                          .curve_points = 1};
    optimise_setting setting = {.model = m->model,
                                .sae = m->sae,
                                .hook = &m->hook,
                                .table = m->table,
                                .bos = m->bos,
                                .name = "bench"};
    optimise_job *jobs = random_jobs(m, n);
    arena memory = {0};
    double start = clock_seconds();
    err_code rc = optimise_jobs(jobs, n, &setting, &o, &memory, e);
    out->seconds = clock_seconds() - start;
    double rows = (double)n * (POSITIONS + (m->bos >= 0));
    double weights = model_flops(c, &m->hook, 0) / 2;
    out->units = (double)n / STARTS * steps;
    out->flops = m->rounds * round_flops(m, n);
    out->bytes = sizeof(float) * 2.0 * steps * (weights + 2 * rows * c->d_model);
    for (int i = 0; i < n; i++)
        mem_free(jobs[i].x_LD);
    mem_free(jobs);
    arena_release(&memory);
    return rc;
}

/* ---- both ---------------------------------------------------------------------------------------
 */

/* A fast machine gets more to do, until its best product would take this long: what is over in a
 * moment measures how it begins. */
static void fit_to_machine(bench_model *m, double peak)
{
    const double SECONDS = 0.5;
    enum { MOST_TOKENS = 1 << 18, MOST_SEQUENCES = 256, MOST_ROUNDS = 20 };
    double flops = SECONDS * peak, batch = BATCH_PROMPTS * PROMPT_TOKENS;
    double tokens = fmin(MOST_TOKENS, batch * floor(flops / token_flops(m) / batch));
    m->tokens = tokens > m->tokens ? (int)tokens : m->tokens;
    double sequences = fmin(MOST_SEQUENCES, STARTS * floor(flops / round_flops(m, STARTS)));
    m->sequences = m->sequences && sequences > m->sequences ? (int)sequences : m->sequences;
    double rounds = m->sequences ? floor(flops / round_flops(m, m->sequences)) : 0;
    m->rounds = (int)fmax(1, fmin(MOST_ROUNDS, rounds));
}

err_code bench_model_paths(bench *b, const bench_model *m, err *e)
{
    bench_model of = *m;
    fit_to_machine(&of, b->peak.all);
    bench_path scan = {"scan", m->shape, "tokens", run_scan, &of};
    bench_path optimise = {"optimise", m->shape, "feature-steps", run_optimise, &of};
    err_code rc = OK;
    if (bench_wants(b, scan.name))
        rc = bench_measure(b, &scan, e);
    if (!rc && m->sequences && bench_wants(b, optimise.name))
        rc = bench_measure(b, &optimise, e);
    return rc;
}
