/* Trains a language model on the world's text. */
#ifndef TRAIN_LM_H
#define TRAIN_LM_H
#include "base/progress.h"
#include "model/transformer.h"
#include "train/adamw.h"
#include "train/text_stream.h"

typedef struct lm_options {
    model_config model;
    adamw_options optimiser; /* optimiser.steps steps in all */
    int batch;               /* windows per step, a multiple of the streams' group */
    int part;                /* windows run at a time: memory, and nothing else, depends on it */
    uint64_t seed;           /* of the initial weights */
    long report_every;       /* steps from one row of the curve to the next */
    long save_every;         /* steps from one checkpoint to the next */
    int validation_windows;  /* multiple of the group */
} lm_options;

/* Trains from scratch, or goes on from work_dir/lm.safetensors when that is there, and writes the
 * curve to curve_dir/lm.csv: step, tokens, training loss (mean since the last row), validation
 * loss, learning rate, gradient norm (losses in nats per token). Both directories exist. The same
 * options give the same bytes whether or not the run was interrupted.
 * E_CANCELLED after a checkpoint when asked to stop. Owner of *out: caller, model_free(). */
err_code lm_train(model **out, backend *be, const lm_options *o, const text_stream *train,
                  const text_stream *validation, const char *work_dir, const char *curve_dir,
                  reporter *r, err *e);

/* Mean cross-entropy in nats over the n windows from `first`, every token but the windows' first
 * predicted; `part` windows are run at a time. */
err_code lm_loss(double *nats_per_token, model *m, const text_stream *s, uint64_t first, int n,
                 int part, err *e);

#endif
