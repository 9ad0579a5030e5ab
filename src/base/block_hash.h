/* What SHA-1 and SHA-256 share (FIPS 180-4): blocks of 64 bytes, the padding of the last, and the
 * state's words in hex. */
#ifndef BASE_BLOCK_HASH_H
#define BASE_BLOCK_HASH_H
#include <stddef.h>
#include <stdint.h>

typedef struct block_hash {
    uint32_t state[8]; /* as many words as the hash has */
    uint64_t length;
    unsigned char block[64];
} block_hash;

/* Mixes one block into the state: what tells one hash from another. */
typedef void block_compress(uint32_t *state, const unsigned char block[64]);

void block_hash_add(block_hash *h, block_compress *compress, const void *data, size_t n);
/* Lower-case hex of the first `words` words of the state, 8 digits each, and a final NUL. */
void block_hash_finish(block_hash *h, block_compress *compress, int words, char *hex);

#endif
