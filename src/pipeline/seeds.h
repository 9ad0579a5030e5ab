/* The same run with one seed after another, and what they agree on. */
#ifndef PIPELINE_SEEDS_H
#define PIPELINE_SEEDS_H
#include "pipeline/pipeline.h"

enum { MOST_SEEDS = 100 };

/* n runs, n in 2..MOST_SEEDS, with the seeds run.seed .. run.seed + n - 1: OUT/seed-N for each,
 * OUT/stability, which puts them side by side, and OUT/index.html over all. Runs are kept as they
 * are finished; the same call goes on from there. E_USAGE: OUT holds what is not of this kind, or
 * a finished set of runs and force is off. */
err_code seeds_run(const run_config *c, const run_places *places, int n, reporter *r, err *e);

#endif
