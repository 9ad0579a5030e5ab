/* The bytes of one zip member, unpacked and compared with their checksum. */
#include "data/zip.h"
#include <limits.h>
#include <zlib.h>

/* zlib counts in unsigned int, members in size_t. */
static uInt piece(size_t left)
{
    return left < UINT_MAX ? (uInt)left : UINT_MAX;
}

/* Fills `out` with exactly m->size bytes from exactly m->packed_size. False: it did not come out
 * even, or the data are damaged. */
static bool unpack(unsigned char *out, const zip_member *m)
{
    /* next_in of a zlib built without ZLIB_CONST is not const; it is only read from. */
    union {
        const unsigned char *from;
        unsigned char *to;
    } input = {m->packed};
    z_stream z = {.next_in = input.to, .next_out = out};
    size_t in = m->packed_size, room = m->size;
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK) /* negative: deflate without a zlib header */
        return false;
    int code = Z_OK;
    while (code == Z_OK) {
        uInt in_piece = piece(in), out_piece = piece(room);
        z.avail_in = in_piece;
        z.avail_out = out_piece;
        code = inflate(&z, Z_NO_FLUSH);
        in -= in_piece - z.avail_in;
        room -= out_piece - z.avail_out;
    }
    inflateEnd(&z);
    return code == Z_STREAM_END && in == 0 && room == 0;
}

err_code zip_read(zip_member *m, const zip *z, quota *unpacked, err *e)
{
    if (m->bytes)
        return OK;
    const unsigned char *bytes = m->packed;
    if (m->deflated) {
        unsigned char *room = quota_take(unpacked, m->size, 1, z->file, m->name, e);
        if (!room)
            return e->code;
        if (!unpack(room, m))
            return err_set(e, E_FORMAT,
                           "%s: member %s of the zip archive does not unpack to its "
                           "%zu bytes: the file is damaged",
                           z->file, m->name, m->size);
        bytes = room;
    }
    if (crc32_z(0, bytes, m->size) != m->crc)
        return err_set(e, E_FORMAT,
                       "%s: member %s of the zip archive does not match its checksum: "
                       "the file is damaged",
                       z->file, m->name);
    m->bytes = bytes;
    return OK;
}
