/* Blocks are large and few, so the list of them simply doubles. */
#include "data/quota.h"
#include "base/memory.h"

enum { FLOOR_BYTES = 64 << 20, TIMES_FILE = 4 };

quota quota_for_file(size_t file_bytes)
{
    size_t bytes;
    if (__builtin_mul_overflow(file_bytes, (size_t)TIMES_FILE, &bytes) ||
        __builtin_add_overflow(bytes, (size_t)FLOOR_BYTES, &bytes))
        bytes = (size_t)-1;
    return (quota){.left = bytes};
}

void *quota_take(quota *q, size_t n, size_t size, const char *file, const char *what, err *e)
{
    if (size && n > q->left / size) {
        err_set(e, E_FORMAT,
                "%s: with %s it would unpack to more than %d times its size and %d MiB: "
                "refused as a bomb",
                file, what, (int)TIMES_FILE, FLOOR_BYTES >> 20);
        return NULL;
    }
    void *block = mem_array(n, size, what, e);
    if (!block) {
        err_context(e, "%s", file);
        return NULL;
    }
    if ((q->n_blocks & (q->n_blocks - 1)) == 0)
        q->blocks = mem_grow(q->blocks, q->n_blocks ? 2 * q->n_blocks : 1, sizeof *q->blocks);
    q->blocks[q->n_blocks++] = block;
    q->left -= n * size;
    return block;
}

void quota_release(quota *q)
{
    for (size_t i = 0; i < q->n_blocks; i++)
        mem_free(q->blocks[i]);
    mem_free(q->blocks);
    *q = (quota){0};
}
