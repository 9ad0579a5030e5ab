/* The paths through a model and an SAE, for any model and SAE. */
#ifndef PIPELINE_BENCH_PATHS_H
#define PIPELINE_BENCH_PATHS_H
#include "features/collect.h"
#include "invert/optimise.h"
#include "pipeline/bench.h"

/* What both paths run on; all borrowed. */
typedef struct bench_model {
    const char *shape; /* in words */
    model *model;
    sae *sae;
    const tokenizer *tokenizer;
    const token_table *table;
    hook hook;
    int bos;
    int tokens;    /* of a scan, at least */
    int sequences; /* of an optimisation, at scale 1 and at least; 0: too long to be measured */
    int rounds;    /* of its steps; set by bench_model_paths() */
} bench_model;

/* Measures scan and optimise where they are wanted. */
err_code bench_model_paths(bench *b, const bench_model *m, err *e);

#endif
