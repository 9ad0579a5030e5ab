/* Sums over the vocabulary in double. Blocks of rows or of tokens, each of one worker. */
#include "effects/distribution.h"
#include "base/log_sum.h"
#include "base/memory.h"
#include <math.h>
#include <stdlib.h>

enum { ROWS_A_BLOCK = 4, TOKENS_A_BLOCK = 512 };

typedef struct comparison {
    row_change *out_R;
    double *log_n, *probability_n, *log_sum_R;
    const float *clean_RV, *changed_RV;
    const double *clean_log_sum_R;
    const int32_t *targets_R, *ids_n;
    const row_change *compared_R;
    int R, n, V;
} comparison;

static void sum_rows(void *context, int first, int end)
{
    const comparison *c = context;
    for (int r = first; r < end; r++)
        c->log_sum_R[r] = log_sum_exp(ROW(c->clean_RV, r, c->V), c->V);
}

void log_sums(double *log_sum_R, const float *logits_RV, int R, int V, pool *workers)
{
    comparison c = {.log_sum_R = log_sum_R, .clean_RV = logits_RV, .V = V};
    pool_share(workers, R, ROWS_A_BLOCK, sum_rows, &c);
}

static double divergence(const float *clean_V, double clean_log_sum, const float *changed_V,
                         double changed_log_sum, int V)
{
    double lane[SUM_LANES] = {0};
    int v = 0;
    for (; v + SUM_LANES <= V; v += SUM_LANES)
        for (int j = 0; j < SUM_LANES; j++) {
            double was = (double)clean_V[v + j] - clean_log_sum,
                   is = (double)changed_V[v + j] - changed_log_sum;
            lane[j] += exp_wide(was) * (was - is);
        }
    for (int j = 0; v < V; v++, j++) {
        double was = (double)clean_V[v] - clean_log_sum,
               is = (double)changed_V[v] - changed_log_sum;
        lane[j] += exp_wide(was) * (was - is);
    }
    return lanes_total(lane);
}

static row_change compare_row(const float *clean_V, double clean_log_sum, const float *changed_V,
                              int32_t target, int V)
{
    row_change out = {.clean_log_sum = clean_log_sum, .changed_log_sum = log_sum_exp(changed_V, V)};
    out.kl = divergence(clean_V, clean_log_sum, changed_V, out.changed_log_sum, V);
    if (target >= 0)
        out.loss = ((double)clean_V[target] - out.clean_log_sum) -
                   ((double)changed_V[target] - out.changed_log_sum);
    return out;
}

static void compare_span(void *context, int first, int end)
{
    const comparison *c = context;
    for (int r = first; r < end; r++)
        c->out_R[r] = compare_row(ROW(c->clean_RV, r, c->V), c->clean_log_sum_R[r],
                                  ROW(c->changed_RV, r, c->V), c->targets_R[r], c->V);
}

void compare_rows(row_change *out_R, const float *clean_RV, const float *changed_RV,
                  const double *clean_log_sum_R, const int32_t *targets_R, int R, int V,
                  pool *workers)
{
    comparison c = {.out_R = out_R,
                    .clean_RV = clean_RV,
                    .changed_RV = changed_RV,
                    .clean_log_sum_R = clean_log_sum_R,
                    .targets_R = targets_R,
                    .V = V};
    pool_share(workers, R, ROWS_A_BLOCK, compare_span, &c);
}

static void add_tokens(void *context, int first, int end)
{
    const comparison *c = context;
    for (int r = 0; r < c->R; r++) {
        const float *clean_V = ROW(c->clean_RV, r, c->V), *changed_V = ROW(c->changed_RV, r, c->V);
        double clean_sum = c->compared_R[r].clean_log_sum,
               changed_sum = c->compared_R[r].changed_log_sum;
        for (int i = first; i < end; i++) {
            double was = (double)clean_V[c->ids_n[i]] - clean_sum,
                   is = (double)changed_V[c->ids_n[i]] - changed_sum;
            c->log_n[i] += is - was;
            c->probability_n[i] += exp_wide(is) - exp_wide(was);
        }
    }
}

void add_token_changes(double *log_n, double *probability_n, const float *clean_RV,
                       const float *changed_RV, const row_change *compared_R, int R,
                       const int32_t *ids_n, int n, int V, pool *workers)
{
    comparison c = {.log_n = log_n,
                    .probability_n = probability_n,
                    .clean_RV = clean_RV,
                    .changed_RV = changed_RV,
                    .compared_R = compared_R,
                    .ids_n = ids_n,
                    .R = R,
                    .n = n,
                    .V = V};
    pool_share(workers, n, TOKENS_A_BLOCK, add_tokens, &c);
}

/* ---- ranks -------------------------------------------------------------------------------------
 */

typedef struct placed {
    double value;
    int at;
} placed;

static int by_value(const void *a, const void *b)
{
    const placed *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/* Ranks less their mean, (n - 1) / 2; returns the sum of their squares. */
static double centred_ranks(double *rank_n, placed *sorted_n, const double *x_n, int n)
{
    double squares = 0;
    for (int i = 0; i < n; i++)
        sorted_n[i] = (placed){x_n[i], i};
    qsort(sorted_n, (size_t)n, sizeof *sorted_n, by_value);
    for (int i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && sorted_n[end].value == sorted_n[i].value;)
            end++;
        double rank = (i + end - 1) / 2.0 - (n - 1) / 2.0;
        for (int k = i; k < end; k++)
            rank_n[sorted_n[k].at] = rank;
        squares += rank * rank * (end - i);
    }
    return squares;
}

double rank_correlation(const double *x_n, const double *y_n, int n)
{
    double *rank_x = mem_small((size_t)n + 1, sizeof *rank_x);
    double *rank_y = mem_small((size_t)n + 1, sizeof *rank_y);
    placed *sorted = mem_small((size_t)n + 1, sizeof *sorted);
    double squares = centred_ranks(rank_x, sorted, x_n, n), product = 0;
    squares *= centred_ranks(rank_y, sorted, y_n, n);
    for (int i = 0; i < n; i++)
        product += rank_x[i] * rank_y[i];
    mem_free(sorted);
    mem_free(rank_y);
    mem_free(rank_x);
    return squares > 0 ? product / sqrt(squares) : (double)NAN;
}
