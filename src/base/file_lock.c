/* flock() on a file that may be removed under those who wait for it. */
#include "base/file_lock.h"
#include "base/progress.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static err_code failed(err *e, const char *what, const char *path)
{
    return err_set(e, E_IO, "%s: %s: %s", path, what, strerror(errno));
}

/* Whoever had the lock may have removed the file after it was opened here: another file, or none,
 * has its name now, and a lock on this one means nothing. */
static bool is_at(int fd, const char *path)
{
    struct stat ours, there;
    return fstat(fd, &ours) == 0 && lstat(path, &there) == 0 && ours.st_dev == there.st_dev &&
           ours.st_ino == there.st_ino;
}

err_code file_lock_try(file_lock *out, const char *path, err *e)
{
    *out = (file_lock){0};
    for (;;) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (fd < 0)
            return failed(e, "cannot create the lock", path);
        bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0, busy = !locked && errno == EWOULDBLOCK;
        if (locked && is_at(fd, path)) {
            *out = (file_lock){.held = true, .fd = fd, .path = path};
            return OK;
        }
        err_code rc = locked || busy || errno == EINTR ? OK : failed(e, "cannot lock", path);
        close(fd);
        if (rc || busy)
            return rc;
    }
}

err_code file_lock_wait(file_lock *out, const char *path, err *e)
{
    const double pause = 0.1;
    err_code rc = file_lock_try(out, path, e);
    while (!rc && !out->held) {
        cancel_wait(pause);
        rc = cancel_check(e);
        if (!rc)
            rc = file_lock_try(out, path, e);
    }
    return rc;
}

void file_lock_release(file_lock *l)
{
    if (l->held)
        close(l->fd);
    *l = (file_lock){0};
}

/* Removed while it is held: nobody else can have locked the file that goes. */
void file_lock_remove(file_lock *l)
{
    if (l->held)
        unlink(l->path);
    file_lock_release(l);
}
