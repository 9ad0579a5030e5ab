/* What can be said of one report among others, whether it is whole or not. */
#ifndef RESULTS_RUN_SUMMARY_H
#define RESULTS_RUN_SUMMARY_H
#include "results/record.h"

typedef enum {
    RUN_WHOLE,        /* read to the end, and every file is as it was written */
    RUN_CHANGED,      /* read to the end, but not what its MANIFEST.sha256 says */
    RUN_OTHER_SCHEMA, /* written by another version of this program */
    RUN_DAMAGED,      /* something is missing, cut off or contradicts itself */
    RUN_UNFINISHED    /* NAME.unfinished: still running, or killed */
} run_state;

typedef struct run_summary {
    const char *name; /* of its folder; any bytes */
    run_state state;
    const char *reason; /* why it is not whole, paths relative to its folder; "" */
    bool has_page;      /* whether it has an index.html */
    /* "" and NaN where run.json or compare.json could not be read. */
    const char *title, *label, *model, *sae, *hook, *data, *seed, *version;
    double n_prompts, n_tokens;
    record_metric *figures; /* the headline figures, in their order */
    int n_figures;
    double *rule_f1; /* of the targets' rules, in the order of the targets; whole runs only */
    int n_rule_f1;
} run_summary;

/* Whether DIR/NAME is a report or was meant to become one: it has a run.json, its name ends in
 * ".unfinished", or it has the manifest and data of a report that lost its run.json. */
bool run_is_report(const char *dir, const char *name);

/* Reads DIR/NAME (memory from `a`). Whatever is wrong with it becomes state and reason. */
void run_summary_read(run_summary *out, arena *a, const char *dir, const char *name);

/* The headline figure of that name; NaN when the run has none. */
double run_figure(const run_summary *run, const char *name);

/* One or two words for the state: "whole", "changed", "other schema" ... */
const char *run_state_name(run_state state);

#endif
