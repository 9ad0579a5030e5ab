/* From what the search for real tokens found to its part of the record. */
#ifndef PIPELINE_REPORT_SEARCH_H
#define PIPELINE_REPORT_SEARCH_H
#include "pipeline/study.h"

/* Fills r->search and the search of every r->targets, which report_targets() has made, from the
 * study's searches and sequences; memory from s->memory. Features that the data never activate have
 * no maximum to be a unit: their ratios are NaN. E_DATA when a text cannot be tokenised. */
err_code report_search(record *r, study *s, err *e);

/* The summary alone, from the targets' searches: quantiles of the ratios, strata. */
void report_search_summary(record *r, study *s);

#endif
