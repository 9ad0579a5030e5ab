/* From what the search for real tokens found to its part of the record. */
#ifndef PIPELINE_REPORT_SEARCH_H
#define PIPELINE_REPORT_SEARCH_H
#include "invert/attribution.h"
#include "invert/robustness.h"
#include "invert/search.h"
#include "pipeline/study.h"

/* The sequences a page shows, in the order of the record. */
typedef enum {
    FOUND_WARM,
    FOUND_COLD,
    FOUND_FLUENT,
    FOUND_PROJECTED, /* the real tokens nearest to the free embeddings */
    FOUND_SINGLE,
    FOUND_WINDOW,
    FOUND_KINDS
} found_kind;

/* All borrowed. */
typedef struct measured_sequence {
    const search_point *point;          /* NULL, or without tokens: there is none */
    const float *activation_L;          /* on each of its tokens; NULL: not measured */
    const attribution_job *attribution; /* NULL: not measured */
    const robustness_job *robustness;   /* NULL: not measured */
} measured_sequence;

typedef struct searched_target {
    const search_job *job;
    double free; /* pre-activation of the best free embeddings; NaN: none */
    measured_sequence found[FOUND_KINDS];
} searched_target;

/* A finished search: of every target of the study, in their order. */
typedef struct searched {
    const char *effort; /* "standard"; not "" */
    const search_options *options;
    double cross_entropy_mean, cross_entropy_limit; /* of the data's windows, nats a token */
    double flops_planned;                           /* of all targets */
    const searched_target *targets;
    int n;
} searched;

/* Fills r->search and the search of every r->targets, which report_targets() has made; memory from
 * s->memory. E_DATA when a text cannot be tokenised. */
err_code report_search(record *r, study *s, const searched *found, err *e);

/* The summary alone, from the targets' searches: quantiles of the ratios, strata. */
void report_search_summary(record *r, study *s, const searched *found);

#endif
