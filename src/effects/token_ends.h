/* The tokens at both ends of a ranking. */
#ifndef EFFECTS_TOKEN_ENDS_H
#define EFFECTS_TOKEN_ENDS_H
#include <stdint.h>

enum { END_TOKENS = 10 };

typedef struct ranked_token {
    int32_t id;
    double value;
} ranked_token;

/* highest[0] is the highest, lowest[0] the lowest; of equal values the lower id comes first in
 * both. */
typedef struct token_ends {
    int n; /* of each; never so many that a token would be in both */
    ranked_token highest[END_TOKENS], lowest[END_TOKENS];
} token_ends;

/* Of n tokens with these values, none of them NaN. */
token_ends find_token_ends(const int32_t *ids_n, const double *values_n, int n);

#endif
