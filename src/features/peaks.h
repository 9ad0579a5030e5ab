/* Where a feature is strongest in each prompt. */
#ifndef FEATURES_PEAKS_H
#define FEATURES_PEAKS_H
#include "features/survey.h"

/* A prompt in which the feature is active: its peak and where its tokens begin in the survey. */
typedef struct prompt_peak {
    int prompt, position;
    float max;
    size_t first, n;
} prompt_peak;

/* Strongest first, ties in the order of the prompts. `which` counts in survey.features. Returns how
 * many. Owner: caller, mem_free(). */
int find_peaks(prompt_peak **out, const survey *s, int which);

#endif
