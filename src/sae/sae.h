/* Sparse autoencoders: their files, and encode, decode and gradients on any backend.
 *
 * Rows are tokens. Arrays are backend memory unless called host_*. An SAE keeps scratch of its own,
 * so one SAE is used from one thread at a time. Operations that return nothing fail as the
 * backend's do: the failure sticks and backend_sync() reports it.
 *
 * Every architecture is computed in one form, with SAELens's semantics (Bloom, Tigges, Chanin;
 * sae_lens/saes/, version 6.54):
 *   x~  = normalize(x) - b_dec          (b_dec only with apply_b_dec_to_input)
 *   pre = x~ W_enc + b_enc
 *   f   = pre where pre > threshold and pre > 0, else 0     (standard: threshold 0)
 *         top-k: pre where it is among the k largest of its row and > 0, else 0
 *   y   = denormalize(f W_dec + b_dec)                      (transcoders: not denormalized)
 *         + x W_skip^T                                      (skip transcoders)
 * What loading folds into it, exact up to rounding (tests/sae/test_parity.c shows it):
 *   gated        f = 1[u + b_gate > 0] relu(u e^r + b_mag), u = x~ W. e^r > 0 is monotone, so the
 *                gate opens where u e^r + b_mag > b_mag - b_gate e^r: W_enc = W e^r per column,
 *                b_enc = b_mag, threshold = b_mag - b_gate e^r; strict stays strict
 *   batchtopk    (training form) the saved scalar threshold for every feature
 *   rescale_acts_by_decoder_norm   pre is multiplied and f divided by |W_dec row|: so are the
 *                columns of W_enc with b_enc, and the rows of W_dec
 *   finetuning scaling_factor      multiplies f in the decoder: so the rows of W_dec
 *   norm_scaling_factor s          x s, y / s: W_enc s, W_dec / s, b_dec / s
 * Among equal pre-activations at the k-th place top-k keeps those of the smaller feature numbers;
 * torch.topk does not say which it keeps. */
#ifndef SAE_SAE_H
#define SAE_SAE_H
#include "base/sha256.h"
#include "compute/backend.h"
#include "data/files.h"
#include "sae/config.h"

typedef struct sae sae;

/* ---- files --------------------------------------------------------------------------------------
 */

/* What a folder looks like, after the project that writes it. */
typedef enum {
    SAE_LAYOUT_ANY,            /* recognised by the files present */
    SAE_LAYOUT_SAELENS,        /* cfg.json, sae_weights.safetensors, maybe sparsity.safetensors */
    SAE_LAYOUT_GEMMA_SCOPE,    /* params.npz */
    SAE_LAYOUT_GEMMA_SCOPE_2,  /* params.safetensors, maybe config.json */
    SAE_LAYOUT_SPARSIFY,       /* cfg.json, sae.safetensors */
    SAE_LAYOUT_LLAMA_SCOPE,    /* hyperparams.json, checkpoints/final.safetensors */
    SAE_LAYOUT_LLAMA_SCOPE_R1, /* config.json, sae_weights.safetensors */
    SAE_LAYOUT_DICTIONARY_LEARNING /* config.json, ae.pt */
} sae_layout;

typedef enum { SAE_UNSAID, SAE_NO, SAE_YES } sae_answer;

/* What is known about an SAE from elsewhere: a release table, the user. All optional (zeroed: no
 * hint); what is given wins over the files. Strings are borrowed for the call. */
typedef struct sae_hints {
    sae_layout layout;
    /* The folder's place in its repository behind the repository's name, as
     * "google/gemma-scope-2b-pt-res/layer_20/width_16k/average_l0_71": layouts whose files do not
     * say model and hook are read off it. NULL: the folder's path. */
    const char *place;
    const char *hook, *hook_out, *model;
    const char *normalize_activations; /* SAELens's word for it */
    int context;                       /* 0: not known */
    double norm_scaling_factor;        /* 0: not known */
    sae_answer prepend_bos;
    sae_answer center_writing_weights, fold_ln, fold_value_biases;
    sae_answer transcoder; /* Gemma Scope: the params are a transcoder's */
} sae_hints;

/* Reads an SAE of any layout above. hints may be NULL. Missing or misshapen tensors, NaN and
 * infinities are refused with file and tensor name; what is not computed here is refused by name
 * with the reason; when neither files nor hints say which hook the SAE reads, E_CONFIG says to give
 * model.hook. 16-bit and 32-bit weights go to backend memory once; beyond them at most one tensor
 * is held. Owner: caller, sae_free(). */
err_code sae_load(sae **out, backend *be, const files *f, const sae_hints *hints, err *e);
/* Does the folder hold the files of an SAE, of a layout above or of one that is refused? */
bool sae_recognised(const files *f);
/* Sentences about what the files asked for and is computed otherwise or ignored, and where
 * libraries disagree about such files. Borrowed; NULL with *n = 0 when there is nothing to say. */
const char *const *sae_notes(int *n, const sae *s);
/* Whose layout its files have: "SAELens", "Gemma Scope 2"; "" when it came from memory. Lives as
 * long as the program. */
const char *sae_layout_name(const sae *s);
/* One hash over all files of the SAE, with their names and sizes. */
err_code sae_hash(char hex[SHA256_HEX], const files *f, err *e);

/* Weights of the computed form in ordinary memory, all borrowed. O is d_out. */
typedef struct sae_weights {
    const float *w_enc_DF, *b_enc_F, *w_dec_FO, *b_dec_O;
    const float *threshold_F; /* NULL: 0 for every feature */
    const float *w_skip_OD;   /* NULL without a skip connection */
} sae_weights;

