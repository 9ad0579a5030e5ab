/* What a search drives up, row by row.
 *
 * The value of a feature at a row is its pre-activation z, so that a silent feature has a gradient
 * too (Olah et al. 2017 look at the same for images). With top-k the feature must also be among the
 * k largest, and the value is z - t softplus((rival - z) / t), rival the k-th largest of the
 * others: z where the feature is kept with ease, and about 2 z - rival where it is far from it.
 * Input normalisation and b_dec are inside z and inside its gradient. */
#ifndef INVERT_OBJECTIVE_H
#define INVERT_OBJECTIVE_H
#include "sae/sae.h"

/* Of a fixed list of features. Owner: caller, objective_free(). The SAE must outlive it. */
typedef struct objective objective;

/* scale_n: what a strong activation of each feature is (the data's maximum), > 0; the softness t is
 * a twentieth of it. E_DATA as sae_columns_new(). The same feature may come twice. */
err_code objective_new(objective **out, sae *s, const int *features_n, const double *scale_n, int n,
                       err *e);
void objective_free(objective *o);

/* Row r is looked at for feature host_which_N[r] of the list.
 *   host_value_N       out: the value
 *   host_z_N, host_f_N out: pre-activation and activation (exact: top-k as the SAE does it); NULL
 *                      when not wanted
 *   h_NW               in, backend memory: the hook's value
 * With top-k a row costs a product with the whole encoder. */
err_code objective_values(float *host_value_N, float *host_z_N, float *host_f_N, objective *o,
                          const int32_t *host_which_N, const float *h_NW, int N, err *e);

/* d_h_NW (backend memory, every element written) = gradient of sum host_d_value_N * value, for rows
 * that objective_values() has just been asked about. The rival's gradient is in it; which feature
 * is the rival is held fixed. */
err_code objective_backward(float *d_h_NW, objective *o, const int32_t *host_which_N,
                            const float *host_d_value_N, const float *h_NW, int N, err *e);

/* Floating-point operations of one row's value. */
double objective_flops(const objective *o);

#endif
