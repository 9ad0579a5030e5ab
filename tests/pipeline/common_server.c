/* The server of the tests of net/, for those of pipeline/. */
#include "net/common_server.c"
