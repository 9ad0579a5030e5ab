/* Wilson's interval: the shares p for which (k/n - p)^2 <= z^2 p (1 - p) / n, solved for p. */
#include "features/proportion.h"
#include <math.h>

static const double Z = 1.959963984540054; /* the normal distribution has 95% within it */

proportion proportion_of(int64_t k, int64_t n)
{
    if (n <= 0)
        return (proportion){(double)NAN, (double)NAN, (double)NAN};
    double count = (double)n, p = (double)k / count, z2 = Z * Z / count;
    double centre = (p + z2 / 2) / (1 + z2);
    double half = sqrt(p * (1 - p) * z2 + z2 * z2 / 4) / (1 + z2);
    /* Rounding must not leave 0..1 or the share itself outside. */
    return (proportion){p, k ? fmax(centre - half, 0) : 0, k < n ? fmin(centre + half, 1) : 1};
}
