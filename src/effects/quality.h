/* How good an SAE is on the run's own text. */
#ifndef EFFECTS_QUALITY_H
#define EFFECTS_QUALITY_H
#include "effects/setting.h"
#include "features/stats.h"

/* A feature on more than this share of tokens is called dense. */
#define QUALITY_DENSE 0.1

typedef struct sae_quality {
    int64_t n_tokens; /* of all prompts: what the next three count over */
    double l0;        /* mean active features a token */
    int n_dead;       /* features never active */
    int n_dense;      /* features active on more than QUALITY_DENSE of the tokens */

    int n_prompts;             /* a sample, evenly over the prompts */
    int64_t n_rows;            /* its counted tokens */
    double explained_variance; /* of the value at the write hook, around its mean */
    int64_t n_losses;          /* its tokens that have a next one */
    double clean_loss, spliced_loss, ablated_loss; /* nats a token: as it is; the SAE's output, and
                                                      zeros, in place of the value */
    double loss_recovered;                         /* splice_recovered() */
} sae_quality;

/* The first part from what was collected; the second from at most most_prompts runs (0: NaN).
 * Special tokens keep their value. A bar counts prompts; E_CANCELLED on Ctrl-C, with
 * the setting's draft to go on from; E_FORMAT when that is of another sample. */
err_code quality_measure(sae_quality *out, const effect_setting *s, const collection *collected,
                         int most_prompts, err *e);

#endif
