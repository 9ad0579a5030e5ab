#include "base/packed.h"
#include <string.h>

void packed_put(str *payload, const void *data, size_t n, size_t size)
{
    str_add_bytes(payload, data, n * size);
}

packed_reader packed_read(const str *from)
{
    return (packed_reader){.data = str_text(from), .left = from->len};
}

void packed_get(packed_reader *r, void *out, size_t n, size_t size)
{
    if (size && n > r->left / size) {
        r->short_read = true;
        memset(out, 0, n * size);
        return;
    }
    if (n)
        memcpy(out, r->data, n * size);
    r->data += n * size;
    r->left -= n * size;
}
