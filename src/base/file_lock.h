/* One program at a time: a lock that is a file (flock, which Python's filelock honours too). It
 * goes with the program that holds it, however that ends, so that none is ever left behind. */
#ifndef BASE_FILE_LOCK_H
#define BASE_FILE_LOCK_H
#include "base/err.h"
#include <stdbool.h>

/* {0}: not held. */
typedef struct file_lock {
    bool held;
    int fd;
    const char *path; /* borrowed until it is let go */
} file_lock;

/* Takes the lock unless another program, or another lock of this one, has it: OK and not held then.
 * The file is made, never through a symbolic link; its folder must be there. E_IO where no file can
 * be made or the file system has no locks. */
err_code file_lock_try(file_lock *out, const char *path, err *e);
/* Waits until nobody else has it. Ctrl-C ends the wait: E_CANCELLED. */
err_code file_lock_wait(file_lock *out, const char *path, err *e);

/* Both are safe when it is not held. */
void file_lock_release(file_lock *l);
void file_lock_remove(file_lock *l); /* the file goes, too */

#endif
