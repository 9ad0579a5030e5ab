/* Bytes into blocks, the same for every hash of the family. */
#include "base/block_hash.h"
#include <string.h>

void block_hash_add(block_hash *h, block_compress *compress, const void *data, size_t n)
{
    const unsigned char *p = data;
    size_t filled = h->length % 64;
    h->length += n;
    while (n) {
        size_t take = 64 - filled < n ? 64 - filled : n;
        memcpy(h->block + filled, p, take);
        p += take;
        n -= take;
        filled += take;
        if (filled == 64) {
            compress(h->state, h->block);
            filled = 0;
        }
    }
}

void block_hash_finish(block_hash *h, block_compress *compress, int words, char *hex)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char tail[72] = {0x80};
    uint64_t bits = h->length * 8;
    size_t padding = (119 - h->length % 64) % 64 + 1; /* 0x80 and zeros up to 56 mod 64 */
    for (int i = 0; i < 8; i++)
        tail[padding + (size_t)i] = (unsigned char)(bits >> (56 - 8 * i));
    block_hash_add(h, compress, tail, padding + 8);
    for (int i = 0; i < 8 * words; i++)
        hex[i] = digits[h->state[i / 8] >> (28 - 4 * (i % 8)) & 15];
    hex[8 * words] = '\0';
}
