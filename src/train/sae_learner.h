/* A BatchTopK sparse autoencoder while it learns: its weights, and one step.
 *
 * Bussmann, Leask, Nanda 2024 (BatchTopK); Gao et al. 2024 (encoder starts as the decoder's
 * transpose, auxiliary loss that revives dead features); Bricken et al. 2023 (decoder rows of unit
 * norm, the gradient along them removed); SAELens's BatchTopKTrainingSAE for the threshold. */
#ifndef TRAIN_SAE_LEARNER_H
#define TRAIN_SAE_LEARNER_H
#include "sae/sae.h"
#include "train/adamw.h"
#include "train/sparse_batch.h"

typedef struct sae_learner_options {
    int d_in, d_sae, batch; /* rows per step */
    float k;                /* active features per row, on average over a batch */
    int dead_after;         /* steps without firing that make a feature dead */
    int k_aux;              /* dead features per row that learn the residual */
    float aux_weight;
    float threshold_rate; /* of the moving average of the smallest kept activation */
    adamw_options optimiser;
    uint64_t seed;
} sae_learner_options;

enum { SAE_PARAMETERS = 4 };

typedef struct sae_learner {
    sae_learner_options o;
    backend *be;
    float input_scale; /* activations are multiplied by it: mean norm sqrt(D) */
    float *w_enc_FD, *b_enc_F, *w_dec_FD, *b_dec_D;
    float *idle_F; /* steps since each feature fired */
    double threshold;
    parameter list[SAE_PARAMETERS];
    adamw *optimiser;
    /* workspace */
    float *x_ND, *input_ND, *pre_NF, *y_ND, *d_y_ND, *aux_ND;
    sparse_batch kept, revived;
    int *dead_F, n_dead;
    float last_smallest;
} sae_learner;

/* What one step saw, as sums over its rows. */
typedef struct sae_step_sums {
    double squared_error, variance; /* of the scaled activations, around the batch's mean */
    double active, auxiliary;       /* features fired; auxiliary squared error */
    double gradient_norm;
} sae_step_sums;

/* The backend's memory must be ordinary memory (ref, cpu). Owner: caller, sae_learner_free(). */
err_code sae_learner_new(sae_learner **out, backend *be, const sae_learner_options *o, err *e);
void sae_learner_free(sae_learner *l);
/* Sets the input scale and b_dec from n rows of activations. */
void sae_learner_calibrate(sae_learner *l, const float *x_ND, int n);
/* One step on o.batch rows of unscaled activations. */
err_code sae_learner_step(sae_step_sums *sums, sae_learner *l, const float *x_ND, long step,
                          err *e);
/* The SAE as it is used afterwards: jumprelu with the moving threshold, input scale folded in, the
 * decoder's rows of unit norm. c's sizes and architecture are set here. */
err_code sae_learner_export(sae **out, const sae_learner *l, const sae_config *c, err *e);

#endif
