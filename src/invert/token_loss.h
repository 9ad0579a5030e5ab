/* How expected tokens are to the model itself: cross-entropy, nats a token.
 *
 * One rule for everything that is measured: each of the first `counted` tokens of a sequence counts
 * that has something before it, so the very first does only behind a BOS. Windows of data measured
 * by the rule say what is usual, and from which cross-entropy on a sequence is unlike them. */
#ifndef INVERT_TOKEN_LOSS_H
#define INVERT_TOKEN_LOSS_H
#include "invert/optimise.h"

/* ---- the rule: a sequence's T rows are has_bos ? its BOS and tokens : its tokens --------------
 */

/* The token that each row is to foresee, -1 where none counts: targets as forward_loss() takes
 * them. 0 <= counted <= T - has_bos; only so many tokens are read. */
void token_loss_targets(int32_t *targets_T, const int32_t *tokens, int counted, int T,
                        bool has_bos);
/* How many tokens count; 0 or less: none. */
int token_loss_expected(int counted, bool has_bos);
/* The mean over the tokens that count, given each row's nats; NaN when none does. */
double token_loss_mean(const float *loss_T, int counted, int T, bool has_bos);

/* ---- windows ----------------------------------------------------------------------------------
 */

/* loss_n[i] = mean nats a token of window i, windows_nL[i * L] on, behind setting->bos. NaN when L
 * is 1 and there is no BOS. A bar counts windows. E_SHAPE when a window does not fit the model's
 * context or a token is not in its vocabulary, E_CANCELLED on Ctrl-C. */
err_code token_loss_windows(double *loss_n, const optimise_setting *setting,
                            const int32_t *windows_nL, int n, int L, err *e);

/* What windows like these seldom exceed: mean + 2 standard deviations (of these n, not an estimate
 * for others). NaN for n == 0 and when a loss is NaN. */
double token_loss_limit(const double *loss_n, int n);

#endif
