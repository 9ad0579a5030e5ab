/* A second look at few features: every token on which they are active, from which their contexts,
 * their tokens and their histogram follow. */
#ifndef FEATURES_SURVEY_H
#define FEATURES_SURVEY_H
#include "base/arena.h"
#include "features/batch.h"
#include "sae/sae.h"

typedef struct token_activation {
    int32_t prompt, position; /* the BOS counts as a position */
    float value;              /* > 0 */
} token_activation;

/* Owner: caller, survey_release(). */
typedef struct survey {
    int n_features;
    const int *features;       /* borrowed ids */
    token_activation **active; /* per feature, in the order of the text */
    size_t *n_active;
} survey;

/* Memory: 12 bytes per token on which one of the features is active. */
err_code survey_features(survey *out, const scan_source *source, sae *s, const int *features, int n,
                         err *e);
void survey_release(survey *s);

/* Windows of `length` tokens without the BOS and without special tokens that end at the feature's
 * peaks (or begin with the prompt, where that is less far): one of each prompt, the same words
 * never twice, strongest first, at most `most`. out_WL is in the arena. Returns how many. */
int survey_windows(int32_t **out_WL, const survey *s, int which, const prompt_set *p,
                   const tokenizer *t, int length, int most, arena *a);

/* How a feature treats one token. */
typedef struct token_stat {
    int32_t token;
    int64_t n_active;
    double mean; /* over its active occurrences */
    float max;
} token_stat;

/* All tokens on which the feature is active, strongest mean first among those with at least
 * `min_count` occurrences; in the arena. Returns how many. */
int survey_tokens(token_stat **out, const survey *s, int which, const prompt_set *p, int min_count,
                  arena *a);

#endif
