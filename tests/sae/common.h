/* What the tests of this folder share. */
#ifndef TESTS_SAE_COMMON_H
#define TESTS_SAE_COMMON_H
#include "base/err.h"
#include <stddef.h>

enum { JSON_TEXT = 2048 };

/* JSON written with ' instead of ", so that tables of it can be read. Returns buf. */
const char *json_text(char buf[JSON_TEXT], const char *text);
/* Fails unless the call ended with this code and its message has these words. */
void check_refused(size_t row, err_code got, const err *e, err_code code, const char *says);

#endif
