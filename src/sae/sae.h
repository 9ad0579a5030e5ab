/* Sparse autoencoders: their files, and encode, decode and gradients on any backend.
 *
 * Rows are tokens. Arrays are backend memory unless called host_*. An SAE keeps scratch of its own,
 * so one SAE is used from one thread at a time. Operations that return nothing fail as the
 * backend's do: the failure sticks and backend_sync() reports it.
 *
 * Layouts and semantics are SAELens's (Bloom, Tigges, Chanin; saes/standard_sae.py,
 * saes/jumprelu_sae.py):
 *   x~  = normalize(x) - b_dec          (b_dec only with apply_b_dec_to_input)
 *   pre = x~ W_enc + b_enc
 *   f   = pre where pre > threshold and pre > 0, else 0     (standard: threshold 0)
 *   y   = denormalize(f W_dec + b_dec) */
#ifndef SAE_SAE_H
#define SAE_SAE_H
#include "sae/config.h"

typedef struct sae sae;

/* Weights in ordinary memory, all borrowed. */
typedef struct sae_weights {
    const float *w_enc_DF, *b_enc_F, *w_dec_FD, *b_dec_D;
    const float *threshold_F; /* NULL for the standard architecture */
} sae_weights;

/* Reads cfg.json, sae_weights.safetensors and, where there is one, sparsity.safetensors from a
 * SAELens folder (version 6 or the old flat cfg) or the built-in one. Missing or misshapen tensors,
 * NaN and infinities are refused with file and tensor name; architectures that are not there yet
 * are refused by name. Owner: caller, sae_free(). */
err_code sae_load(sae **out, backend *be, const files *f, err *e);
/* An SAE from weights in memory, which are copied; c is checked. */
err_code sae_new(sae **out, backend *be, const sae_config *c, const sae_weights *w, err *e);
void sae_free(sae *s);

/* Writes cfg.json and sae_weights.safetensors into an existing directory, as SAELens 6 saves them,
 * and sparsity.safetensors when host_frequency_F (share of tokens on which a feature fires) is not
 * NULL. */
err_code sae_save(const sae *s, const float *host_frequency_F, const char *dir, err *e);

const sae_config *sae_describe(const sae *s);
backend *sae_backend(const sae *s);
/* log10(share of tokens + 1e-10) per feature, ordinary memory, borrowed; NULL: no such file. */
const float *sae_log_sparsity(const sae *s);
/* Thresholds [F] (zeros for standard), ordinary memory, borrowed. */
const float *sae_thresholds(const sae *s);
/* W_dec [F, D], backend memory, borrowed; and one row of it copied to ordinary memory. */
const float *sae_decoder(const sae *s);
void sae_decoder_row(float *host_row_D, const sae *s, int feature);

/* ---- all features ---------------------------------------------------------------------------- */

/* f_NF out: feature activations, every element written. Callers pass at most a few thousand rows. */
void sae_encode(float *f_NF, sae *s, const float *x_ND, int N);
/* The same before the threshold. */
void sae_preactivations(float *pre_NF, sae *s, const float *x_ND, int N);
/* y_ND out: reconstruction. x_ND is what was encoded: its mean and norm are put back where the cfg
 * normalises activations; else it is not read and may be NULL. */
void sae_decode(float *y_ND, sae *s, const float *f_NF, const float *x_ND, int N);
/* decode(encode(x)), never holding more than a block of rows of activations.
 * host_l0_N (NULL: not wanted) out: active features per row. */
err_code sae_reconstruct(float *y_ND, int32_t *host_l0_N, sae *s, const float *x_ND, int N,
                         err *e);
/* d_x_ND out: gradient at x, given the gradient at f. d_f_NF is overwritten by the gradient at the
 * pre-activation, which passes where f > 0 (no straight-through estimate). */
void sae_encode_backward(float *d_x_ND, sae *s, float *d_f_NF, const float *f_NF,
                         const float *x_ND, int N);

/* ---- some features ----------------------------------------------------------------------------- */

/* The encoder of n chosen features, contiguous; borrows the SAE. Owner: caller,
 * sae_columns_free(). E_DATA when a feature is not 0 .. F-1. The same feature may come twice. */
typedef struct sae_columns sae_columns;
err_code sae_columns_new(sae_columns **out, sae *s, const int *features, int n, err *e);
void sae_columns_free(sae_columns *c);
int sae_columns_count(const sae_columns *c);

/* Every row through every chosen feature. f_NC or pre_NC may be NULL when not wanted. */
void sae_encode_columns(float *f_NC, float *pre_NC, sae_columns *c, const float *x_ND, int N);
/* d_x_ND out: gradient at x of sum(d_pre * pre). */
void sae_backward_columns(float *d_x_ND, sae_columns *c, const float *d_pre_NC,
                          const float *x_ND, int N);

/* One chosen feature per row: row n goes through feature number host_which_N[n] of the list
 * (0 .. C-1). f_N or pre_N may be NULL when not wanted. */
void sae_encode_targets(float *f_N, float *pre_N, sae_columns *c, const int32_t *host_which_N,
                        const float *x_ND, int N);
void sae_backward_targets(float *d_x_ND, sae_columns *c, const int32_t *host_which_N,
                          const float *d_pre_N, const float *x_ND, int N);

#endif
