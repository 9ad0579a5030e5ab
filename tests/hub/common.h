/* What the tests of hub/ share: a folder of their own, caches made in it, the environment. */
#ifndef TESTS_HUB_COMMON_H
#define TESTS_HUB_COMMON_H
#include "base/arena.h"
#include <stdbool.h>
#include <stddef.h>

/* "TMPDIR/saeinv-hub.../name" in the test's arena. The folder lives as long as the program. */
char *scratch(const char *name);
/* cmocka teardown of a test: frees what scratch() and test_arena() gave. */
int free_arena(void **state);
arena *test_arena(void);
/* cmocka group teardown: removes the folder. */
int scratch_remove(void **state);

/* Makes the folders on the way. */
void put_file(const char *path, const char *text);
/* The file's text, in the test's arena; fails the test when it is not there. */
const char *file_text(const char *path);
bool file_there(const char *path);

#define COMMIT_A "0123456789abcdef0123456789abcdef01234567"
#define COMMIT_B "0123456f00000000000000000000000000000000"

/* CACHE/models--.../: the file in the snapshot, as a link into blobs (named `blob`) or, with blob
 * NULL, as a plain file; repo is "models--ORG--NAME". */
void put_snapshot_file(const char *cache, const char *repo, const char *commit, const char *name,
                       const char *blob, const char *text);
void put_ref(const char *cache, const char *repo, const char *ref, const char *commit);

/* Does the message hold the text? Prints both when not. */
bool says(const char *message, const char *text);

#endif
