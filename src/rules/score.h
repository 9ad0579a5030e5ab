/* How well a prediction says where, and how strongly, a feature is active: on the report part, at
 * the rate at which it really occurs. One set of measures for whatever predicts. */
#ifndef RULES_SCORE_H
#define RULES_SCORE_H
#include "rules/target.h"
#include "rules/text.h"

/* NaN where it is not defined (0 / 0); low and high, too, when that holds for half of the
 * resamples. The interval holds the middle 95% of the values over resampled documents. */
typedef struct rule_estimate {
    double value, low, high;
} rule_estimate;

/* Per token. Predicted: prediction > 0. */
typedef struct rule_agreement {
    int64_t tp, fp, fn, tn;
    rule_estimate precision, recall;
    rule_estimate f1;                /* 2 tp / (2 tp + fp + fn) */
    rule_estimate balanced_accuracy; /* (tp / (tp + fn) + tn / (tn + fp)) / 2 */
    /* Average precision of the prediction: the sum over its values, largest first, of the gain in
     * recall times the precision so far; equal values are one step. */
    rule_estimate auprc;
} rule_agreement;

/* Balanced accuracy over windows and how many there were of each sort; NaN without either. */
typedef struct rule_window_score {
    double balanced_accuracy;
    int n_active, n_silent;
} rule_window_score;

typedef struct rule_score {
    rule_agreement at_level; /* active: activation >= rule_target.level */
    rule_agreement any;      /* active: activation > 0 */
    rule_estimate pearson;   /* of prediction and activation, per token */
    /* The protocols of delphi (Paulo et al. 2024) with the prediction in the judge's place.
     * Documents are cut into windows of 32 tokens (the last of each may be shorter); 5 windows for
     * each tenth of those with activation, by their maximum, and 50 without. */
    rule_window_score detection; /* says yes when anything in the window is predicted */
    /* Marked are the tokens over 0.3 of the window's maximum, in silent windows as many tokens
     * drawn at random as are marked in active ones on average, rounded up. Says yes when at least
     * half of the marked tokens are predicted. */
    rule_window_score fuzzing;
    /* Bills et al. 2023: Pearson over the pooled tokens of the 5 windows with the largest maxima
     * and 5 drawn from the others. */
    double simulation;
} rule_score;

typedef struct rule_score_options {
    uint64_t seed; /* draws documents and windows; the same for all that is to be compared */
    int resamples; /* 0: no intervals (low and high are NaN) */
} rule_score_options;

/* prediction_N: one for each position of the report part, in order, >= 0; 0: "not active". Where
 * there is no grade, 1. Time: resamples times (documents + tokens predicted or active). */
void rule_score_prediction(rule_score *out, const rule_text *t, const rule_target *target,
                           const float *prediction_N, const rule_score_options *o);

#endif
