/* The cache's own needs of the file system, and the one door to them. */
#include "hub/store.h"
#include "base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static err_code failed(err *e, const char *what, const char *path)
{
    return err_set(e, E_IO, "%s: %s: %s", path, what, strerror(errno));
}

bool store_file_size(uint64_t *size, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    *size = (uint64_t)st.st_size;
    return true;
}

/* ---- files that grow --------------------------------------------------------------------------
 */

err_code partial_open(partial *out, const char *path, err *e)
{
    struct stat st;
    *out =
        (partial){.fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644), .path = path};
    if (out->fd < 0)
        return failed(e, "cannot create", path);
    if (fstat(out->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        partial_close(out);
        return err_set(e, E_IO, "%s: not a regular file", path);
    }
    out->size = (uint64_t)st.st_size;
    return OK;
}

err_code partial_append(partial *p, const void *data, size_t n, err *e)
{
    const char *from = data;
    while (n) {
        ssize_t written = pwrite(p->fd, from, n, (off_t)p->size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return failed(e, "cannot write", p->path);
        p->size += (uint64_t)written;
        from += written;
        n -= (size_t)written;
    }
    return OK;
}

err_code partial_clear(partial *p, err *e)
{
    if (ftruncate(p->fd, 0) != 0)
        return failed(e, "cannot empty", p->path);
    p->size = 0;
    return OK;
}

err_code partial_read(const partial *p, void (*take)(void *context, const void *data, size_t n),
                      void *context, err *e)
{
    char buffer[1 << 16];
    for (uint64_t at = 0; at < p->size;) {
        size_t want = p->size - at < sizeof buffer ? (size_t)(p->size - at) : sizeof buffer;
        ssize_t n = pread(p->fd, buffer, want, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed(e, "cannot read", p->path);
        if (n == 0)
            return err_set(e, E_IO, "%s: became shorter while it was read", p->path);
        take(context, buffer, (size_t)n);
        at += (uint64_t)n;
    }
    return OK;
}

err_code partial_finish(partial *p, const char *path, err *e)
{
    err_code rc = OK;
    if (fsync(p->fd) != 0 || fchmod(p->fd, 0644) != 0)
        rc = failed(e, "cannot write (is the disk full?)", p->path);
    partial_close(p);
    if (!rc && rename(p->path, path) != 0)
        rc = failed(e, "cannot rename into place", path);
    return rc;
}

void partial_close(partial *p)
{
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
}

/* ---- links and space ----------------------------------------------------------------------------
 */

err_code store_link(const char *path, const char *target, const char *whole, err *e)
{
    str temporary = {0};
    err_code rc = OK;
    str_addf(&temporary, "%s.link-%ld", path, (long)getpid());
    unlink(temporary.data);
    if (symlink(target, temporary.data) == 0) {
        if (rename(temporary.data, path) != 0)
            rc = failed(e, "cannot rename into place", path);
    } else if (errno != EPERM && errno != ENOSYS && errno != EOPNOTSUPP) {
        rc = failed(e, "cannot link", path);
    } else if (rename(whole, path) != 0) {
        rc = failed(e, "cannot move into place", path);
    }
    if (rc)
        unlink(temporary.data);
    str_release(&temporary);
    return rc;
}

err_code store_free_bytes(uint64_t *out, const char *dir, err *e)
{
    struct statvfs st;
    if (statvfs(dir, &st) != 0)
        return failed(e, "cannot ask for its free space", dir);
    if (__builtin_mul_overflow((uint64_t)st.f_bavail, (uint64_t)st.f_frsize, out))
        *out = UINT64_MAX;
    return OK;
}
