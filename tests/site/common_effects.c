/* The synthetic record's effects, for the site's tests. */
#include "results/common_effects.c"
