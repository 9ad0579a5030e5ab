/* The server of the tests of net/, for those of hub/. */
#include "net/common_server.c"
