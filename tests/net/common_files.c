/* The scratch folder of the tests of base/, for those of net/. */
#include "base/common.c"
