/* The synthetic record of the results' tests, for the site's. */
#include "results/common_rules.c"
