/* The small model, SAE and tokenizer of the tests of features/, for those of pipeline/. */
#include "features/common_rig.c"
