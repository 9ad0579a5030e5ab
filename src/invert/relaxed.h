/* Real tokens by way of mixtures of them.
 *
 * Each position of an input is a mixture of candidate tokens, softmax((theta + noise) / tau) E:
 * theta climbs by Adam while tau falls from soft to hard and Gumbel noise keeps it from settling
 * early (Jang et al. 2017; Geisler et al. 2024 and the annealed relaxations that followed for
 * prompts). All restarts of a feature share one set of candidates, so mixing is one product. Every
 * few steps the largest theta of each position is read as tokens and measured exactly; the best
 * such reading is the result. Restarts of one feature share the model's passes; features do not:
 * the last digits of a product depend on how many rows it has. */
#ifndef INVERT_RELAXED_H
#define INVERT_RELAXED_H
#include "invert/objective.h"
#include "invert/optimise.h"

typedef struct relaxed_options {
    int steps;
    double learning_rate;            /* of Adam (0.9, 0.995) on theta: 0.1, falling to 0 */
    double tau_first, tau_last;      /* geometric: 2 to 0.05 */
    double noise;                    /* weight of the Gumbel noise: 1 at first, falling to 0 */
    double entropy;                  /* price of a mixed row at the end, in units of scale: 4 */
    double repetition, diversity;    /* weights, in units of scale; 0: none */
    int candidates;                  /* tokens a feature mixes at most: 1024 */
    int refresh_every, decode_every; /* steps: 25, 25 */
    int batch_sequences;             /* restarts that run at once at most */
} relaxed_options;

relaxed_options relaxed_defaults(void);

/* One feature: its restarts, which share their candidates. In: feature, scale, length, restarts,
 * seed. Out, from the arena: the rest. */
typedef struct relaxed_job {
    int feature;
    double scale; /* > 0, as in objective_new() */
    int length;   /* positions after the BOS */
    int restarts;
    uint64_t seed;           /* the same job gives the same bytes in any company */
    int32_t *tokens_RL;      /* each restart's best reading; only candidates of the token table */
    float *value_R;          /* its exact value: the maximum over positions */
    float *relaxed_R;        /* the mixture's value at the last step, without noise */
    float *first_gradient_R; /* norm of the gradient at theta at step 0, to count dead starts */
} relaxed_job;

/* Room for a job's results. */
void relaxed_make_results(relaxed_job *job, arena *a);

/* Runs all jobs. Memory is bounded by batch_sequences and candidates. setting->bos stands before
 * every input; its position is not read.
 *   done  in and out: of the first jobs, those whose results are there; E_CANCELLED on Ctrl-C
 * leaves those that were finished */
err_code relaxed_run(relaxed_job *jobs, int n, int *done, const optimise_setting *setting,
                     const relaxed_options *o, arena *a, err *e);

/* Floating-point operations of one restart. */
double relaxed_flops(const optimise_setting *setting, const relaxed_options *o, int length);

#endif
