/* The synthetic record of the results' tests, for the exports. */
#include "results/common_search.c"
