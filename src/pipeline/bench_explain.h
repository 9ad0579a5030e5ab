/* saeinv bench --explain: how well rules say where features are active, beside the original
 * program's sentences and controls. */
#ifndef PIPELINE_BENCH_EXPLAIN_H
#define PIPELINE_BENCH_EXPLAIN_H
#include "pipeline/study.h"

/* Of `features` live features, evenly over their densities (0: all), and, for the built-in model,
 * of those that stand for a known concept. Prints tables to stdout. The study is open; its collect
 * stage is run here. */
err_code bench_explain(study *s, int features, err *e);

#endif
