/* Whether a feature depends on how far into a prompt it is read. */
#ifndef FEATURES_POSITION_PROFILE_H
#define FEATURES_POSITION_PROFILE_H
#include "features/survey.h"
#include "features/text_index.h"

/* Positions count from 1, the BOS left out. Each stretch is as long as all before it, 1, 2, 3-4,
 * 5-8 ...: a prompt's beginning is where position matters most, and every stretch has about as
 * much text. */
typedef struct position_bin {
    int first, last;     /* of the last bin: the end of the longest prompt */
    int64_t n, n_active; /* counted tokens there, and active ones */
    double mean;         /* activation over the active ones; NaN: none */
} position_bin;

/* In the arena. Returns how many. `index` is of the same prompts. */
int survey_positions(position_bin **out, const survey *s, int which, const prompt_set *p,
                     const text_index *index, arena *a);

#endif
