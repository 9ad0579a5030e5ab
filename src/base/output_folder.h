/* Where a command puts a folder: what it may replace, and how the folder appears whole or not at
 * all. */
#ifndef BASE_OUTPUT_FOLDER_H
#define BASE_OUTPUT_FOLDER_H
#include "base/arena.h"
#include "base/err.h"
#include "base/file_lock.h"
#include <stdbool.h>

/* The path without slashes at its end, the folder that it is in, where it grows until it is whole,
 * and the file by whose lock only one program at a time does so. */
typedef struct output_folder {
    const char *path, *above, *unfinished, *lock_path; /* "A/OUT", "A/", "A/OUT.unfinished",
                                                          "A/OUT.lock" */
    file_lock lock;
} output_folder;
output_folder output_folder_at(const char *path, arena *a);

/* The folder is this program's to write until output_folder_finish(). E_USAGE where another program
 * is writing it. Folders above it are made. */
err_code output_folder_take(output_folder *f, err *e);

/* E_USAGE where something stands that is not `ours` (`kind`: "a report"), or that is and would be
 * replaced without `force` (`held`: "another report"): --force must not delete anything else. */
err_code output_folder_check(const output_folder *f, bool ours, bool force, const char *kind,
                             const char *held, err *e);

/* With rc OK moves the unfinished folder into its place; on any error removes it. Then it is free
 * to be taken. Returns the first error. Does nothing where it was not taken. */
err_code output_folder_finish(output_folder *f, err_code rc, err *e);

#endif
