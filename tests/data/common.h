/* What the tests of data/ share. Tests run from the repository root. */
#ifndef TESTS_DATA_COMMON_H
#define TESTS_DATA_COMMON_H
#include "base/err.h"
#include "base/str.h"
#include "data/tokenizer.h"
#include <stddef.h>

/* The bytes of tests/data/fixtures/NAME, replacing what `out` held. */
void read_fixture(str *out, const char *name);

/* "FOLDER/name" in a fresh folder that lives as long as the program; borrowed until the fourth call
 * after this one. */
const char *scratch(const char *name);
void put_file(const char *path, const void *bytes, size_t n);
/* cmocka group teardown: removes that folder. */
int scratch_remove(void **state);

/* The bytes of tests/parity/fixtures/tokenizers/NAME, replacing what `out` held. */
void read_tokenizer_fixture(str *out, const char *name);
/* The tokenizer NAME.json there, or "gpt2" from its two files. Owner: caller. */
tokenizer *open_tokenizer_fixture(const char *name);
/* Replaces what `out` held by the tokens of a text; fails the test on an error. */
void encode(token_list *out, const tokenizer *t, const char *text, size_t n);
/* Checks that ranges are in order and cover n bytes without a hole. */
void check_cover(const token_list *l, size_t n);

/* Undoes the escapes \\ \n \t \r \xHH of a fixture's text. */
void unescape(str *out, const char *text, size_t n);

/* Checks an error: its code, and that its text holds every "|"-separated part. */
void check_err(const err *e, err_code code, const char *parts);

#endif
