/* The optimiser's state, which its own files share. */
#ifndef INVERT_OPTIMISER_H
#define INVERT_OPTIMISER_H
#include "invert/optimise.h"
#include <math.h>

/* A running job. Its rows are those of its place among the slots. */
typedef struct slot {
    optimise_job *job;
    int32_t *nearest_L;
    int step;
    double best, reference; /* best score; best score when it last gained enough */
    int reference_step;
} slot;

/* One optimisation: its buffers, sized for the widest batch. Position i of slot b is row
 * b * T + skip + i of every array of N = B * T rows; other rows of `x` and what goes with it are 0.
 */
typedef struct optimiser {
    const optimise_setting *set;
    const optimise_options *o;
    backend *be;
    optimise_job *jobs;
    int n_jobs, next_job;
    slot *slots;
    int n_slots, capacity;
    int D, T, longest, skip;   /* skip: 1 when a BOS stands before the free positions */
    sae_columns *columns;      /* column i is the feature of job i */
    forward *to_hook, *to_end; /* to_end: NULL without coherence */
    arena *memory;

    /* Backend: what stays from step to step (optimiser_arrays()). */
    float *x_ND, *best_ND, *first_ND, *second_ND; /* inputs, the best so far, Adam's moments */
    float *nearest_ND;                            /* embeddings of the nearest tokens */
    float *y_ND, *target_ND; /* x and `nearest` whitened; FREE_WHITENED alone */
    /* Backend: one step's. */
    float *d_x_ND, *d_loss_ND, *d_h; /* d_loss: coherence's part */
    float *pre_N, *f_N, *share_N;
    float *packed_ND, *packed2_ND; /* some of the rows */
    int32_t *list_N, *place_N;     /* which rows those are, and where each row is among them */
    int32_t *step_N, *length_B;
    double *weight_N, *pull_N, *distance_N; /* distance_N owns the next two */
    double *diversity_B, *repetition_B;
    /* Ordinary memory. */
    int32_t *host_tokens_N, *host_targets_N, *host_which_N;
    int32_t *host_list_N, *host_place_N, *host_ids_N, *host_step_N, *host_length_B;
    float *host_pre_N, *host_f_N, *host_d_pre_N, *host_loss_N, *host_share_N;
    float *host_rows_ND; /* on their way */
    double *host_weight_N, *host_pull_N, *host_distance_N, *host_diversity_B, *host_repetition_B;
} optimiser;

static inline bool optimiser_is(const optimiser *p, free_mode mode)
{
    return p->o->mode == mode;
}

/* Has the slot's job had its last step? */
static inline bool optimiser_has_ended(const slot *s)
{
    return s->job->last_step > 0;
}

/* The row of a position of slot b. */
static inline size_t optimiser_row(const optimiser *p, int b, int position)
{
    return (size_t)b * (size_t)p->T + (size_t)(p->skip + position);
}

/* The ball that free positions stay in; 0: anywhere. */
static inline double optimiser_norm_limit(const optimiser *p)
{
    return p->o->norm_limit * p->set->table->max_norm;
}

/* What a position's distance counts for in its job's mean: 1 is as far, per number, as tokens are
 * large. */
static inline double optimiser_distance_unit(const optimiser *p, const optimise_job *job)
{
    return 1 / (p->set->table->rms * sqrt(p->D) * job->length);
}

/* Numbers that begin at distance_N: one of every row, then two of every slot. */
static inline size_t optimiser_costs(const optimiser *p)
{
    return (size_t)p->capacity * ((size_t)p->T + 2);
}

/* ---- slots ------------------------------------------------------------------------------------
 */

enum { OPTIMISER_MOST_ARRAYS = 7 };
/* The arrays that stay from step to step; how many. */
int optimiser_arrays(float *arrays[OPTIMISER_MOST_ARRAYS], const optimiser *p);
/* Every slot a job. */
void optimiser_fill(optimiser *p);
/* Finished slots take the next job; when none waits, the last slot moves into their place. */
void optimiser_refill(optimiser *p);

/* ---- some of the rows -------------------------------------------------------------------------
 */

/* Of positions whose nearest token is due, of the free ones of all slots, of jobs that have ended.
 */
typedef enum { DUE_POSITIONS, FREE_POSITIONS, FINISHED_POSITIONS } row_choice;
/* Lists such rows in list_N, and in place_N every row's place in the list, -1 for others. How many.
 */
int optimiser_list(optimiser *p, row_choice choice);
/* The n rows listed, one after another; and such rows back to where they belong. */
void optimiser_pack(optimiser *p, float *packed_ND, const float *x_ND, int n);
void optimiser_unpack(optimiser *p, float *x_ND, const float *packed_ND, int n);
/* Does the slot look for its nearest tokens in this step? */
bool optimiser_is_due(const optimiser *p, const slot *s);
/* The free rows of all slots: y to x, or the gradient at x to that at y. FREE_WHITENED alone. */
void optimiser_transform(optimiser *p, bool gradient);

/* ---- a step -----------------------------------------------------------------------------------
 */

/* What the model says of all slots and what they pay: the gradient, and in ordinary memory what
 * they are judged by. Stopped in here, a step begins anew. */
err_code optimiser_look(optimiser *p, err *e);
/* Every slot is judged and goes a step further; finished ones have their job's results. */
err_code optimiser_move(optimiser *p, err *e);
/* The nearest token of every position for which it is due. */
err_code optimiser_refresh_nearest(optimiser *p, err *e);
/* Positions of a job that have a token before them, so that a token can be expected there; at least
 * 1. */
int optimiser_expected(const optimiser *p, const optimise_job *job);

/* ---- its bytes --------------------------------------------------------------------------------
 */

/* Puts the state between two steps into the draft. */
err_code optimiser_put(str *to, const optimiser *p, err *e);
/* Sets it, from the setting's draft, which optimiser_put() made of the same jobs. E_FORMAT when it
 * is anything else; the jobs are worth nothing then. */
err_code optimiser_get(optimiser *p, err *e);
/* Points that one job's curve has room for. */
int optimise_curve_room(const optimise_options *o);

#endif
