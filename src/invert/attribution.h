/* What each token of a sequence contributes to a feature: what is lost without it.
 *
 * A token is replaced by others and the pre-activation at the last token is compared with what it
 * was. The worst replacement shows how much can hang on the position, the best how much hangs on
 * this very token (the measure EPO reports; Thompson, Straznickas, Sklar 2024). Replacements are
 * the tokens that the gradient ranks highest at the position, so that the best is a strong rival.
 */
#ifndef INVERT_ATTRIBUTION_H
#define INVERT_ATTRIBUTION_H
#include "base/arena.h"
#include "invert/optimise.h"

/* Replacements tried at a position, the token's own not among them; fewer when there are fewer
 * candidates. */
enum { ATTRIBUTION_ALTERNATIVES = 32 };

/* One sequence. In: the first four. Out, the arrays from the arena: the rest. */
typedef struct attribution_job {
    int feature;
    double scale;            /* > 0, as in objective_new() */
    const int32_t *tokens_L; /* without the BOS; any ids of the model; borrowed */
    int length;
    float pre_activation; /* at the last token */
    double *lost_most_L;  /* share of it that is lost with the worst replacement, above 1 where it
                             turns negative, */
    double *lost_least_L; /* and with the best; negative where that is a better token. Both NaN
                             where pre_activation is not > 0 or there is no replacement. */
} attribution_job;

/* The result of one job does not depend on the others. With top-k the gradient is that of
 * objective_values()'s value, which has the rival in it; what is measured is the pre-activation.
 * E_SHAPE for a sequence without tokens or longer than the model's context, E_DATA for a feature
 * the SAE does not have, E_CANCELLED on Ctrl-C. */
err_code attribution_run(attribution_job *jobs, int n, const optimise_setting *setting, arena *a,
                         err *e);

#endif