/* An SAE from weights in memory, which are copied; c is checked. */
err_code sae_new(sae **out, backend *be, const sae_config *c, const sae_weights *w, err *e);
/* An SAE whose n relu features are directions of `like`'s input, w_ND of any length but 0: its
 * decoder rows have unit length. b_N (NULL: 0) is added, b_dec_D (NULL: 0) as `like` says. Hook,
 * width and treatment of the input are those of `like`. All is copied. */
err_code sae_of_directions(sae **out, backend *be, const sae_config *like, const float *w_ND,
                           const float *b_N, const float *b_dec_D, int n, err *e);
/* Euclidean. */
double sae_direction_length(const float *w_D, int D);
void sae_free(sae *s);

/* Writes cfg.json and sae_weights.safetensors into an existing directory, as SAELens 6 saves the
 * computed form (gated and batchtopk become jumprelu), and sparsity.safetensors when
 * host_frequency_F (share of tokens on which a feature fires) is not NULL. E_CONFIG for a top-k
 * transcoder, which SAELens does not have. */
err_code sae_save(const sae *s, const float *host_frequency_F, const char *dir, err *e);

const sae_config *sae_describe(const sae *s);
backend *sae_backend(const sae *s);
/* log10(share of tokens + 1e-10) per feature, ordinary memory, borrowed; NULL: no such file. */
const float *sae_log_sparsity(const sae *s);
/* Thresholds [F] (zeros for standard and top-k), ordinary memory, borrowed. */
const float *sae_thresholds(const sae *s);
/* W_enc [d_in, F], backend memory, borrowed. */
const float *sae_encoder(const sae *s);
/* W_dec [F, d_out], backend memory, borrowed; and one row of it copied to ordinary memory. */
const float *sae_decoder(const sae *s);
void sae_decoder_row(float *host_row_O, const sae *s, int feature);
/* b_dec [d_out] copied to ordinary memory. */
err_code sae_decoder_bias(float *host_b_dec_O, const sae *s, err *e);

/* ---- all features ---------------------------------------------------------------------------- */

/* f_NF out: feature activations, every element written. Callers pass at most a few thousand rows.
 */
void sae_encode(float *f_NF, sae *s, const float *x_ND, int N);
/* Features of up to sae_sparse_rows() rows as their numbers above 0. */
void sae_encode_sparse(sparse_rows *to, sae *s, const float *x_ND, int N);
/* Rows that are best encoded so at once: many, since the weights are gone through once for all of
 * them, but not so many that memory is not bounded or Ctrl-C has to wait. */
int sae_sparse_rows(const sae *s);
/* The same as sae_encode() before threshold and top-k. */
void sae_preactivations(float *pre_NF, sae *s, const float *x_ND, int N);
/* y_NO out: reconstruction of the hook, or a transcoder's prediction at hook_out. x_ND is what was
 * encoded: its mean and norm are put back where the cfg normalises activations, and a skip
 * connection reads it; else it is not read and may be NULL. */
void sae_decode(float *y_NO, sae *s, const float *f_NF, const float *x_ND, int N);
/* What a row of W_dec is multiplied by on its way to y beside its feature's activation, for each
 * row of x: the row's spread where the cfg normalises activations, else 1. Transcoders: always 1.
 */
err_code sae_output_scale(float *host_scale_N, const sae *s, const float *x_ND, int N, err *e);
/* decode(encode(x)), never holding more than a block of rows of activations. E_CANCELLED on
 * Ctrl-C. */
err_code sae_reconstruct(float *y_NO, sae *s, const float *x_ND, int N, err *e);
/* d_x_ND out: gradient at x, given the gradient at f. d_f_NF is overwritten by the gradient at the
 * pre-activation, which passes where f > 0 (no straight-through estimate; top-k: the kept ones). */
void sae_encode_backward(float *d_x_ND, sae *s, float *d_f_NF, const float *f_NF, const float *x_ND,
                         int N);

/* ---- some features -----------------------------------------------------------------------------
 */

/* The encoder of n chosen features, contiguous; borrows the SAE. Owner: caller,
 * sae_columns_free(). E_DATA when a feature is not 0 .. F-1. The same feature may come twice.
 *
 * Whether top-k keeps a feature depends on all the others, so with top-k f costs a product with the
 * whole encoder (2 N D F operations) and a selection over F per row; pre alone does not. */
typedef struct sae_columns sae_columns;
err_code sae_columns_new(sae_columns **out, sae *s, const int *features, int n, err *e);
void sae_columns_free(sae_columns *c);
int sae_columns_count(const sae_columns *c);
/* Copies the chosen columns of W_enc, one a row, and their biases to ordinary memory. */
err_code sae_columns_copy(float *host_w_CD, float *host_b_C, const sae_columns *c, err *e);

/* Every row through every chosen feature. f_NC or pre_NC may be NULL when not wanted. */
void sae_encode_columns(float *f_NC, float *pre_NC, sae_columns *c, const float *x_ND, int N);
/* d_x_ND out: gradient at x of sum(d_pre * pre). */
void sae_backward_columns(float *d_x_ND, sae_columns *c, const float *d_pre_NC, const float *x_ND,
                          int N);

/* One chosen feature per row: row n goes through feature number host_which_N[n] of the list
 * (0 .. C-1). f_N or pre_N may be NULL when not wanted. */
void sae_encode_targets(float *f_N, float *pre_N, sae_columns *c, const int32_t *host_which_N,
                        const float *x_ND, int N);
void sae_backward_targets(float *d_x_ND, sae_columns *c, const int32_t *host_which_N,
                          const float *d_pre_N, const float *x_ND, int N);

#endif
