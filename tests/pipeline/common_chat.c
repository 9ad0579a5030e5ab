/* The endpoint of the tests of net/, for those of pipeline/. */
#include "net/common_chat.c"
