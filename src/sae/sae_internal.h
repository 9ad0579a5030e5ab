/* What the files of this folder share. */
#ifndef SAE_SAE_INTERNAL_H
#define SAE_SAE_INTERNAL_H
#include "sae/sae.h"

/* Rows worked on at a time where a copy of the input is needed. */
enum { SAE_BLOCK = 1024 };

struct sae {
    sae_config config;
    backend *be;
    float *w_enc_DF, *b_enc_F, *w_dec_FD, *b_dec_D, *threshold_F; /* backend memory */
    float *negative_b_dec_D;
    float *host_threshold_F, *host_log_sparsity_F; /* sparsity: NULL when there is none */
    float *input_ND;     /* SAE_BLOCK rows: the input after normalisation and b_dec */
    float *host_rows_ND; /* SAE_BLOCK rows, only with normalisation */
    float *features_NF;  /* rows_NF rows for sae_reconstruct, made on first use */
    int rows_NF;
};

/* What the encoder multiplies for up to SAE_BLOCK rows: x_ND itself, or s->input_ND. */
const float *sae_input(sae *s, const float *x_ND, int N);
/* Turns the gradient at the normalised input into the gradient at x, in place. */
void sae_input_backward(float *d_x_ND, sae *s, const float *x_ND, int N);
/* Puts the scale and mean of x back into the decoder's output, in place. */
void sae_denormalize(float *y_ND, sae *s, const float *x_ND, int N);

#endif
