/* Windows of the report part as delphi (Paulo et al. 2024) judges explanations on them: documents
 * cut into stretches of 32 tokens (the last of each may be shorter), some with activation, some
 * without. */
#ifndef RULES_WINDOWS_H
#define RULES_WINDOWS_H
#include "base/rng.h"
#include "rules/target.h"
#include "rules/text.h"

enum { RULE_WINDOW = 32, RULE_WINDOW_TENTHS = 10 };

typedef struct rule_window {
    size_t first; /* position, counted from the part's first */
    int n;
    float max; /* activation; 0: silent */
    int tenth; /* of a drawn active one: 1, the weakest, to 10; else 0 */
} rule_window;

/* Owner: caller, rule_window_set_release(). */
typedef struct rule_window_set {
    float *value_N;               /* activation at each position of the part */
    rule_window *active, *silent; /* active: by rising maximum */
    int n_active, n_silent;
} rule_window_set;
void rule_window_set_make(rule_window_set *out, const rule_text *t, const rule_target *target);
void rule_window_set_release(rule_window_set *w);

/* Copies up to `most` of items[low .. high-1], drawn without repetition, which moves them. Returns
 * how many. */
int rule_window_draw(rule_window *out, rule_window *items, int low, int high, int most, rng *r);

/* Owner: caller, rule_window_sample_release(). */
typedef struct rule_window_sample {
    rule_window *active, *silent;
    int n_active, n_silent;
} rule_window_sample;
/* Up to per_tenth of each tenth of the active windows, weakest tenth first, and up to n_silent of
 * the silent ones. Moves the windows of *w. The seed alone decides, so that whatever is judged is
 * judged on the same ones. */
void rule_window_sample_draw(rule_window_sample *out, rule_window_set *w, int per_tenth,
                             int n_silent, uint64_t seed);
void rule_window_sample_release(rule_window_sample *s);

#endif
