/* A zip writer with knobs. */
#include "data/common_zip.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const uint32_t ONES = 0xffffffffu;

/* A piece as it is stored. */
typedef struct packed_piece {
    unsigned char *bytes;
    size_t n;
    uint32_t crc;
} packed_piece;

static void le(str *out, int bytes, uint64_t value)
{
    for (int i = 0; i < bytes; i++)
        str_add_char(out, (char)(value >> 8 * i & 0xff));
}

void zip_patch(str *archive, size_t at, int bytes, uint64_t value)
{
    assert(at + (size_t)bytes <= archive->len);
    for (int i = 0; i < bytes; i++)
        archive->data[at + (size_t)i] = (char)(value >> 8 * i & 0xff);
}

static packed_piece pack(const zip_piece *p)
{
    z_stream z = {0};
    size_t room = p->n + p->n / 100 + 100;
    packed_piece out = {.bytes = malloc(room), .n = p->n};
    assert(out.bytes);
    out.crc = (uint32_t)crc32_z(crc32_z(0, NULL, 0), p->data, p->n);
    if (!p->deflated) {
        memcpy(out.bytes, p->data, p->n);
        return out;
    }
    int code = deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    assert(code == Z_OK);
    z.next_in = (Bytef *)(uintptr_t)p->data;
    z.avail_in = (uInt)p->n;
    z.next_out = out.bytes;
    z.avail_out = (uInt)room;
    code = deflate(&z, Z_FINISH);
    assert(code == Z_STREAM_END);
    out.n = room - z.avail_out;
    deflateEnd(&z);
    return out;
}

/* Flags, method, time, date, checksum, sizes and length of the name: both headers have them. */
static void add_common(str *out, const zip_piece *p, const packed_piece *packed, bool later,
                       bool zeros, bool wide)
{
    le(out, 2, later ? 8 : 0);
    le(out, 2, p->deflated ? 8 : 0);
    le(out, 4, 0);
    le(out, 4, zeros ? 0 : packed->crc);
    le(out, 4, zeros ? 0 : wide ? ONES : packed->n);
    le(out, 4, zeros ? 0 : wide ? ONES : p->n);
    le(out, 2, strlen(p->name));
}

static void add_local(str *out, const zip_piece *p, const packed_piece *packed, int style)
{
    bool later = style & ZIP_SIZES_FOLLOW, wide = style & ZIP_WIDE_LOCAL && !later;
    le(out, 4, 0x04034b50);
    le(out, 2, 20);
    add_common(out, p, packed, later, later, wide);
    le(out, 2, wide ? 24 : 4);
    str_add(out, p->name);
    str_add_bytes(out, "FB\0\0", 4); /* another extra field first, as torch's padding */
    if (wide) {
        le(out, 2, 1);
        le(out, 2, 16);
        le(out, 8, p->n);
        le(out, 8, packed->n);
    }
    str_add_bytes(out, packed->bytes, packed->n);
    if (later) {
        le(out, 4, 0x08074b50);
        le(out, 4, packed->crc);
        le(out, 4, packed->n);
        le(out, 4, p->n);
    }
}

static void add_entry(str *out, const zip_piece *p, const packed_piece *packed, size_t at,
                      int style)
{
    bool wide = style & ZIP_WIDE_ENTRY;
    le(out, 4, 0x02014b50);
    le(out, 4, 20 << 16 | 20);
    add_common(out, p, packed, style & ZIP_SIZES_FOLLOW, false, wide);
    le(out, 2, wide ? 28 : 0);
    le(out, 2, 0); /* comment */
    le(out, 4, 0); /* disk, internal attributes */
    le(out, 4, 0);
    le(out, 4, wide ? ONES : at);
    str_add(out, p->name);
    if (wide) {
        le(out, 2, 1);
        le(out, 2, 24);
        le(out, 8, p->n);
        le(out, 8, packed->n);
        le(out, 8, at);
    }
}

static void add_end(str *out, zip_layout *layout, int n, int style)
{
    size_t size = out->len - layout->directory;
    bool wide = style & ZIP_WIDE_END;
    if (wide) {
        layout->end64 = out->len;
        le(out, 4, 0x06064b50);
        le(out, 8, 44);
        le(out, 4, 45 << 16 | 45);
        le(out, 8, 0); /* disks */
        le(out, 8, (uint64_t)n);
        le(out, 8, (uint64_t)n);
        le(out, 8, size);
        le(out, 8, layout->directory);
        layout->locator = out->len;
        le(out, 4, 0x07064b50);
        le(out, 4, 0);
        le(out, 8, layout->end64);
        le(out, 4, 1);
    }
    layout->end = out->len;
    le(out, 4, 0x06054b50);
    le(out, 4, 0); /* disks */
    le(out, 2, (uint64_t)n);
    le(out, 2, (uint64_t)n);
    le(out, 4, size);
    le(out, 4, wide ? ONES : layout->directory);
    le(out, 2, 0); /* comment */
}

void zip_build(str *out, zip_layout *layout, const zip_piece *pieces, int n, int style)
{
    packed_piece packed[ZIP_MOST];
    assert(n <= ZIP_MOST);
    *layout = (zip_layout){0};
    str_clear(out);
    for (int i = 0; i < n; i++) {
        layout->local[i] = out->len;
        packed[i] = pack(&pieces[i]);
        add_local(out, &pieces[i], &packed[i], style);
    }
    layout->directory = out->len;
    for (int i = 0; i < n; i++) {
        layout->entry[i] = out->len;
        add_entry(out, &pieces[i], &packed[i], layout->local[i], style);
        free(packed[i].bytes);
    }
    add_end(out, layout, n, style);
}
