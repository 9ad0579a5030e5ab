/* Where a command puts a folder: what it may replace, and how the folder appears whole or not at
 * all. */
#ifndef BASE_OUTPUT_FOLDER_H
#define BASE_OUTPUT_FOLDER_H
#include "base/arena.h"
#include "base/err.h"
#include <stdbool.h>

/* The path without slashes at its end, and where the folder grows until it is whole. */
typedef struct output_folder {
    const char *path, *unfinished; /* "OUT", "OUT.unfinished" */
} output_folder;
output_folder output_folder_at(const char *path, arena *a);

/* E_USAGE where something stands that is not `ours` (`kind`: "a report"), or that is and would be
 * replaced without `force` (`held`: "another report"): --force must not delete anything else. */
err_code output_folder_check(const output_folder *f, bool ours, bool force, const char *kind,
                             const char *held, err *e);

/* With rc OK moves the unfinished folder into its place; on any error removes it. Returns the first
 * error. */
err_code output_folder_finish(const output_folder *f, err_code rc, err *e);

#endif
