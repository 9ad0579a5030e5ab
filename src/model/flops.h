/* What running a model costs. */
#ifndef MODEL_FLOPS_H
#define MODEL_FLOPS_H
#include "model/hook.h"

/* Floating-point operations of one token's forward pass to the hook, or through the logits when
 * stop is NULL: matrix products and causal attention, 2 for a multiplication and its addition;
 * norms, nonlinearities and rotations are left out. Only what a run to the hook computes counts: in
 * a parallel block, the branch the hook lies in.
 *   context  keys a token sees on average, itself among them: (T + 1) / 2 in whole sequences of T
 */
double model_flops(const model_config *c, const hook *stop, double context);

#endif
