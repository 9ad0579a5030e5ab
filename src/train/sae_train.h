/* Trains a sparse autoencoder on a hook of a frozen language model. */
#ifndef TRAIN_SAE_TRAIN_H
#define TRAIN_SAE_TRAIN_H
#include "base/progress.h"
#include "model/forward.h"
#include "train/sae_learner.h"
#include "train/text_stream.h"

typedef struct sae_train_options {
    sae_learner_options learner; /* learner.optimiser.steps steps in all */
    const char *hook;            /* "blocks.3.hook_resid_post" */
    const char *model_name;      /* for cfg.json */
    int chunk_windows, part;     /* windows shuffled together; run at a time */
    long report_every, save_every;
} sae_train_options;

/* Trains from scratch, or goes on from work_dir/sae.safetensors when that is there, and writes the
 * curve to curve_dir/sae.csv: step, tokens (activations seen), loss (mean squared error of the
 * scaled activations), explained variance, L0, share of dead features, auxiliary loss, threshold,
 * learning rate, gradient norm; each a mean since the last row where that means something. Same
 * guarantees as lm_train(). be's memory must be ordinary memory.
 * Owner of *out: caller, sae_free(). */
err_code sae_train(sae **out, model *m, const sae_train_options *o, const text_stream *text,
                   const char *work_dir, const char *curve_dir, reporter *r, err *e);

#endif
