/* What a direction at a hook means to the logits when nothing lies in between: from the hook's
 * numbers to the residual stream, through the final norm, to the place where the output matrix
 * reads. Weights alone, no input. */
#ifndef MODEL_DIRECTION_H
#define MODEL_DIRECTION_H
#include "model/hook.h"
#include "model/transformer.h"

/* How the numbers at a hook get into the residual stream without another layer in between. */
typedef enum {
    REACH_NOTHING,   /* only through attention or a nonlinearity: queries, normalised values, ... */
    REACH_STREAM,    /* they are added to it, or are it */
    REACH_ATTENTION, /* through the output matrix of attention, and the gain of a post norm */
    REACH_MLP        /* through the last matrix of the mlp, and the gain of a post norm */
} stream_reach;
stream_reach direction_reach(const hook *h);

/* Directions at the hook, host_ND [N, hook width], as the stream receives them, host_stream_ND
 * [N, d_model]; of a post norm only the gain is known without an input, so that their length is
 * then not. E_CONFIG for REACH_NOTHING. */
err_code direction_to_stream(float *host_stream_ND, const model *m, const hook *h,
                             const float *host_NW, int N, err *e);

/* Each row of the stream as the final norm hands it on, in place: centred (layer norm alone),
 * divided by its root mean square, times the gain. Without the norm's bias and eps, which are not
 * the direction's. A row of which nothing is left becomes zeros. */
err_code direction_final_norm(float *host_ND, const model *m, int N, err *e);

#endif
