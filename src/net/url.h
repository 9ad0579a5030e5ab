/* Addresses of http and https servers. */
#ifndef NET_URL_H
#define NET_URL_H
#include "base/err.h"
#include <stdbool.h>

/* Resolves `location` against `base` (NULL: it is absolute) into *url, and its origin,
 * "scheme://host:port". Only http and https, no user names: E_IO for all others. Both from
 * mem_strdup. */
err_code url_resolve(char **url, char **origin, const char *base, const char *location, err *e);

/* Whether an origin is this machine itself, which nothing leaves on the way to. */
bool url_is_this_machine(const char *origin);
/* Whether what is sent to an origin can be read by nobody else: https, or this machine. */
bool url_is_private(const char *origin);

/* "a b/c" as "a%20b/c", with the '/' as %2F where keep_slash is false; memory from mem_strdup. */
char *url_escape(const char *text, bool keep_slash);

#endif
