/* Files: read whole or mapped, written atomically, directories made, listed, replaced and removed.
 */
#ifndef BASE_IO_H
#define BASE_IO_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Read-only bytes of a file. `data` stays valid until io_unmap. */
typedef struct mapping {
    const unsigned char *data;
    size_t size;
    void *base; /* NULL when the bytes are not ours (built into the program) */
} mapping;

err_code io_map(mapping *out, const char *path, err *e);
void io_unmap(mapping *m);

/* Appends the whole file to `out`; files larger than `limit` bytes are refused. */
err_code io_read(str *out, const char *path, size_t limit, err *e);
/* As io_read; a file that starts with the gzip magic is unpacked, `limit` holds for the result. */
err_code io_read_maybe_gzip(str *out, const char *path, size_t limit, err *e);

/* Writes path.tmp-like name beside, syncs, renames: the file is whole or as before. Mode 0644. */
err_code io_write(const char *path, const void *data, size_t n, err *e);
/* As io_write, packed by gzip; the header holds neither a time nor a name, so that the same data
 * give the same bytes. E_MEMORY when the packed bytes do not fit. */
err_code io_write_gzip(const char *path, const void *data, size_t n, err *e);

/* A file being written, with one sticky error. Nothing is visible under `path` until io_close. */
typedef struct io_file {
    FILE *stream;
    char *path, *temporary;
    bool failed;
} io_file;
err_code io_create(io_file *out, const char *path, err *e);
void io_put(io_file *f, const void *data, size_t n);
void io_printf(io_file *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Syncs and renames into place; any earlier short write is reported here and leaves no file. */
err_code io_close(io_file *f, err *e);
/* Drops what was written. Safe on a zeroed or closed io_file. */
void io_abandon(io_file *f);

bool io_exists(const char *path);
bool io_is_dir(const char *path);
/* mkdir -p. */
err_code io_make_dir(const char *path, err *e);
/* The names in a directory, sorted bytewise, without . and .. ; memory from the arena. */
err_code io_list(char ***names, int *n, const char *path, arena *a, err *e);
/* rm -r; a missing path is fine. Never follows symbolic links. */
err_code io_remove_tree(const char *path, err *e);
/* Copies a file, or a directory with all that is in it, to a path where nothing is yet. Links are
 * followed. */
err_code io_copy(const char *from, const char *to, err *e);
/* Puts directory `from` in the place of `to` (which may exist) by renames, then removes the old. */
err_code io_replace_dir(const char *from, const char *to, err *e);

/* "dir/name" in the arena. */
char *path_join(arena *a, const char *dir, const char *name);

#endif
