/* What the files of this folder share. */
#ifndef SAE_SAE_INTERNAL_H
#define SAE_SAE_INTERNAL_H
#include "base/arena.h"
#include "sae/sae.h"

/* Rows worked on at a time where a copy of the input is needed. */
enum { SAE_BLOCK = 1024 };

struct sae {
    sae_config config;
    backend *be;
    const char *layout; /* of its files; NULL: made from memory */
    float *w_enc_DF, *b_enc_F, *w_dec_FO, *b_dec_O, *threshold_F; /* backend memory */
    float *w_skip_OD;                                             /* NULL: no skip connection */
    float *negative_b_dec_D;                       /* NULL: b_dec is not subtracted from x */
    float *host_threshold_F, *host_log_sparsity_F; /* sparsity: NULL when there is none */
    float *input_ND;     /* SAE_BLOCK rows: the input after normalisation and b_dec */
    float *host_rows_ND; /* SAE_BLOCK rows, only with normalisation */
    int rows_NF;         /* rows of the next two */
    float *features_NF;  /* for sae_reconstruct, made on first use; for top-k */
    float *pre_NF;       /* only with top-k */
    const char **notes;
    int n_notes;
    arena memory; /* notes */
};

/* Everything but the weights: scratch for s->config, which is checked. */
err_code sae_prepare(sae *s, err *e);
/* The block of activations, when it is not there yet. */
err_code sae_need_features(sae *s, err *e);
/* Backend memory holding a copy of n floats (zeros when host_from is NULL). */
err_code sae_place(float **out, backend *be, const float *host_from, size_t n, const char *what,
                   err *e);
/* Puts the vectors in their places: b_enc [F], b_dec [d_out], thresholds [F] or NULL. */
err_code sae_place_vectors(sae *s, const float *host_b_enc_F, const float *host_b_dec_O,
                           const float *host_threshold_F, err *e);

/* What the encoder multiplies for up to SAE_BLOCK rows: x_ND itself, or s->input_ND. */
const float *sae_input(sae *s, const float *x_ND, int N);
/* Turns the gradient at the normalised input into the gradient at x, in place. */
void sae_input_backward(float *d_x_ND, sae *s, const float *x_ND, int N);
/* Puts the scale and mean of x back into the decoder's output, in place. */
void sae_denormalize(float *y_ND, sae *s, const float *x_ND, int N);
/* Top-k over the whole dictionary for up to s->rows_NF rows: s->features_NF. */
void sae_top_k_block(sae *s, const float *x_ND, int N);

#endif
