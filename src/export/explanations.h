/* The sentences that a record has of a target, as rows for people who know other programs. */
#ifndef EXPORT_EXPLANATIONS_H
#define EXPORT_EXPLANATIONS_H
#include "results/record.h"

typedef struct export_explanation {
    const char *type;  /* "rule-v1", "template-v1", "prompt-v1", "language-model-v1" */
    const char *model; /* that wrote it; NULL: none did */
    const char *text;  /* valid UTF-8 without control characters; tokens between backticks */
    const char *notes; /* how good it is, measured on text that it was not made from; may be "" */
} export_explanation;

/* The rule's sentence first, unless nothing explains the target or too little was seen to fit one;
 * then the others that have a text. Memory from `a`. */
export_explanation *export_explanations(int *n, const record *r, const record_target *t, arena *a);

#endif
