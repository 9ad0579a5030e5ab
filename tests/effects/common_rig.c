/* The small model, SAE and tokenizer of the features' tests. */
#include "features/common_rig.c"
