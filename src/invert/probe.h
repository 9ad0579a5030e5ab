/* Measuring inputs: run a batch of sequences and see what features do on them. */
#ifndef INVERT_PROBE_H
#define INVERT_PROBE_H
#include "invert/optimise.h"

/* A sequence to measure: tokens, or free embeddings; the BOS is put before it. */
typedef struct probe_input {
    const int32_t *tokens_L; /* NULL: x_LD is used */
    const float *x_LD;
    int length;
} probe_input;

/* What one feature does on one sequence; arrays of `length`, caller's, NULL when not wanted. */
typedef struct probe_result {
    float activation, pre_activation; /* maxima over positions */
    int position;                     /* of the maximum pre-activation */
    float *activation_L, *pre_activation_L;
    double specificity; /* the feature's maximum / mean of all features' maxima; NaN if that is 0 */
} probe_result;

/* Runs n inputs, input i measured for feature features_n[i]. specificity costs a pass through the
 * whole SAE and is NaN unless wanted. E_SHAPE when an input is longer than the model's context. */
err_code probe_inputs(probe_result *results_n, const optimise_setting *setting,
                      const probe_input *inputs_n, const int *features_n, int n, bool specificity,
                      err *e);

/* Mean log-probability of each input's tokens after the first (which the BOS alone precedes), nats
 * a token, by the model itself; NaN for inputs of embeddings. Batched like probe_inputs. */
err_code probe_coherence(double *coherence_n, const optimise_setting *setting,
                         const probe_input *inputs_n, int n, err *e);

#endif
