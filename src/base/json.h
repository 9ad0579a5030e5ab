/* JSON in through cJSON with limits and exact places, JSON out one scalar per line. */
#ifndef BASE_JSON_H
#define BASE_JSON_H
#include "base/err.h"
#include "base/str.h"
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

/* Parses text (n bytes, need not end in NUL). Refuses invalid UTF-8, NUL bytes, depth above 64,
 * duplicate keys and trailing bytes; the error names `name`, line and column.
 * Owner: caller, cJSON_Delete(). */
err_code json_parse(cJSON **out, const char *text, size_t n, const char *name, err *e);
err_code json_read(cJSON **out, const char *path, size_t limit, err *e);

/* Member lookups are case-sensitive. A missing or wrongly typed member is E_FORMAT, naming `where`,
 * the key and what was found. */
const cJSON *json_member(const cJSON *object, const char *key); /* NULL when absent */
err_code json_int(int64_t *out, const cJSON *object, const char *key, const char *where, err *e);
err_code json_double(double *out, const cJSON *object, const char *key, const char *where, err *e);
err_code json_bool(bool *out, const cJSON *object, const char *key, const char *where, err *e);
/* Borrowed from the tree. */
err_code json_string(const char **out, const cJSON *object, const char *key, const char *where,
                     err *e);

/* Numbers enter trees as number_text() shows them (NaN and infinities as null), so that every file
 * says the same digits. */
void json_add_number(cJSON *object, const char *key, double value);
void json_add_string(cJSON *object, const char *key, const char *text);
void json_add_bool(cJSON *object, const char *key, bool value);
cJSON *json_add_object(cJSON *object, const char *key);
cJSON *json_add_array(cJSON *object, const char *key);
cJSON *json_number(double value);

/* Appends the tree, 2-space indent, keys in their order, one scalar or member per line, arrays of
 * scalars on one line, a final newline at depth 0. Invalid UTF-8 never gets here: callers escape.
 */
void json_print(str *out, const cJSON *tree);
/* The same in one line without spaces, as JSON Lines wants it. */
void json_print_line(str *out, const cJSON *tree);
err_code json_write(const char *path, const cJSON *tree, err *e);

#endif
