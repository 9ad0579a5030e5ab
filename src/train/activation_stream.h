/* Activations of a frozen language model at one hook over fresh text, shuffled, for training an
 * SAE. BOS positions are left out: their activations are unlike all others. */
#ifndef TRAIN_ACTIVATION_STREAM_H
#define TRAIN_ACTIVATION_STREAM_H
#include "model/forward.h"
#include "train/text_stream.h"

/* Activations come in chunks of `windows` windows, each chunk shuffled as a whole; every chunk
 * gives the same number of batches. A batch depends on its number alone. */
typedef struct activation_stream activation_stream;

/* Runs the model on `part` windows at a time; both are multiples of the text stream's group.
 * Batches have N rows. All arguments are borrowed. Owner: caller, activation_stream_free(). */
err_code activation_stream_new(activation_stream **out, model *m, const hook *h,
                               const text_stream *text, int windows, int part, int N, uint64_t seed,
                               err *e);
void activation_stream_free(activation_stream *a);

/* x_ND out, ordinary memory: the rows of batch 0, 1, .... */
err_code activation_batch(float *x_ND, activation_stream *a, long batch, err *e);

#endif
