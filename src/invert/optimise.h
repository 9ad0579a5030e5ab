/* Inputs that drive features high: many sequences of free embeddings, optimised as one batch.
 *
 * A job is one start of one feature. All jobs that run share every product of the model; a job that
 * has converged leaves its place to the next that waits. A job's objective is the smooth maximum
 * over its free positions of the feature's pre-activation, so a silent feature has a gradient. */
#ifndef INVERT_OPTIMISE_H
#define INVERT_OPTIMISE_H
#include "base/draft.h"
#include "base/packed.h"
#include "base/progress.h"
#include "invert/token_table.h"
#include "invert/whitening.h"
#include "model/forward.h"
#include "sae/sae.h"

/* What the free embeddings may be and how they move. None of them is bound to tokens, so what they
 * reach says little about real text: a diagnostic. */
typedef enum {
    FREE_BALL,     /* within norm_limit of zero */
    FREE_WHITENED, /* within the ellipsoid that holds 99 % of the tokens, in its own coordinates */
    /* As the program this one replaces did it, for comparisons: no BOS, the activation itself at
     * its largest position (no gradient while the feature is silent), the distance of all
     * positions together to the tokens of nearest cosine, the last input and not the best.
     * learning_rate and lambda_reg are then absolute, max_steps counts moves. */
    FREE_ORIGINAL
} free_mode;

typedef struct optimise_options {
    free_mode mode;
    double pull; /* FREE_WHITENED: share of the way to the closest token that every step ends with;
                  * rises from 0 to this over the last two thirds of max_steps */
    int max_steps, patience;
    double
        tolerance; /* converged: gain below tolerance * max(|best|, scale) over `patience` steps */
    double learning_rate;          /* in units of token_table.rms, as is noise */
    double lambda_reg, norm_limit; /* norm_limit in units of token_table.max_norm; 0: none */
    double diversity_penalty, repetition_penalty;
    int diversity_window, repetition_window;
    double coherence_weight; /* of the model's own cross-entropy; 0: not computed */
    int batch_sequences;     /* jobs run at once at most */
    int curve_points;        /* points recorded of each curve at most */
} optimise_options;

/* A point of a job's curve; penalties unweighted. */
typedef struct curve_point {
    int step;
    float loss, objective, activation; /* the last two: maxima over positions */
    float distance, diversity, repetition;
} curve_point;

/* In: feature, scale, length, frozen, x_LD. Out: the rest, and x_LD becomes the best input. */
typedef struct optimise_job {
    int feature;
    double scale; /* typical size of a strong activation (the data's maximum): sets the softness of
                   * the maximum over positions; > 0 */
    int length;   /* positions after the BOS */
    int frozen;   /* leading positions that stay as they are */
    float *x_LD;  /* caller's, ordinary memory */
    float objective, activation; /* at the best input */
    int last_step;
    bool converged;
    curve_point *curve; /* from the arena */
    int n_curve;
} optimise_job;

/* What came of a job of D numbers a position, as bytes, and back. Memory of the curve, with room
 * for as many points as there can be, from the arena. False when there are more. */
void optimise_job_put(str *to, const optimise_job *job, int D);
bool optimise_job_get(packed_reader *from, optimise_job *job, int D, const optimise_options *o,
                      arena *a);

/* What the optimiser works with; borrowed. */
typedef struct optimise_setting {
    model *model;
    sae *sae;
    const hook *hook;
    const token_table *table;
    const tokenizer *tokenizer; /* to write tokens down as text; NULL: whatever they are is taken */
    const whitening *whitening; /* NULL unless a mode needs it */
    int bos;                    /* fixed first token, -1: none */
    reporter *reporter;
    const char *name; /* of the progress bar */
    draft *draft;     /* of what the setting is given to; NULL: what is stopped begins anew */
} optimise_setting;

/* A random start: tokens drawn from the candidates plus noise_scale * rms normal noise; the same
 * (seed, feature, restart) gives the same start. */
void optimise_random_start(float *x_LD, const token_table *t, uint64_t seed, int feature,
                           int restart, int length, double noise_scale);

/* The original program's start, anywhere in the vocabulary plus noise of 0.5, and its options. */
void optimise_original_start(float *x_LD, const token_table *t, uint64_t seed, int feature,
                             int restart, int length);
optimise_options optimise_original(int batch_sequences, int curve_points);

/* Optimises n jobs. E_CANCELLED on Ctrl-C leaves finished jobs finished (last_step > 0), and in the
 * setting's draft all that it takes to go on: the same jobs then end with the same bytes as if they
 * had never been stopped. E_FORMAT when the draft is not one of such jobs. */
err_code optimise_jobs(optimise_job *jobs, int n, const optimise_setting *setting,
                       const optimise_options *o, arena *a, err *e);

#endif
