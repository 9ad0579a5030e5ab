/* Which files of a repository are meant. */
#ifndef HUB_SELECT_H
#define HUB_SELECT_H
#include "hub/server.h"

/* The files to fetch, in the listing's order; memory from the arena.
 *   folder    "" or the folder (or the one file) of the repository that the name means
 *   patterns  names, "folder/" or globs, below folder; none: everything in the folder, or, in a
 *             repository's root, what loading a model takes: config, tokenizer, safetensors
 * E_CONFIG when a pattern or the default matches nothing, with the nearest name or the folders that
 * there are. */
err_code select_files(hub_file **out, int *n, const listing *all, const char *repo,
                      const char *folder, const char *const *patterns, int n_patterns, arena *a,
                      err *e);
/* Only those in the folder; all of them for "". */
void select_folder(hub_file **out, int *n, const listing *all, const char *folder, arena *a);

#endif
