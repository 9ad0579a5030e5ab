/* An answer's headers, line by line, as they come. */
#ifndef NET_HEADERS_H
#define NET_HEADERS_H
#include "net/http.h"

/* Takes one line of n bytes, the status line included, into *reply and *location (the header of
 * that name, NULL when absent; mem_free). `elsewhere`: see http_reply. */
void headers_take(http_reply *reply, char **location, bool elsewhere, const char *line, size_t n);

#endif
