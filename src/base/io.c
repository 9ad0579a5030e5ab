/* Whole files in and out: mapped or read with a limit, written beside and renamed into place. */
#include "base/io.h"
#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#define ZLIB_CONST /* what is packed is only read */
#include <zlib.h>

static err_code failed(err *e, const char *what, const char *path)
{
    return err_set(e, E_IO, "%s: %s: %s", path, what, strerror(errno));
}

err_code io_map(mapping *out, const char *path, err *e)
{
    *out = (mapping){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not block here */
    if (fd < 0)
        return failed(e, "cannot open", path);
    err_code rc = OK;
    struct stat st;
    if (fstat(fd, &st) != 0) {
        rc = failed(e, "cannot read its size", path);
    } else if (!S_ISREG(st.st_mode)) {
        rc = err_set(e, E_IO, "%s: not a regular file", path);
    } else if (st.st_size > 0) {
        void *base = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (base == MAP_FAILED)
            rc = failed(e, "cannot map", path);
        else
            *out = (mapping){.data = base, .size = (size_t)st.st_size, .base = base};
    } else {
        out->data = (const unsigned char *)"";
    }
    close(fd);
    return rc;
}

void io_unmap(mapping *m)
{
    if (m->base)
        munmap(m->base, m->size);
    *m = (mapping){0};
}

err_code io_read(str *out, const char *path, size_t limit, err *e)
{
    mapping m;
    err_code rc = io_map(&m, path, e);
    if (rc)
        return rc;
    if (m.size > limit)
        rc = err_set(e, E_FORMAT, "%s: %zu bytes, more than the %zu allowed here", path, m.size,
                     limit);
    else
        str_add_bytes(out, m.data, m.size);
    io_unmap(&m);
    return rc;
}

static err_code read_gzip(str *out, const char *path, size_t limit, err *e)
{
    gzFile file = gzopen(path, "rb");
    if (!file)
        return failed(e, "cannot open", path);
    err_code rc = OK;
    size_t start = out->len;
    char buffer[1 << 16];
    int n;
    while ((n = gzread(file, buffer, sizeof buffer)) > 0) {
        if ((size_t)n > limit - (out->len - start)) {
            rc = err_set(e, E_FORMAT, "%s: unpacks to more than the %zu bytes allowed here", path,
                         limit);
            goto out;
        }
        str_add_bytes(out, buffer, (size_t)n);
    }
    int code;
    const char *why = gzerror(file, &code);
    if (n < 0 || (code != Z_OK && code != Z_STREAM_END))
        rc = err_set(e, E_FORMAT, "%s: damaged gzip data (%s)", path, why);
out:
    /* Z_BUF_ERROR from gzclose means that the file ended in the middle of a stream. */
    if (gzclose(file) == Z_BUF_ERROR && !rc)
        rc = err_set(e, E_FORMAT, "%s: gzip data end too early; is the file truncated?", path);
    return rc;
}

err_code io_read_maybe_gzip(str *out, const char *path, size_t limit, err *e)
{
    mapping m;
    err_code rc = io_map(&m, path, e);
    if (rc)
        return rc;
    bool gzip = m.size >= 2 && m.data[0] == 0x1f && m.data[1] == 0x8b;
    io_unmap(&m);
    return gzip ? read_gzip(out, path, limit, e) : io_read(out, path, limit, e);
}

err_code io_create(io_file *out, const char *path, err *e)
{
    str temporary = {0};
    str_addf(&temporary, "%s.part", path);
    *out = (io_file){.path = mem_strdup(path), .temporary = temporary.data};
    out->stream = fopen(out->temporary, "wb");
    if (!out->stream) {
        err_code rc = failed(e, "cannot create", out->temporary);
        io_abandon(out);
        return rc;
    }
    return OK;
}

void io_put(io_file *f, const void *data, size_t n)
{
    if (n && !f->failed && fwrite(data, 1, n, f->stream) != n)
        f->failed = true;
}

void io_printf(io_file *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (!f->failed && vfprintf(f->stream, format, args) < 0)
        f->failed = true;
    va_end(args);
}

err_code io_close(io_file *f, err *e)
{
    err_code rc = OK;
    if (f->failed) /* errno is of another time */
        rc = err_set(e, E_IO, "%s: cannot write all of it; is the disk full?", f->path);
    else if (fflush(f->stream) != 0 || fchmod(fileno(f->stream), 0644) != 0 ||
             fsync(fileno(f->stream)) != 0)
        rc = failed(e, "cannot write (is the disk full?)", f->path);
    if (fclose(f->stream) != 0 && !rc)
        rc = failed(e, "cannot write (is the disk full?)", f->path);
    f->stream = NULL;
    if (!rc && rename(f->temporary, f->path) != 0)
        rc = failed(e, "cannot rename into place", f->path);
    io_abandon(f);
    return rc;
}

void io_abandon(io_file *f)
{
    if (f->stream)
        fclose(f->stream);
    if (f->temporary)
        unlink(f->temporary); /* already gone after a rename */
    mem_free(f->temporary);
    mem_free(f->path);
    *f = (io_file){0};
}

err_code io_write(const char *path, const void *data, size_t n, err *e)
{
    io_file f;
    err_code rc = io_create(&f, path, e);
    if (rc)
        return rc;
    io_put(&f, data, n);
    return io_close(&f, e);
}

err_code io_write_gzip(const char *path, const void *data, size_t n, err *e)
{
    enum { WITH_GZIP_HEADER = 16, MOST_MEMORY = 9 };
    z_stream z = {0}; /* and so without a header of ours: no time, no name */
    if (n > UINT_MAX)
        return err_set(e, E_SHAPE, "%s: %zu bytes are too many for one gzip file here", path, n);
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + WITH_GZIP_HEADER,
                     MOST_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
        err_die("out of memory while packing %s", path);
    size_t room = deflateBound(&z, n);
    unsigned char *packed = mem_array(room, 1, path, e);
    err_code rc = packed ? OK : e->code;
    if (!rc) {
        z.next_in = data;
        z.avail_in = (uInt)n;
        z.next_out = packed;
        z.avail_out = room > UINT_MAX ? UINT_MAX : (uInt)room;
        if (deflate(&z, Z_FINISH) != Z_STREAM_END)
            rc = err_set(e, E_SHAPE, "%s: %zu bytes could not be packed", path, n);
        else
            rc = io_write(path, packed, z.total_out, e);
    }
    deflateEnd(&z);
    mem_free(packed);
    return rc;
}

bool io_exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

bool io_is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

err_code io_make_dir(const char *path, err *e)
{
    char *copy = mem_strdup(path);
    err_code rc = OK;
    for (char *p = copy + 1; copy[0] && !rc; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char saved = *p;
        *p = '\0';
        if (mkdir(copy, 0755) != 0 && !(errno == EEXIST && io_is_dir(copy)))
            rc = failed(e, "cannot make the directory", copy);
        *p = saved;
        if (!saved)
            break;
    }
    mem_free(copy);
    return rc;
}
