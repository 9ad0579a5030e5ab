/* How sure a share is. */
#ifndef FEATURES_PROPORTION_H
#define FEATURES_PROPORTION_H
#include <stdint.h>

/* k of n, and the score interval that holds the true share in 95% of cases (Wilson 1927, "Probable
 * inference, the law of succession, and statistical inference"); it stays in 0..1 and is of use for
 * k = 0 and k = n. n = 0: all NaN. 0 <= k <= n. */
typedef struct proportion {
    double value, low, high;
} proportion;
proportion proportion_of(int64_t k, int64_t n);

#endif
