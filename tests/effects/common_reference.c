/* The second transformer of the model's tests, in double. */
#include "model/common.c"
