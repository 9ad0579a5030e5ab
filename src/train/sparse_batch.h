/* The few active features of a batch, and the products over them that a sparse autoencoder's
 * training needs: with 32 of 4,096 features active per row, decoding and the gradients cost a
 * hundredth of the dense products.
 *
 * All arrays are ordinary memory. Results do not depend on the number of threads. */
#ifndef TRAIN_SPARSE_BATCH_H
#define TRAIN_SPARSE_BATCH_H
#include "base/err.h"
#include "base/pool.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Row n's entries are [row_start_N[n], row_start_N[n + 1]), features ascending. A second index
 * lists the same entries by feature: by_feature[feature_start_F[f] ..], rows ascending. */
typedef struct sparse_batch {
    int N, F, capacity;
    int *row_start_N; /* N + 1 */
    int *feature;     /* per entry */
    int *row;
    float *value;
    float *d_value;       /* gradient at the pre-activation, filled by sparse_decode_backward */
    int *feature_start_F; /* F + 1 */
    int *by_feature;
} sparse_batch;

/* Room for up to N rows of F features and `capacity` entries in all. Owner: caller,
 * sparse_batch_release() (fine on a zeroed one). */
err_code sparse_batch_make(sparse_batch *out, int N, int F, int capacity, err *e);
void sparse_batch_release(sparse_batch *b);

/* BatchTopK (Bussmann, Leask, Nanda 2024): keeps the k_total largest positive values of pre_NF, in
 * the whole batch; of equal ones at the end the first in row order. `guess` is a lower bound worth
 * trying first (the last batch's threshold, a little lowered): it saves time, never changes the
 * result. Returns the smallest value kept, 0 when nothing is positive. k_total <= capacity. */
float sparse_batch_top_k(sparse_batch *b, const float *pre_NF, int N, int k_total, float guess,
                         pool *p);
/* Per row, the k largest positive values among the n listed features (ascending). */
void sparse_rows_top_k(sparse_batch *b, const float *pre_NF, int N, const int *features, int n,
                       int k, pool *p);

/* y_ND = bias_D + sum over a row's entries of value * w_FD[feature]; bias_D may be NULL. */
void sparse_decode(float *y_ND, const sparse_batch *b, const float *w_FD, const float *bias_D,
                   int D, pool *p);
/* d_value = w_FD[feature] . d_y_ND[row], for every entry. */
void sparse_decode_backward(sparse_batch *b, const float *w_FD, const float *d_y_ND, int D,
                            pool *p);
/* Adds to the gradients of the decoder (value * d_y), the encoder (d_value * x) and its bias. */
void sparse_weight_gradients(float *d_dec_FD, float *d_enc_FD, float *d_bias_F,
                             const sparse_batch *b, const float *d_y_ND, const float *x_ND, int D,
                             pool *p);

#endif
