/* A feature beside the single numbers of the hook's value, which are neurons where the hook is
 * behind a nonlinearity and axes of the stream elsewhere: whether it writes along few of them, and
 * with which of them it rises and falls. Both lists are SAEDashboard's (neuron alignment and
 * correlated neurons; commit db4839a), by size, over all counted tokens. */
#ifndef EFFECTS_NEURONS_H
#define EFFECTS_NEURONS_H
#include "features/survey.h"

enum { NEURONS = 3 };

typedef struct aligned_neuron {
    int neuron;
    double weight; /* in the decoder row */
    double share;  /* of the row's sum of sizes */
} aligned_neuron;

typedef struct correlated_neuron {
    int neuron;
    double correlation; /* Pearson's, of activation and value over all counted tokens */
    double cosine;      /* of the same two series about 0 */
} correlated_neuron;

/* Largest in size first, ties to the lower number. */
typedef struct target_neurons {
    int n_aligned, n_correlated; /* none correlated of a silent or constant feature */
    aligned_neuron aligned[NEURONS];
    correlated_neuron correlated[NEURONS];
} target_neurons;

void neurons_align(target_neurons *out, const float *row_O, int O);

/* Sums over counted tokens, of C targets of a survey from `first` on. Memory: (C + 2) D doubles.
 * Owner: caller, neuron_sums_release(). */
typedef struct neuron_sums {
    const survey *s;
    int first, C, D;
    int64_t n;                 /* tokens */
    double *sum_D, *squares_D; /* of the values */
    double *product_CD;        /* of activation and value */
    size_t *at_C;              /* the next active token of each target */
    bool *counted_T;
    float *host_TD;
} neuron_sums;

err_code neuron_sums_new(neuron_sums *out, const scan_source *source, const survey *s, int first,
                         int C, err *e);
/* A prompt's rows as scan_visitor gets them; prompts come in order. */
err_code neuron_sums_add(neuron_sums *x, const scan_source *source, int prompt, const float *x_TD,
                         int length, err *e);
void neuron_sums_correlate(target_neurons *out, const neuron_sums *x, int which);
void neuron_sums_release(neuron_sums *x);

#endif
