/* What a feature does to the model's predictions: whole runs with its contribution taken out of the
 * hook's value and put in twice, compared with a clean run.
 *
 * Everything else at the hook stays, what the SAE fails to reconstruct included: the value changes
 * by (factor - 1) * activation * decoder row, at every counted token of the prompt at once. An
 * active token's own prediction so shows the change there and, through attention, that at active
 * tokens before it; a later token's only the latter. */
#ifndef EFFECTS_CAUSAL_H
#define EFFECTS_CAUSAL_H
#include "effects/setting.h"
#include "effects/token_ends.h"
#include "features/survey.h"

typedef enum { CHANGE_REMOVED, CHANGE_DOUBLED, EFFECT_CHANGES } effect_change;

/* What the activation is multiplied by. */
double change_factor(effect_change which);

/* Means over tokens, NaN without any. */
typedef struct change_effect {
    double loss_active, loss_later; /* next-token loss, changed less clean, nats */
    double kl_active, kl_later; /* KL(clean || changed) of the next token's distribution, nats */
    /* The logit table's promise, at active tokens. A change for the more should raise the log
     * probability (its mean over the active tokens) of the table's highest tokens and lower that of
     * its lowest; taking the feature out should do the opposite. */
    int raised_right, lowered_right; /* of logit_ends.n each */
    double rank_correlation; /* Spearman, over all ranked tokens, of table and mean change of log
                              * probability, of CHANGE_REMOVED turned round; NaN where constant */
} change_effect;

typedef struct causal_effect {
    int n_prompts;
    int64_t n_active, n_active_losses; /* active tokens; those that have a next token */
    int64_t n_later, n_later_losses;   /* silent counted tokens after the first active one */
    change_effect changes[EFFECT_CHANGES];
    token_ends moved; /* mean change of probability at active tokens when doubled */
} causal_effect;

/* One feature. */
typedef struct causal_job {
    const float *row_O;     /* its decoder row, ordinary memory */
    double per_activation;  /* what the row is multiplied by for an activation of 1: 1 for an SAE */
    const double *logit_n;  /* of direct_logits(); NULL: no table, nothing is compared with it */
    const token_ends *ends; /* of the table */
    const survey *surveyed;
    int which; /* in the survey */
} causal_job;

/* Memory for runs; one at a time. Owner: caller, causal_runner_free(). E_CONFIG when nothing can be
 * put at the write hook. */
typedef struct causal_runner causal_runner;
err_code causal_runner_new(causal_runner **out, const effect_setting *s, err *e);
void causal_runner_free(causal_runner *r);

/* Up to most_prompts of the prompts in which the feature is active, evenly over their ranks by
 * strength, the strongest among them. Deterministic, the same bytes for any number of threads.
 * E_CANCELLED on Ctrl-C. */
err_code causal_measure(causal_effect *out, causal_runner *r, const causal_job *job,
                        int most_prompts, err *e);

/* One prompt token by token: change_T[t] is how much more token t costs to predict, in nats, when
 * the feature is taken out of the tokens before it; 0 for the first token, and for all where it is
 * silent. change_T has the prompt's length. */
err_code causal_trace(float *change_T, causal_runner *r, const causal_job *job, int prompt, err *e);

#endif
