/* The optimiser's state, which its own files share. */
#ifndef INVERT_OPTIMISER_H
#define INVERT_OPTIMISER_H
#include "invert/optimise.h"

typedef struct slot {
    optimise_job *job;
    float *x_LD, *d_x_LD, *first_LD, *second_LD;
    float *y_LD, *nearest_y_LD; /* x and the closest tokens whitened; FREE_WHITENED only */
    int32_t *nearest_L;
    int step;
    double best, reference; /* best score; best score when it last gained enough */
    int reference_step;
} slot;

/* One optimisation: its buffers, sized for the widest batch. */
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
    int32_t *tokens_BT, *targets_BT, *which_N;
    float *x_BTD, *d_x_BTD, *d_h, *pre_N, *f_N; /* backend */
    float *host_x_BTD, *host_d_BTD, *host_pre_N, *host_f_N, *host_d_pre_N, *host_loss_N;
    float *nearest_x; /* rows whose nearest token is due, or that are whitened */
    whitening_rows whitened;
    int32_t *nearest_ids;
    arena *memory;
} optimiser;

/* Puts the state between two steps into the draft. */
void optimiser_put(str *to, const optimiser *p);
/* Sets it, from the setting's draft, which optimiser_put() made of the same jobs. E_FORMAT when it
 * is anything else; the jobs are worth nothing then. */
err_code optimiser_get(optimiser *p, err *e);
/* Numbers of one slot's arrays, which lie behind one another from x_LD on. */
size_t optimiser_slot_numbers(const optimiser *p);
/* Points that one job's curve has room for. */
int optimise_curve_room(const optimise_options *o);

#endif
