/* The transformer in double of the model's tests. */
#include "model/common.c"
