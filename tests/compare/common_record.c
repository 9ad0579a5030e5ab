/* The synthetic record of the results' tests, for the comparison's. */
#include "results/common_record.c"
