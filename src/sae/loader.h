/* An SAE being read from a weights file: matrices go straight to the backend, vectors wait in
 * ordinary memory for what is folded into them. */
#ifndef SAE_LOADER_H
#define SAE_LOADER_H
#include "data/checkpoint.h"
#include "sae/fields.h"
#include "sae/sae_internal.h"

typedef struct sae_loader {
    backend *be;
    const files *f;
    const sae_hints *hints; /* never NULL */
    checkpoint weights;
    arena memory;
    bool *used;                             /* per tensor of `weights` */
    str notes;                              /* one sentence a line */
    sae *s;                                 /* from loader_begin() on */
    float *b_enc_F, *b_dec_O, *threshold_F; /* ordinary memory; threshold NULL: 0 */
} sae_loader;

typedef enum { AS_STORED, STORED_TRANSPOSED } stored_order;

/* Reads a small text file of the folder. Owner: caller, io_unmap(). *where: for messages. */
err_code loader_text(mapping *out, const char **where, sae_loader *l, const char *name, err *e);
/* Opens the weights, in the folder or (not NULL) in a folder of it. */
err_code loader_open(sae_loader *l, const char *folder, const char *name, err *e);
/* Starts the SAE that c describes, once hints have had their say. */
err_code loader_begin(sae_loader *l, const sae_config *c, err *e);
/* The shape of a matrix, before loader_begin(). */
err_code loader_shape(int *rows, int *columns, sae_loader *l, const char *name, err *e);
bool loader_has(const sae_loader *l, const char *name);
/* The tensor need not be read: what it says is known or does not matter. */
void loader_skip(sae_loader *l, const char *name);

/* The skip connection [d_out, d_in] of the SAE that is being made. */
err_code loader_w_skip(sae_loader *l, const char *name, stored_order order, err *e);
/* A vector of n numbers in ordinary memory. Owner: caller, mem_free(). */
err_code loader_vector(float **host_out, sae_loader *l, const char *name, int n, err *e);
/* One number, of a float type or a whole one. */
err_code loader_scalar(double *out, sae_loader *l, const char *name, err *e);
/* Every feature has the same threshold. */
err_code loader_constant_threshold(sae_loader *l, double threshold, err *e);
/* Places the vectors; refuses tensors nobody asked for; *out is the SAE, notes added. */
err_code loader_finish(sae **out, sae_loader *l, err *e);
/* The sequence that most layouts share: W_enc, W_dec, b_enc, b_dec under these names. */
typedef struct part_names {
    const char *w_enc, *w_dec, *b_enc, *b_dec;
    stored_order enc, dec;
} part_names;
err_code loader_parts(sae_loader *l, const part_names *names, err *e);
/* The path that tells what the files do not: the hint, or the folder itself. */
const char *loader_place(const sae_loader *l);
/* Fine on a zeroed one. */
void loader_release(sae_loader *l);

/* ---- folds (loader_fold.c), between the reading of all parts and loader_finish ------------------
 */

/* W_enc's columns and b_enc times scale_F; the thresholds stay. */
err_code fold_encoder(sae_loader *l, const float *host_scale_F, err *e);
/* W_dec's rows times scale_F. */
err_code fold_decoder(sae_loader *l, const float *host_scale_F, err *e);
/* Features times their decoder rows' norms, rows divided by them; thresholds stay as they are. */
typedef enum {
    TOP_K_NORMS, /* SAELens's rescale_acts_by_decoder_norm: a feature with a row of zeros is 0 */
    UNIT_NORMS   /* dictionary_learning's normalize_decoder: nothing happens when all norms are 1 to
                  * five digits; rows of zeros stay */
} norm_rule;
err_code fold_decoder_norms(sae_loader *l, norm_rule rule, err *e);
/* x times `in`, y divided by `out` (SAELens: SAE.fold_activation_norm_scaling_factor, where they
 * are the same). b_dec may be subtracted from x only then. */
err_code fold_scales(sae_loader *l, double in, double out, err *e);
/* Gated to jumprelu: see sae/sae.h. The three vectors are named in the file. */
err_code fold_gates(sae_loader *l, const char *b_gate, const char *b_mag, const char *r_mag,
                    err *e);

#endif
