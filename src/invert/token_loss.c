/* Cross-entropy of windows, a batch of equal lengths at a time. */
#include "invert/token_loss.h"
#include "base/memory.h"
#include <math.h>
#include <string.h>

enum { BATCH_ROWS = 1024 };

void token_loss_targets(int32_t *targets_T, const int32_t *tokens, int counted, int T, bool has_bos)
{
    for (int t = 0; t < T; t++) {
        int next = t + 1 - has_bos;
        targets_T[t] = next < counted ? tokens[next] : -1;
    }
}

int token_loss_expected(int counted, bool has_bos)
{
    return counted - 1 + has_bos;
}

double token_loss_mean(const float *loss_T, int counted, int T, bool has_bos)
{
    int expected = token_loss_expected(counted, has_bos);
    double total = 0;
    for (int t = 0; t < T; t++)
        total += (double)loss_T[t];
    return expected > 0 ? total / expected : (double)NAN;
}

typedef struct batch {
    forward *forward;
    int32_t *tokens_BT, *targets_BT;
    float *loss_BT;
    int T, most;
} batch;

static err_code measure_batch(double *loss_n, batch *b, int bos, const int32_t *windows_nL, int n,
                              int L, err *e)
{
    bool has_bos = bos >= 0;
    for (int i = 0; i < n; i++) {
        int32_t *tokens = ROW(b->tokens_BT, i, b->T);
        const int32_t *window = ROW(windows_nL, i, L);
        if (has_bos)
            tokens[0] = bos;
        memcpy(tokens + has_bos, window, (size_t)L * sizeof *window);
        token_loss_targets(ROW(b->targets_BT, i, b->T), window, L, b->T, has_bos);
    }
    err_code rc = forward_tokens(b->forward, b->tokens_BT, n, b->T, NULL, e);
    if (!rc)
        rc = forward_loss(b->loss_BT, b->forward, b->targets_BT, e);
    for (int i = 0; i < n && !rc; i++)
        loss_n[i] = token_loss_mean(ROW(b->loss_BT, i, b->T), L, b->T, has_bos);
    return rc ? rc : cancel_check(e);
}

static err_code batch_open(batch *b, const optimise_setting *set, int n, int L, err *e)
{
    *b = (batch){.T = L + (set->bos >= 0)};
    b->most = b->T < BATCH_ROWS ? BATCH_ROWS / b->T : 1;
    b->most = b->most < n ? b->most : n;
    size_t rows = (size_t)b->most * (size_t)b->T;
    b->tokens_BT = mem_small(rows, sizeof *b->tokens_BT);
    b->targets_BT = mem_small(rows, sizeof *b->targets_BT);
    b->loss_BT = mem_small(rows, sizeof *b->loss_BT);
    return forward_new(&b->forward, set->model, b->most, b->T, NULL, FORWARD_ONLY, e);
}

static void batch_close(batch *b)
{
    mem_free(b->tokens_BT);
    mem_free(b->targets_BT);
    mem_free(b->loss_BT);
    forward_free(b->forward);
}

err_code token_loss_windows(double *loss_n, const optimise_setting *setting,
                            const int32_t *windows_nL, int n, int L, err *e)
{
    if (n == 0)
        return OK;
    if (L < 1)
        return err_set(e, E_SHAPE, "windows of %d tokens have no cross-entropy", L);
    batch b;
    err_code rc = batch_open(&b, setting, n, L, e);
    progress bar = progress_start(setting->reporter, setting->name, n);
    for (int first = 0; first < n && !rc; first += b.most) {
        int count = n - first < b.most ? n - first : b.most;
        rc =
            measure_batch(loss_n + first, &b, setting->bos, ROW(windows_nL, first, L), count, L, e);
        progress_step(&bar, first + count, NULL);
    }
    progress_end(&bar);
    batch_close(&b);
    return rc;
}

double token_loss_limit(const double *loss_n, int n)
{
    double mean = 0, squares = 0;
    for (int i = 0; i < n; i++)
        mean += loss_n[i];
    mean /= n;
    for (int i = 0; i < n; i++)
        squares += (loss_n[i] - mean) * (loss_n[i] - mean);
    return mean + 2 * sqrt(squares / n);
}
