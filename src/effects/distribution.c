/* Sums over the vocabulary in double. Blocks of rows or of tokens, each of one worker. */
#include "effects/distribution.h"
#include "base/memory.h"
#include <math.h>
#include <stdlib.h>

enum { ROWS_A_BLOCK = 4, TOKENS_A_BLOCK = 512 };

typedef struct comparison {
    row_change *out_R;
    double *log_n, *probability_n;
    const float *clean_NV, *changed_NV;
    const int *rows_R;
    const int32_t *targets_R, *ids_n;
    const row_change *compared_R;
    int R, n, V;
} comparison;

static double log_sum(const float *logits_V, int V)
{
    double most = (double)logits_V[0], sum = 0;
    for (int v = 1; v < V; v++)
        most = (double)logits_V[v] > most ? (double)logits_V[v] : most;
    for (int v = 0; v < V; v++)
        sum += exp((double)logits_V[v] - most);
    return most + log(sum);
}

static row_change compare_row(const float *clean_V, const float *changed_V, int32_t target, int V)
{
    row_change out = {.clean_log_sum = log_sum(clean_V, V),
                      .changed_log_sum = log_sum(changed_V, V)};
    for (int v = 0; v < V; v++) {
        double was = (double)clean_V[v] - out.clean_log_sum,
               is = (double)changed_V[v] - out.changed_log_sum;
        out.kl += exp(was) * (was - is);
    }
    if (target >= 0)
        out.loss = ((double)clean_V[target] - out.clean_log_sum) -
                   ((double)changed_V[target] - out.changed_log_sum);
    return out;
}

static void compare_block(void *context, int block)
{
    const comparison *c = context;
    int end = (block + 1) * ROWS_A_BLOCK < c->R ? (block + 1) * ROWS_A_BLOCK : c->R;
    for (int r = block * ROWS_A_BLOCK; r < end; r++)
        c->out_R[r] = compare_row(ROW(c->clean_NV, c->rows_R[r], c->V),
                                  ROW(c->changed_NV, c->rows_R[r], c->V), c->targets_R[r], c->V);
}

void compare_rows(row_change *out_R, const float *clean_NV, const float *changed_NV,
                  const int *rows_R, const int32_t *targets_R, int R, int V, pool *workers)
{
    comparison c = {.out_R = out_R,
                    .clean_NV = clean_NV,
                    .changed_NV = changed_NV,
                    .rows_R = rows_R,
                    .targets_R = targets_R,
                    .R = R,
                    .V = V};
    pool_run(workers, (R + ROWS_A_BLOCK - 1) / ROWS_A_BLOCK, compare_block, &c);
}

static void add_token_block(void *context, int block)
{
    const comparison *c = context;
    int end = (block + 1) * TOKENS_A_BLOCK < c->n ? (block + 1) * TOKENS_A_BLOCK : c->n;
    for (int r = 0; r < c->R; r++) {
        const float *clean_V = ROW(c->clean_NV, c->rows_R[r], c->V);
        const float *changed_V = ROW(c->changed_NV, c->rows_R[r], c->V);
        for (int i = block * TOKENS_A_BLOCK; i < end; i++) {
            double was = (double)clean_V[c->ids_n[i]] - c->compared_R[r].clean_log_sum,
                   is = (double)changed_V[c->ids_n[i]] - c->compared_R[r].changed_log_sum;
            c->log_n[i] += is - was;
            c->probability_n[i] += exp(is) - exp(was);
        }
    }
}

void add_token_changes(double *log_n, double *probability_n, const float *clean_NV,
                       const float *changed_NV, const int *rows_R, const row_change *compared_R,
                       int R, const int32_t *ids_n, int n, int V, pool *workers)
{
    comparison c = {.log_n = log_n,
                    .probability_n = probability_n,
                    .clean_NV = clean_NV,
                    .changed_NV = changed_NV,
                    .rows_R = rows_R,
                    .compared_R = compared_R,
                    .ids_n = ids_n,
                    .R = R,
                    .n = n,
                    .V = V};
    pool_run(workers, (n + TOKENS_A_BLOCK - 1) / TOKENS_A_BLOCK, add_token_block, &c);
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
