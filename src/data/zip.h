/* Zip archives as NumPy and torch write them (PKWARE's APPNOTE 6.3.10): members stored or deflated,
 * with 64-bit sizes. Nothing in them is believed before it was compared with the rest. */
#ifndef DATA_ZIP_H
#define DATA_ZIP_H
#include "base/arena.h"
#include "base/err.h"
#include "data/quota.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct zip_member {
    const char *name; /* UTF-8 without control characters */
    const unsigned char *packed;
    size_t packed_size, size;
    uint32_t crc;
    bool deflated;
    const unsigned char *bytes; /* NULL before zip_read() */
} zip_member;

/* Everything is borrowed from the archive's bytes and the arena. */
typedef struct zip {
    const char *file;    /* for messages */
    zip_member *members; /* sorted by name, no name twice */
    size_t n_members;
} zip;

/* Reads the directory of an archive in memory. Refused (E_FORMAT): several disks, encryption, other
 * methods, a directory or a member that does not lie where it says, members that overlap, a name
 * twice, a local header that says something else than the directory. */
err_code zip_parse(zip *out, const void *data, size_t size, const char *file, arena *memory,
                   err *e);
/* NULL when there is none. */
zip_member *zip_find(const zip *z, const char *name);
/* Sets m->bytes to the m->size bytes of the member: in place when stored, else unpacked into memory
 * from the quota. E_FORMAT unless they have exactly this size and checksum. Cheap the second time.
 */
err_code zip_read(zip_member *m, const zip *z, quota *unpacked, err *e);

#endif
