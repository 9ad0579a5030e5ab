/* SHA-256 (FIPS 180-4), for cache keys and the report's manifest. */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H
#include "base/block_hash.h"
#include "base/err.h"

typedef block_hash sha256;

enum { SHA256_HEX = 65 };
void sha256_start(sha256 *s);
void sha256_add(sha256 *s, const void *data, size_t n);
/* Lower-case hex with a final NUL. */
void sha256_finish(sha256 *s, char hex[SHA256_HEX]);
void sha256_of(char hex[SHA256_HEX], const void *data, size_t n);
err_code sha256_of_file(char hex[SHA256_HEX], const char *path, err *e);

#endif
