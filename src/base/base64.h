/* Base64 (RFC 4648, section 4: padded, without line breaks), as data: URIs and CSP hashes want it.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H
#include "base/str.h"

void base64_add(str *out, const void *data, size_t n);

#endif
