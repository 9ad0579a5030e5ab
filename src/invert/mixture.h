/* Rows that are mixtures of tokens: x = softmax((theta + noise g) / tau) E_C, g Gumbel noise, E_C
 * the embeddings of a set of candidates that all rows share. The set is refreshed from gradients,
 * so that it stays small whatever the vocabulary. */
#ifndef INVERT_MIXTURE_H
#define INVERT_MIXTURE_H
#include "base/rng.h"
#include "invert/token_table.h"

/* Arrays are ordinary memory but for the last two. Row r's theta of candidate c is
 * theta_NK[r * K + c]. */
typedef struct mixture {
    const token_table *table;
    backend *be;
    int N, D, K, n; /* rows, width, room for candidates, candidates */
    rng stream;
    int first_row;  /* row r draws from number first_row + r of the stream */
    int32_t *ids_K; /* a candidate's token */
    float *theta_NK, *first_NK, *second_NK;
    float *weight_NK;  /* of the last mixture_mix() */
    float *d_theta_NK; /* of the last mixture_backward() */
    bool *is_candidate_V, *is_wanted_V;
    float *host_e_KD;
    float *e_KD, *scratch_NK; /* backend */
} mixture;

/* `candidates` at most, half of them drawn at random and the rest left to mixture_refresh(); all
 * tokens of the table when there are no more. Drawn theta make the rows differ. Owner: caller,
 * mixture_free(). */
err_code mixture_new(mixture **out, const token_table *t, int N, int candidates, const rng *stream,
                     int first_row, err *e);
void mixture_free(mixture *m);

/* x_ND (backend) = the rows; the noise is that of this step (from 0). */
err_code mixture_mix(float *x_ND, mixture *m, double tau, double noise, int step, err *e);
/* d_theta_NK from the gradient at x_ND (backend) of the last mixture_mix(), which had this tau, and
 * that of entropy times each row's 1 - sum of squared weights, which is 0 for one token alone. */
err_code mixture_backward(mixture *m, const float *d_x_ND, double tau, double entropy, err *e);
/* Theta moves down d_theta by Adam (0.9, 0.995); no row's gradient is longer than 1 to it. */
void mixture_step(mixture *m, int step, double rate);

/* Tokens that lie furthest down the gradient d_x_ND (backend; becomes its negative) of any row come
 * in, at the weight of an average candidate; those that no row gives 1e-4 make room.
 */
err_code mixture_refresh(mixture *m, float *d_x_ND, double tau, err *e);

/* Each row's candidate of largest theta; of equal ones the lower id. */
void mixture_read(int32_t *ids_N, const mixture *m);

#endif
