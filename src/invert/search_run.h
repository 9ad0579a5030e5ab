/* The searches of many features, which take their steps together. Private to the search. */
#ifndef INVERT_SEARCH_RUN_H
#define INVERT_SEARCH_RUN_H
#include "invert/search_state.h"

typedef struct search_run {
    const optimise_setting *set;
    const search_options *o;
    uint64_t seed;
    search_job *jobs;
    relaxed_job *relaxed; /* of all features; NULL without relaxed starts */
    int n_jobs, n_relaxed, next_job, n_done;
    scorer *scorer;
    search_state *states;
    int n_states, K;  /* under way; tokens by gradient */
    candidate **list; /* of whatever is run next */
    int most_members, most_children;
    float *d_x_NLD, *fresh_x, *log_p, *loss;
    double *weights;
    int32_t *top_ids;
    member **members; /* beside the parents */
    double began;
    arena *memory;
} search_run;

/* The next state, of this job, as yet without members. */
search_state *search_run_open(search_run *s, int job);

/* ---- search_draft.c: what it takes to go on, between two steps ---- */

void search_run_put(str *to, const search_run *s);
/* Out of the setting's draft, into a run of the same jobs that has not begun. E_FORMAT when that is
 * not of one. */
err_code search_run_get(search_run *s, err *e);

#endif
