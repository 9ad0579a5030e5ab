/* Mixing by one product, its gradient by another, and the exchange of candidates. */
#include "invert/mixture.h"
#include "base/memory.h"
#include "compute/descent.h"
#include <math.h>
#include <string.h>

static const double BETA2 = 0.995;    /* shorter memory than usual: tau moves what is climbed */
static const double MAX_GRADIENT = 1; /* of a row's theta: a spike must not fill the moments */
static const double WEAK = 1e-4;      /* the weight below which a candidate may go */
static const double START_SPREAD = 1; /* standard deviation of drawn theta */

/* ---- making ------------------------------------------------------------------------------------
 */

static void set_candidate(mixture *m, int place, int32_t id)
{
    m->ids_K[place] = id;
    m->is_candidate_V[id] = true;
    token_table_row(ROW(m->host_e_KD, place, m->D), m->table, id);
}

static void upload_candidates(mixture *m)
{
    m->be->upload(m->be, m->e_KD, m->host_e_KD, (size_t)m->n * (size_t)m->D * sizeof(float));
}

/* Enough for all: all, in order. Else a random half. */
static void first_candidates(mixture *m)
{
    const token_table *t = m->table;
    int *order = mem_small((size_t)t->n, sizeof *order);
    for (int i = 0; i < t->n; i++)
        order[i] = t->ids[i];
    rng draws = rng_split(&m->stream, UINT64_MAX);
    if (t->n > m->K)
        rng_shuffle(&draws, order, t->n);
    m->n = t->n > m->K ? (m->K + 1) / 2 : t->n;
    for (int c = 0; c < m->n; c++)
        set_candidate(m, c, order[c]);
    mem_free(order);
    upload_candidates(m);
}

static void first_theta(mixture *m)
{
    for (int row = 0; row < m->N; row++) {
        rng r = rng_split(&m->stream, (uint64_t)(m->first_row + row));
        for (int c = 0; c < m->n; c++)
            ROW(m->theta_NK, row, m->K)[c] = (float)(START_SPREAD * rng_normal(&r));
    }
}

static err_code allocate(mixture *m, err *e)
{
    static const char what[] = "mixtures of tokens";
    size_t cells = (size_t)m->N * (size_t)m->K, candidates = (size_t)m->K * (size_t)m->D;
    float **on_host[] = {&m->theta_NK, &m->first_NK, &m->second_NK, &m->weight_NK, &m->d_theta_NK};
    for (size_t i = 0; i < COUNT_OF(on_host); i++)
        if (!(*on_host[i] = mem_array(cells, sizeof(float), what, e)))
            return e->code;
    m->host_e_KD = mem_array(candidates, sizeof(float), what, e);
    m->e_KD = m->be->alloc(m->be, candidates, sizeof(float), what, e);
    m->scratch_NK = m->be->alloc(m->be, cells, sizeof(float), what, e);
    if (!m->host_e_KD || !m->e_KD || !m->scratch_NK)
        return e->code;
    m->ids_K = mem_small((size_t)m->K, sizeof *m->ids_K);
    m->is_candidate_V = mem_small((size_t)m->table->V, sizeof(bool));
    m->is_wanted_V = mem_small((size_t)m->table->V, sizeof(bool));
    return OK;
}

err_code mixture_new(mixture **out, const token_table *t, int N, int candidates, const rng *stream,
                     int first_row, err *e)
{
    mixture *m = mem_small(1, sizeof *m);
    *m = (mixture){.table = t,
                   .be = t->be,
                   .N = N,
                   .D = t->D,
                   .K = candidates < t->n ? candidates : t->n,
                   .stream = *stream,
                   .first_row = first_row};
    err_code rc = allocate(m, e);
    if (rc) {
        mixture_free(m);
        return rc;
    }
    first_candidates(m);
    first_theta(m);
    *out = m;
    return OK;
}

void mixture_free(mixture *m)
{
    if (!m)
        return;
    void *on_host[] = {m->theta_NK,  m->first_NK, m->second_NK,      m->weight_NK,  m->d_theta_NK,
                       m->host_e_KD, m->ids_K,    m->is_candidate_V, m->is_wanted_V};
    for (size_t i = 0; i < COUNT_OF(on_host); i++)
        mem_free(on_host[i]);
    m->be->free(m->be, m->e_KD);
    m->be->free(m->be, m->scratch_NK);
    mem_free(m);
}

