/* From a study to its record: the numbers half ends here. */
#ifndef PIPELINE_REPORT_H
#define PIPELINE_REPORT_H
#include "features/text_index.h"
#include "features/contexts.h"
#include "pipeline/study.h"

/* Fills r from the finished study; memory from s->memory, so r lives as long as the study. */
err_code report_fill(record *r, study *s, err *e);

/* The parts, in the order of the record's members. */
void report_run(record *r, study *s);
err_code report_training(record *r, study *s, err *e);
void report_filters(record *r, study *s);
void report_features(record *r, study *s);
void report_clusters(record *r, study *s);
void report_targets(record *r, study *s);
/* The part of a target that its active tokens tell: statistics, tokens, contexts. */
void report_activity(record_target *t, study *s, int target, const text_index *index);
/* Rules, scores and counter-examples of the targets, the parts of the documents, and what rules say
 * of known concepts. */
err_code report_rules(record *r, study *s, err *e);

/* A context of a target out of its survey; memory from s->memory. */
record_context report_context(const feature_context *c, study *s);
/* What a language model made of one target, with its scores. */
void report_written(record_explanation *out, study *s, const explainer_result *x);
/* Its detection as a row beside the rule's, all else NaN: it says nothing of single tokens. */
record_score report_written_score(const explainer_result *x);

/* A token's bytes, borrowed from the study's tokenizer. */
record_bytes report_token(const study *s, int id);
/* The tokens decoded together; memory from s->memory. */
record_bytes report_text(study *s, const int32_t *tokens, int n);

#endif
