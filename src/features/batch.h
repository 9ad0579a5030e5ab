/* Prompts run through the model in rectangular batches, and their rows without the padding. */
#ifndef FEATURES_BATCH_H
#define FEATURES_BATCH_H
#include "base/draft.h"
#include "base/progress.h"
#include "features/prompts.h"
#include "model/forward.h"

/* What a scan needs; all borrowed. */
typedef struct scan_source {
    model *model;
    const hook *hook;
    const prompt_set *prompts;
    const tokenizer *tokenizer;
    int batch_size;     /* prompts run at once */
    reporter *reporter; /* progress; may be NULL */
    const char *name;   /* of the progress bar */
    int first;          /* prompt to begin with */
    draft *draft;       /* of collect_features(); NULL: a pass that is stopped begins anew */
} scan_source;

/* One prompt's rows at the hook: x_TD, T = length rows, backend memory, valid during the call. */
typedef err_code scan_visitor(void *context, int prompt, const float *x_TD, int length, err *e);

/* Runs every prompt from source->first on to the hook, in order, and hands each one's rows over.
 * Stops with the visitor's error, or E_CANCELLED on Ctrl-C. Prompts must not be longer than the
 * model's context. */
err_code scan_prompts(const scan_source *source, scan_visitor *visit, void *context, err *e);

#endif
