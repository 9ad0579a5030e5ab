/* What the tests of data/ share. Tests run from the repository root. */
#ifndef TESTS_DATA_COMMON_H
#define TESTS_DATA_COMMON_H
#include "base/err.h"
#include "base/str.h"
#include <stddef.h>

/* The bytes of tests/data/fixtures/NAME, replacing what `out` held. */
void read_fixture(str *out, const char *name);

/* "FOLDER/name" in a fresh folder that lives as long as the program; borrowed until the fourth call
 * after this one. */
const char *scratch(const char *name);
void put_file(const char *path, const void *bytes, size_t n);
/* cmocka group teardown: removes that folder. */
int scratch_remove(void **state);

/* Undoes the escapes \\ \n \t \r \xHH of a fixture's text. */
void unescape(str *out, const char *text, size_t n);

/* Checks an error: its code, and that its text holds every "|"-separated part. */
void check_err(const err *e, err_code code, const char *parts);

#endif
