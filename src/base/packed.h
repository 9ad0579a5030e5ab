/* Arrays written one after another as bytes, and read back in the same order. */
#ifndef BASE_PACKED_H
#define BASE_PACKED_H
#include "base/str.h"
#include <stdbool.h>

void packed_put(str *to, const void *data, size_t n, size_t size);

typedef struct packed_reader {
    const char *data;
    size_t left;
    bool short_read; /* sticky: asked for more than there is */
} packed_reader;
/* From the beginning of `from`, which stays as it is meanwhile. */
packed_reader packed_read(const str *from);
/* Zeros where there is less. */
void packed_get(packed_reader *r, void *out, size_t n, size_t size);

#endif
