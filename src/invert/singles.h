/* What every token does to every feature when it stands alone: the exact best single token.
 *
 * Each candidate of the token table is run by itself after the BOS (as a whole sequence when there
 * is none) and its row goes through the whole SAE, so one pass over the vocabulary answers for all
 * features at once. It is the optimum over sequences of one token, where searches may begin and
 * below which none should end. */
#ifndef INVERT_SINGLES_H
#define INVERT_SINGLES_H
#include "invert/optimise.h"

/* Pre-activations are of the token's own position. Of equal ones the lower id counts as better.
 * Owner: caller, singles_release(). */
typedef struct singles {
    int n_tokens; /* tried */
    int F;
    int32_t *best_F; /* id of every feature's best token, and what it does */
    float *pre_activation_F;
    int n_targets, S;
    int32_t *ids_NS; /* each target's best S, best first */
    float *pre_activation_NS;
} singles;

/* Tries the first `most` candidates in id order, all of them when most is 0: what is said about a
 * very large vocabulary then holds for its beginning, which out->n_tokens tells.
 *   targets_n  features whose best S are wanted; one may come twice; NULL with n == 0
 * A bar counts tokens. E_SHAPE when fewer than S are tried, E_DATA for a feature the SAE does not
 * have, E_CANCELLED on Ctrl-C, with the setting's draft to go on from, E_FORMAT when that is not
 * one of these tokens; *out is then empty. Memory: a block of pre-activations, 128 MiB or two rows.
 */
err_code singles_find(singles *out, const optimise_setting *setting, const int *targets_n, int n,
                      int S, int most, err *e);
void singles_release(singles *s);

/* Floating-point operations of it. */
double singles_flops(const optimise_setting *setting, int most);

#endif
