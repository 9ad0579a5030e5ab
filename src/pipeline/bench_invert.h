/* saeinv bench --invert: what each way of looking for inputs reaches, at what cost. */
#ifndef PIPELINE_BENCH_INVERT_H
#define PIPELINE_BENCH_INVERT_H
#include "pipeline/study.h"

typedef struct bench_options {
    int features;  /* live ones, evenly over their densities; 0: all */
    bool defaults; /* also the published methods with all of their own iterations */
    double peak;   /* FLOP/s of the machine's best product, for shares; 0: not known */
} bench_options;

/* Prints the tables to stdout. The study is open; its collect stage is run here. */
err_code bench_invert(study *s, const bench_options *o, err *e);

/* Chooses s->targets: `wanted` live features (0: all), evenly over their densities, so that rare
 * and frequent ones are both there. Prints how many. After stage_collect(). */
err_code bench_choose_features(study *s, int wanted, err *e);

/* Iterations of a method that is to end when its work is spent. */
enum { BENCH_ENDLESS = 1000000 };

/* Of the numbers of a list that are not NaN; NaN when there are none. */
typedef struct spread {
    double median, tenth, above_1, above_08; /* the last two in percent */
} spread;
spread spread_of(const double *x, int n);

/* ---- its parts ---------------------------------------------------------------------------------
 */

/* What one method reached for each of n targets; arrays of n. */
typedef struct method_result {
    const char *name;
    double *ratio_n;                  /* best real tokens / the data's maximum; NaN: none */
    double *fluent_n;                 /* the same among those that are no less likely than data */
    double *hypervolume_n;            /* NaN where no front was looked for */
    double flops, sequences, seconds; /* a feature; NaN: not counted */
} method_result;

/* All sequences of `length` out of few tokens: the true optimum, and who finds it. Prints. */
err_code bench_exact(study *s, err *e);
/* For features that stand for a concept of the built-in world: do the best inputs hold its words?
 * Prints; says so when there is no such truth. Replaces s->targets. */
err_code bench_concepts(study *s, err *e);

#endif
