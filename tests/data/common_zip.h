/* Zip archives made for tests: each record's place is known, so that a test can spoil it. */
#ifndef TESTS_DATA_COMMON_ZIP_H
#define TESTS_DATA_COMMON_ZIP_H
#include "base/str.h"
#include <stdbool.h>
#include <stddef.h>

enum { ZIP_MOST = 8 };

typedef struct zip_piece {
    const char *name;
    const void *data;
    size_t n;
    bool deflated;
} zip_piece;

/* How the records are written; any combination. */
typedef enum {
    ZIP_PLAIN = 0,
    ZIP_WIDE_LOCAL = 1,  /* 64-bit sizes in the local headers, as NumPy */
    ZIP_WIDE_ENTRY = 2,  /* 64-bit sizes and places in the directory */
    ZIP_WIDE_END = 4,    /* a 64-bit end record and its locator, as torch */
    ZIP_SIZES_FOLLOW = 8 /* zeros in the local headers, sizes after the data, as torch */
} zip_style;

/* Where in the archive each record begins. */
typedef struct zip_layout {
    size_t local[ZIP_MOST], entry[ZIP_MOST], directory, end64, locator, end;
} zip_layout;

/* Replaces what `out` held. At most ZIP_MOST pieces. */
void zip_build(str *out, zip_layout *layout, const zip_piece *pieces, int n, int style);
/* Overwrites `bytes` bytes with a little-endian number. */
void zip_patch(str *archive, size_t at, int bytes, uint64_t value);

#endif
