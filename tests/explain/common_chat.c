/* The endpoint of the tests of net/, for those of explain/. */
#include "net/common_chat.c"