/* ---- mixing ------------------------------------------------------------------------------------
 */

typedef struct rows_task {
    mixture *m;
    double tau, noise, entropy, rate;
    int step;
} rows_task;

/* A draw of the standard Gumbel distribution from 64 random bits; single precision is enough for
 * noise, and this is what a step spends its time on when the model is small. */
static float gumbel(uint64_t bits)
{
    return -logf(-logf(((float)(bits >> 41) + 0.5f) * 0x1p-23f));
}

static void mix_row(void *context, int row)
{
    const rows_task *t = context;
    const mixture *m = t->m;
    const float *theta = ROW(m->theta_NK, row, m->K);
    float *weight = ROW(m->weight_NK, row, m->K);
    rng own = rng_split(&m->stream, (uint64_t)(m->first_row + row));
    rng draws = rng_split(&own, (uint64_t)t->step);
    float max = -INFINITY;
    double total = 0;
    for (int c = 0; c < m->n; c++) {
        double g = t->noise > 0 ? t->noise * (double)gumbel(rng_at(&draws, (uint64_t)c)) : 0;
        weight[c] = (float)(((double)theta[c] + g) / t->tau);
        max = fmaxf(max, weight[c]);
    }
    for (int c = 0; c < m->n; c++) {
        weight[c] = expf(weight[c] - max);
        total += (double)weight[c];
    }
    for (int c = 0; c < m->n; c++)
        weight[c] = (float)((double)weight[c] / total);
}

err_code mixture_mix(float *x_ND, mixture *m, double tau, double noise, int step, err *e)
{
    backend *be = m->be;
    rows_task t = {.m = m, .tau = tau, .noise = noise, .step = step};
    pool_run(be->pool, m->N, mix_row, &t);
    be->upload(be, m->scratch_NK, m->weight_NK, (size_t)m->N * (size_t)m->K * sizeof(float));
    be->gemm(be, x_ND, m->D, m->scratch_NK, m->K, PLAIN, m->e_KD, m->D, PLAIN, m->N, m->D, m->n, 1,
             0);
    return backend_sync(be, e);
}

/* ---- climbing ----------------------------------------------------------------------------------
 */

/* d_theta_c = w_c (a_c - sum w a) / tau, a the gradient at the weights. */
static void backward_row(void *context, int row)
{
    const rows_task *t = context;
    const mixture *m = t->m;
    const float *weight = ROW(m->weight_NK, row, m->K);
    float *d = ROW(m->d_theta_NK, row, m->K);
    double mean = 0;
    for (int c = 0; c < m->n; c++) {
        d[c] = (float)((double)d[c] - 2 * t->entropy * (double)weight[c]);
        mean += (double)weight[c] * (double)d[c];
    }
    for (int c = 0; c < m->n; c++)
        d[c] = (float)((double)weight[c] * ((double)d[c] - mean) / t->tau);
}

err_code mixture_backward(mixture *m, const float *d_x_ND, double tau, double entropy, err *e)
{
    backend *be = m->be;
    be->gemm(be, m->scratch_NK, m->K, d_x_ND, m->D, PLAIN, m->e_KD, m->D, TRANSPOSED, m->N, m->n,
             m->D, 1, 0);
    be->download(be, m->d_theta_NK, m->scratch_NK, (size_t)m->N * (size_t)m->K * sizeof(float));
    err_code rc = backend_sync(be, e);
    rows_task t = {.m = m, .tau = tau, .entropy = entropy};
    if (!rc)
        pool_run(be->pool, m->N, backward_row, &t);
    return rc;
}

static void step_row(void *context, int row)
{
    const rows_task *t = context;
    const mixture *m = t->m;
    float *d = ROW(m->d_theta_NK, row, m->K);
    double squares = 0;
    for (int c = 0; c < m->n; c++)
        squares += (double)d[c] * (double)d[c];
    double shrink = MAX_GRADIENT / sqrt(squares);
    for (int c = 0; c < m->n && shrink < 1; c++)
        d[c] = (float)(shrink * (double)d[c]);
    adam_row(ROW(m->theta_NK, row, m->K), d, ROW(m->first_NK, row, m->K),
             ROW(m->second_NK, row, m->K), m->n, t->step, t->rate, BETA2);
}

void mixture_step(mixture *m, int step, double rate)
{
    rows_task t = {.m = m, .step = step, .rate = rate};
    pool_run(m->be->pool, m->N, step_row, &t);
}

