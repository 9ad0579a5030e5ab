/* The scratch folder of the tests of base/, for those of pipeline/. */
#include "base/common.c"
