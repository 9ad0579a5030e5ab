/* What relaxed.c climbs: some restarts of one feature through the model, as mixtures and as tokens.
 * Apart so that the gradient can be tested by itself. */
#ifndef INVERT_RELAXED_PASS_H
#define INVERT_RELAXED_PASS_H
#include "invert/mixture.h"
#include "invert/relaxed.h"

/* Buffers for the widest group of restarts of any job. Row b * T + t is position t of restart b;
 * the BOS, when there is one, stands at position 0. */
typedef struct relaxed_pass {
    const optimise_setting *set;
    const relaxed_options *o;
    backend *be;
    objective *objective; /* entry i of its list is the feature of job i */
    forward *run;
    int skip, D, W; /* 1 with a BOS; widths of the embedding and of the hook */
    /* The group under way. */
    mixture *mix;
    int job, R, L; /* which job, restarts, free positions */
    double scale;
    int32_t *tokens_N, *which_N;
    float *host_value_N, *host_d_value_N;
    /* Backend. The free rows, and what they leave at the hook, also packed, R * L of them. */
    float *x_ND, *d_x_ND, *d_h_NW;
    float *free_x_ND, *free_d_x_ND, *free_h_NW, *free_d_h_NW;
    double *cost_R; /* of penalties, which nobody reads */
} relaxed_pass;

err_code relaxed_pass_open(relaxed_pass *p, const relaxed_job *jobs, int n,
                           const optimise_setting *setting, const relaxed_options *o, err *e);
void relaxed_pass_close(relaxed_pass *p);

/* Values of the mixtures into host_value_N, as they are with this noise at this step. */
err_code relaxed_pass_values(relaxed_pass *p, double tau, double noise, int step, err *e);
/* After relaxed_pass_values(): the gradient of the loss, which is minus the sum over restarts of
 * the smooth maximum in units of scale, plus repetition, diversity and this price of every row's
 * being mixed. At the free rows in free_d_x_ND [R * L, D], the price left out; at theta in
 * mix->d_theta_NK. */
err_code relaxed_pass_gradient(relaxed_pass *p, double tau, double entropy, err *e);
/* Values of these tokens, R restarts of L, into host_value_N. */
err_code relaxed_pass_tokens(relaxed_pass *p, const int32_t *tokens_RL, err *e);
/* The largest of host_value_N over the free positions of a restart. */
float relaxed_pass_best(const relaxed_pass *p, int restart);

#endif
