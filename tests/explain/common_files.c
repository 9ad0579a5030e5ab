/* The scratch folder of the tests of base/, for those of explain/. */
#include "base/common.c"
