/* The directory of a zip archive.
 *
 *   member | member | ... | directory | [64-bit end record | locator] | end record | comment
 *
 * A member is a local header, its name, an extra field, then the data; the directory repeats the
 * headers and says where each begins. Read from the end: the end record must fit the comment, the
 * records before it must touch, and every member must lie before the directory. */
#include "data/zip.h"
#include "base/memory.h"
#include "data/stored_tensor.h"
#include <stdlib.h>
#include <string.h>

enum {
    LOCAL_BYTES = 30,
    ENTRY_BYTES = 46,
    END_BYTES = 22,
    LOCATOR_BYTES = 20,
    END64_BYTES = 56,
    LONGEST_COMMENT = 0xffff,
    ZIP64_EXTRA = 1,
    FLAG_ENCRYPTED = 1 << 0,
    FLAG_SIZES_FOLLOW = 1 << 3, /* the local header may hold zeros */
    FLAG_PATCH = 1 << 5,
    FLAG_STRONG_ENCRYPTION = 1 << 6,
    FLAG_MASKED_HEADERS = 1 << 13,
    STORED = 0,
    DEFLATED = 8,
    DEFLATE_MOST = 1032 /* bytes out per byte in (zlib's technical details) */
};

#define LOCAL_MAGIC 0x04034b50u
#define ENTRY_MAGIC 0x02014b50u
#define END_MAGIC 0x06054b50u
#define LOCATOR_MAGIC 0x07064b50u
#define END64_MAGIC 0x06064b50u

/* The archive's bytes and what is known of the directory. */
typedef struct archive {
    const unsigned char *data;
    const char *file;
    uint64_t directory, directory_size, n;
} archive;

/* Where a member and its header lie. */
typedef struct place {
    size_t begin, end, member;
} place;

