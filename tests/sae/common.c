/* What the tests of this folder share. */
#include "common.h"
#include "test.h"
#include <stdio.h>
#include <string.h>

const char *json_text(char buf[JSON_TEXT], const char *text)
{
    assert_true(strlen(text) < JSON_TEXT);
    snprintf(buf, JSON_TEXT, "%s", text);
    for (char *p = buf; *p; p++)
        if (*p == '\'')
            *p = '"';
    return buf;
}

void check_refused(size_t row, err_code got, const err *e, err_code code, const char *says)
{
    if (got != code || (code && !strstr(e->text, says)))
        fail_msg("row %zu: code %d, \"%s\"; expected %d with %s", row, (int)got, e->text, (int)code,
                 says);
}
