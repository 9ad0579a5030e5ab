/* What the cache needs of the file system beyond base/io.h: sizes behind links, files that grow and
 * are renamed when whole, links, free space. */
#ifndef HUB_STORE_H
#define HUB_STORE_H
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is path, links followed, a regular file? Its size. */
bool store_file_size(uint64_t *size, const char *path);

/* A file under its temporary name, which outlives the program: a later run goes on with it. */
typedef struct partial {
    int fd;
    const char *path; /* borrowed */
    uint64_t size;
} partial;

/* Opens or creates it; size is what an earlier run left. Never through a symbolic link. */
err_code partial_open(partial *out, const char *path, err *e);
err_code partial_append(partial *p, const void *data, size_t n, err *e);
err_code partial_clear(partial *p, err *e);
/* Hands every byte to `take`, in order. */
err_code partial_read(const partial *p, void (*take)(void *context, const void *data, size_t n),
                      void *context, err *e);
/* Syncs, and renames to `path`; the partial is then closed. */
err_code partial_finish(partial *p, const char *path, err *e);
/* Closes and leaves the file. Safe on a finished one and on {.fd = -1}. */
void partial_close(partial *p);

/* Makes `path` a symbolic link to `target` in one step, replacing what was there. Where the file
 * system has no links the file `whole` is moved there instead. */
err_code store_link(const char *path, const char *target, const char *whole, err *e);

/* Bytes that this user may still write where `dir` is. */
err_code store_free_bytes(uint64_t *out, const char *dir, err *e);

#endif
