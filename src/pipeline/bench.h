/* saeinv bench: the hot paths at three sizes each, beside the machine's best matrix product. */
#ifndef PIPELINE_BENCH_H
#define PIPELINE_BENCH_H
#include "base/json.h"
#include "compute/backend.h"
#include "pipeline/study.h"

/* What one run of a path did. */
typedef struct bench_work {
    double units;   /* tokens, rows, features, pages */
    double flops;   /* counted from the shapes; 0: what there is to count is no arithmetic */
    double bytes;   /* that must move between memory and processor at least */
    double seconds; /* of the path alone, without what prepares it */
} bench_work;

/* A path at one shape. */
typedef struct bench_path {
    const char *name;  /* what --only asks for: "scan" */
    const char *shape; /* "Pythia-70M, 512 -> 32,768" */
    const char *unit;  /* "tokens" */
    /* Runs at `scale` times its usual size: 0.5, 1 or 2 (a quarter of them with --quick). */
    err_code (*run)(bench_work *out, void *context, double scale, err *e);
    void *context;
} bench_path;

/* FLOP/s of the best matrix product. */
typedef struct bench_peak {
    double one; /* on one core; 0: the device has none */
    double all;
} bench_peak;

typedef struct bench {
    backend *backend;
    const char *device, *products;
    const char *only;  /* NULL: every path */
    const char *shape; /* part of the name of shapes to measure; NULL: all */
    bool quick;
    bench_peak peak;
    cJSON *json; /* array of rows; NULL: a table on stdout */
} bench;

/* Whether --only asks for it, and --shape for a shape of this name. */
bool bench_wants(const bench *b, const char *name);
bool bench_wants_shape(const bench *b, const char *shape);
/* Measures the peak now, about `seconds` on each kind of product, our own and the library's. */
err_code bench_measure_peak(double *flops_per_second, backend *be, double seconds, err *e);
/* One core and all: prints both. */
err_code bench_machine(bench *b, err *e);
/* Runs the path at its three sizes and prints its row: rate, GFLOP/s and their share of the peak
 * measured just before and after, memory beyond what was there before, and the exponent with which
 * time grows from half to double size. */
err_code bench_measure(bench *b, const bench_path *p, err *e);
void bench_header(const bench *b);

/* ---- the paths ----------------------------------------------------------------------------------
 * Each opens what it needs, measures those that bench_wants() and releases all. */

/* scan and optimise on random weights in the shapes of real models. */
err_code bench_shapes(bench *b, err *e);
/* scan, optimise, rules and render with the study's model and SAE; the study is open. */
err_code bench_study(bench *b, study *s, err *e);
/* knn, umap and hdbscan on random clusters of rows. */
err_code bench_maps(bench *b, err *e);

/* ---- their parts --------------------------------------------------------------------------------
 */

/* Bytes of ordinary memory this process holds, and the most since bench_memory_start(); 0 where the
 * system does not say. */
double bench_memory_now(void);
void bench_memory_start(void);
double bench_memory_most(void);

#endif
