/* What the tests of base/ share: a folder of their own and small files in it. */
#ifndef TESTS_BASE_COMMON_H
#define TESTS_BASE_COMMON_H
#include "base/str.h"
#include <stdbool.h>
#include <stddef.h>

/* "TMPDIR/saeinv-base.../name" in a fresh folder that lives as long as the program; the memory is
 * overwritten by the eighth call after this one. */
const char *scratch(const char *name);
/* cmocka group teardown: removes that folder. */
int scratch_remove(void **state);

void put_file(const char *path, const void *bytes, size_t n);
/* Does the file hold exactly these bytes? */
bool file_is(const char *path, const void *bytes, size_t n);

#endif
