/* The small model with its token table, of the tests of invert. */
#include "invert/common_bed.c"