static uint32_t le16(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t le32(const unsigned char *p)
{
    return le16(p) | le16(p + 2) << 16;
}

static uint64_t le64(const unsigned char *p)
{
    return le32(p) | (uint64_t)le32(p + 4) << 32;
}

static int compare_places(const void *a, const void *b)
{
    const place *x = a, *y = b;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

static int compare_members(const void *a, const void *b)
{
    return strcmp(((const zip_member *)a)->name, ((const zip_member *)b)->name);
}

/* A field of the short end record, against the same of the 64-bit one, for which all ones stand. */
static bool agrees(uint32_t narrow, uint32_t ones, uint64_t wide)
{
    return narrow == wide || narrow == ones;
}

/* The 64-bit end record before the locator; *end becomes the place of its first byte. */
static err_code read_end64(archive *a, size_t *end, const unsigned char *short_end, err *e)
{
    size_t locator_at = *end - LOCATOR_BYTES;
    const unsigned char *locator = a->data + locator_at;
    uint64_t at = le64(locator + 8);
    if (le32(locator + 4) != 0 || le32(locator + 16) != 1)
        return err_set(e, E_FORMAT, "%s: a zip archive over several disks", a->file);
    if (locator_at < END64_BYTES || at > locator_at - END64_BYTES ||
        le32(a->data + at) != END64_MAGIC || le64(a->data + at + 4) != locator_at - at - 12)
        return err_set(e, E_FORMAT,
                       "%s: the 64-bit end record of the zip archive is not where "
                       "its locator says",
                       a->file);
    const unsigned char *record = a->data + at;
    a->n = le64(record + 32);
    a->directory_size = le64(record + 40);
    a->directory = le64(record + 48);
    if (le32(record + 16) || le32(record + 20) || le64(record + 24) != a->n ||
        !agrees(le16(short_end + 10), 0xffffu, a->n) ||
        !agrees(le32(short_end + 12), 0xffffffffu, a->directory_size) ||
        !agrees(le32(short_end + 16), 0xffffffffu, a->directory))
        return err_set(e, E_FORMAT, "%s: the two end records of the zip archive disagree", a->file);
    *end = (size_t)at;
    return OK;
}

static err_code read_end(archive *a, size_t size, err *e)
{
    size_t at = 0;
    bool found = false;
    for (size_t n = 0; !found && n <= LONGEST_COMMENT && size >= END_BYTES + n; n++) {
        at = size - END_BYTES - n;
        found = le32(a->data + at) == END_MAGIC && le16(a->data + at + 20) == n;
    }
    if (!found)
        return err_set(e, E_FORMAT, "%s: the zip archive has no end record: it is truncated",
                       a->file);
    const unsigned char *record = a->data + at;
    if (le16(record + 4) || le16(record + 6) || le16(record + 8) != le16(record + 10))
        return err_set(e, E_FORMAT, "%s: a zip archive over several disks", a->file);
    a->n = le16(record + 10);
    a->directory_size = le32(record + 12);
    a->directory = le32(record + 16);
    err_code rc = OK;
    if (at >= LOCATOR_BYTES && le32(record - LOCATOR_BYTES) == LOCATOR_MAGIC)
        rc = read_end64(a, &at, record, e);
    if (!rc && (a->directory > at || a->directory_size != at - a->directory ||
                a->n > a->directory_size / ENTRY_BYTES))
        rc = err_set(e, E_FORMAT,
                     "%s: the directory of the zip archive does not end at its end "
                     "record: the file is damaged",
                     a->file);
    return rc;
}

/* Replaces those of the fields that are all ones by the 64-bit ones of the extra field, in their
 * order there. False: they are not there. */
static bool widen(uint64_t *const *fields, int n_fields, const unsigned char *extra, size_t n)
{
    const unsigned char *wide = NULL;
    size_t left = 0;
    while (n >= 4 && !wide) {
        size_t length = le16(extra + 2);
        if (length > n - 4)
            break;
        if (le16(extra) == ZIP64_EXTRA) {
            wide = extra + 4;
            left = length;
        }
        extra += 4 + length;
        n -= 4 + length;
    }
    for (int i = 0; i < n_fields; i++) {
        if (*fields[i] != 0xffffffffu)
            continue;
        if (left < 8)
            return false;
        *fields[i] = le64(wide);
        wide += 8;
        left -= 8;
    }
    return true;
}

/* Compares the local header with the directory's entry and finds the data behind it. */
static err_code read_local(zip_member *m, place *p, const archive *a, const unsigned char *entry,
                           uint64_t at, err *e)
{
    size_t room = (size_t)a->directory;
    if (at > room || room - at < LOCAL_BYTES || le32(a->data + at) != LOCAL_MAGIC)
        return err_set(e, E_FORMAT,
                       "%s: member %s of the zip archive does not begin where the "
                       "directory says",
                       a->file, m->name);
    const unsigned char *local = a->data + at;
    size_t name = le16(local + 26), extra = le16(local + 28);
    uint64_t crc = le32(local + 14), packed = le32(local + 18), size = le32(local + 22);
    if (name + extra > room - at - LOCAL_BYTES ||
        m->packed_size > room - at - LOCAL_BYTES - name - extra)
        return err_set(e, E_FORMAT,
                       "%s: member %s of the zip archive reaches past its end: the "
                       "file is damaged or truncated",
                       a->file, m->name);
    bool whole = widen((uint64_t *const[]){&size, &packed}, 2, local + LOCAL_BYTES + name, extra);
    bool later = le16(local + 6) & FLAG_SIZES_FOLLOW && !crc && !packed && !size;
    if (!whole || le16(local + 6) != le16(entry + 8) || le16(local + 8) != le16(entry + 10) ||
        name != le16(entry + 28) || memcmp(local + LOCAL_BYTES, entry + ENTRY_BYTES, name) != 0 ||
        (!later && (crc != m->crc || packed != m->packed_size || size != m->size)))
        return err_set(e, E_FORMAT,
                       "%s: member %s of the zip archive: its own header and the "
                       "directory disagree",
                       a->file, m->name);
    m->packed = local + LOCAL_BYTES + name + extra;
    p->begin = (size_t)at;
    p->end = (size_t)(m->packed - a->data) + m->packed_size;
    return OK;
}

/* Whether flags, method and sizes are of the kinds that can be read. */
static err_code check_kind(const zip_member *m, const archive *a, uint32_t flags, uint32_t method,
                           err *e)
{
    if (flags & (FLAG_ENCRYPTED | FLAG_PATCH | FLAG_STRONG_ENCRYPTION | FLAG_MASKED_HEADERS))
        return err_set(e, E_FORMAT, "%s: member %s of the zip archive is encrypted", a->file,
                       m->name);
    if (method != STORED && method != DEFLATED)
        return err_set(e, E_FORMAT,
                       "%s: member %s of the zip archive is packed with method %u; "
                       "stored and deflated ones can be read",
                       a->file, m->name, method);
    if (method == STORED && m->size != m->packed_size)
        return err_set(e, E_FORMAT,
                       "%s: member %s of the zip archive is stored as %zu bytes but "
                       "claims %zu",
                       a->file, m->name, m->packed_size, m->size);
    if (method == DEFLATED && m->size / DEFLATE_MOST > m->packed_size)
        return err_set(e, E_FORMAT,
                       "%s: member %s of the zip archive: %zu bytes cannot unpack to "
                       "the %zu it claims",
                       a->file, m->name, m->packed_size, m->size);
    return OK;
}

/* One entry of the directory, of which `left` bytes are left; *entry moves on to the next. */
static err_code read_entry(zip_member *m, place *p, const archive *a, const unsigned char **entry,
                           size_t *left, arena *memory, err *e)
{
    const unsigned char *head = *entry;
    if (*left < ENTRY_BYTES || le32(head) != ENTRY_MAGIC)
        return err_set(e, E_FORMAT, "%s: the directory of the zip archive is damaged", a->file);
    size_t name = le16(head + 28), extra = le16(head + 30);
    size_t length = ENTRY_BYTES + name + extra + le16(head + 32);
    if (length > *left)
        return err_set(e, E_FORMAT, "%s: the directory of the zip archive is damaged", a->file);
    const char *text = (const char *)head + ENTRY_BYTES;
    err_code rc = stored_name_check(text, name, a->file, e);
    if (rc)
        return rc;
    m->name = arena_strndup(memory, text, name);
    m->crc = le32(head + 16);
    uint64_t packed = le32(head + 20), size = le32(head + 24), at = le32(head + 42);
    if (!widen((uint64_t *const[]){&size, &packed, &at}, 3, head + ENTRY_BYTES + name, extra))
        return err_set(e, E_FORMAT, "%s: member %s of the zip archive has no 64-bit sizes", a->file,
                       m->name);
    m->packed_size = (size_t)packed;
    m->size = (size_t)size;
    m->deflated = le16(head + 10) == DEFLATED;
    rc = check_kind(m, a, le16(head + 8), le16(head + 10), e);
    if (!rc)
        rc = read_local(m, p, a, head, at, e);
    *entry += length;
    *left -= length;
    return rc;
}

static err_code check_overlap(place *places, const zip *z, err *e)
{
    qsort(places, z->n_members, sizeof *places, compare_places);
    for (size_t i = 1; i < z->n_members; i++)
        if (places[i].begin < places[i - 1].end)
            return err_set(e, E_FORMAT, "%s: members %s and %s of the zip archive overlap", z->file,
                           z->members[places[i - 1].member].name,
                           z->members[places[i].member].name);
    return OK;
}

static err_code sort_names(zip *z, err *e)
{
    qsort(z->members, z->n_members, sizeof *z->members, compare_members);
    for (size_t i = 1; i < z->n_members; i++)
        if (strcmp(z->members[i - 1].name, z->members[i].name) == 0)
            return err_set(e, E_FORMAT, "%s: the zip archive holds two members named %s", z->file,
                           z->members[i].name);
    return OK;
}

err_code zip_parse(zip *out, const void *data, size_t size, const char *file, arena *memory, err *e)
{
    *out = (zip){.file = file};
    archive a = {.data = data, .file = file};
    err_code rc = read_end(&a, size, e);
    if (rc)
        return rc;
    out->n_members = (size_t)a.n;
    out->members = arena_push(memory, out->n_members, sizeof *out->members);
    place *places = mem_small(out->n_members, sizeof *places);
    const unsigned char *entry = a.data + a.directory;
    size_t left = (size_t)a.directory_size;
    for (size_t i = 0; !rc && i < out->n_members; i++) {
        places[i].member = i;
        rc = read_entry(&out->members[i], &places[i], &a, &entry, &left, memory, e);
    }
    if (!rc && left)
        rc =
            err_set(e, E_FORMAT, "%s: %zu bytes of the zip archive's directory belong to no member",
                    file, left);
    if (!rc)
        rc = check_overlap(places, out, e);
    mem_free(places);
    return rc ? rc : sort_names(out, e);
}

zip_member *zip_find(const zip *z, const char *name)
{
    zip_member key = {.name = name};
    return bsearch(&key, z->members, z->n_members, sizeof key, compare_members);
}