/* ---- candidates --------------------------------------------------------------------------------
 */

/* Is there a row that gives the candidate weight? Without noise, as weights are now. */
static bool is_weak(const mixture *m, int c)
{
    double limit = fmin(WEAK, 0.5 / m->K); /* the largest of a row always stays */
    for (int row = 0; row < m->N; row++)
        if ((double)ROW(m->weight_NK, row, m->K)[c] >= limit)
            return false;
    return true;
}

/* theta at which weight is 1 / n: tau (log(sum exp(theta / tau)) - log n). */
static double average_theta(const mixture *m, int row, double tau)
{
    const float *theta = ROW(m->theta_NK, row, m->K);
    double max = (double)-INFINITY, total = 0;
    for (int c = 0; c < m->n; c++)
        max = fmax(max, (double)theta[c]);
    for (int c = 0; c < m->n; c++)
        total += exp(((double)theta[c] - max) / tau);
    return max + tau * log(total / m->n);
}

/* A place for a new candidate, from *place on: free, or one that is weak and not wanted; -1: none.
 */
static int next_place(const mixture *m, int *place)
{
    if (m->n < m->K)
        return m->n;
    while (*place < m->K)
        if (!m->is_wanted_V[m->ids_K[*place]] && is_weak(m, *place))
            return *place;
        else
            ++*place;
    return -1;
}

/* The n wanted tokens, the most wanted first, take places as long as there are some. */
static void exchange(mixture *m, const int32_t *wanted, int n, const double *theta_N)
{
    int place = 0;
    for (int i = 0; i < n; i++)
        m->is_wanted_V[wanted[i]] = true;
    for (int i = 0; i < n; i++) {
        if (m->is_candidate_V[wanted[i]])
            continue;
        int c = next_place(m, &place);
        if (c < 0)
            break;
        if (c < m->n)
            m->is_candidate_V[m->ids_K[c]] = false;
        else
            m->n++;
        set_candidate(m, c, wanted[i]);
        for (int row = 0; row < m->N; row++) {
            ROW(m->theta_NK, row, m->K)[c] = (float)theta_N[row];
            ROW(m->first_NK, row, m->K)[c] = ROW(m->second_NK, row, m->K)[c] = 0;
        }
    }
    for (int i = 0; i < n; i++)
        m->is_wanted_V[wanted[i]] = false;
}

err_code mixture_refresh(mixture *m, float *d_x_ND, double tau, err *e)
{
    if (m->K == m->table->n)
        return OK; /* all are there */
    int per_row = 2 * m->K / m->N + 8;
    per_row = per_row < m->table->n ? per_row : m->table->n;
    size_t count = (size_t)m->N * (size_t)per_row;
    int32_t *ids_Nk = mem_array(count, sizeof *ids_Nk, "tokens to mix", e);
    int32_t *wanted = mem_array(count, sizeof *wanted, "tokens to mix", e);
    double *theta_N = mem_small((size_t)m->N, sizeof *theta_N);
    m->be->scale(m->be, d_x_ND, -1, (size_t)m->N * (size_t)m->D);
    err_code rc = ids_Nk && wanted
                      ? token_table_rank(ids_Nk, NULL, m->table, d_x_ND, m->N, per_row, BY_DOT, e)
                      : e->code;
    if (!rc) {
        for (size_t i = 0; i < count; i++) /* every row's first, then every row's second, ... */
            wanted[i] = ids_Nk[i % (size_t)m->N * (size_t)per_row + i / (size_t)m->N];
        rows_task t = {.m = m, .tau = tau};
        for (int row = 0; row < m->N; row++) {
            mix_row(&t, row);
            theta_N[row] = average_theta(m, row, tau);
        }
        exchange(m, wanted, (int)count, theta_N);
        upload_candidates(m);
    }
    mem_free(theta_N);
    mem_free(wanted);
    mem_free(ids_Nk);
    return rc;
}

void mixture_read(int32_t *ids_N, const mixture *m)
{
    for (int row = 0; row < m->N; row++) {
        const float *theta = ROW(m->theta_NK, row, m->K);
        int best = 0;
        for (int c = 1; c < m->n; c++)
            if (theta[c] > theta[best] || (theta[c] == theta[best] && m->ids_K[c] < m->ids_K[best]))
                best = c;
        ids_N[row] = m->ids_K[best];
    }
}
