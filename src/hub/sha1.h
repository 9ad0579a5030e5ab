/* SHA-1 (FIPS 180-4), because git names small files by it. Not for anything that an attacker should
 * not be able to forge: large files carry a SHA-256. */
#ifndef HUB_SHA1_H
#define HUB_SHA1_H
#include "base/block_hash.h"

typedef block_hash sha1;

enum { SHA1_HEX = 41 };
void sha1_start(sha1 *s);
void sha1_add(sha1 *s, const void *data, size_t n);
/* Lower-case hex with a final NUL. */
void sha1_finish(sha1 *s, char hex[SHA1_HEX]);

#endif
