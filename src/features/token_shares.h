/* What a token says about a feature, and the feature about the token. */
#ifndef FEATURES_TOKEN_SHARES_H
#define FEATURES_TOKEN_SHARES_H
#include "features/proportion.h"
#include "features/survey.h"
#include "features/text_index.h"

typedef struct token_share {
    token_stat stat;
    int64_t n;        /* counted occurrences of the token, active or not */
    proportion fires; /* share of them on which the feature is active: P(fires | token) */
    double share;     /* of the feature's active tokens that are this one: P(token | fires) */
    double f1;        /* of "the feature fires where this token is": harmonic mean of both shares */
} token_share;

/* Every token on which the feature is active, best F1 first, ties by id; from `a`. Returns how
 * many. `index` is of the same prompts. */
int survey_token_shares(token_share **out, const survey *s, int which, const prompt_set *p,
                        const text_index *index, arena *a);

#endif
