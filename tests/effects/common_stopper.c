/* The draft of the features' tests. */
#include "features/common_stopper.c"
