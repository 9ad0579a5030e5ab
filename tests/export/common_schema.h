/* Schemas of foreign formats: which keys an object has, of which type, and which lists are as long
 * as which. */
#ifndef TESTS_EXPORT_COMMON_SCHEMA_H
#define TESTS_EXPORT_COMMON_SCHEMA_H
#include "base/json.h"

/* Types, of which the value must have one: s string, n number, i whole number, b boolean, 0 null,
 * o object; [s] [n] [i] [o] lists of those; [r] numbers with at most five decimals (or as many as
 * six digits leave). */
typedef struct schema_key {
    const char *name, *types;
    const char *as_long_as; /* another key's list; NULL: any length */
} schema_key;

/* Fails the test unless the object has exactly these keys, none twice, and they are as said. */
void check_object(const cJSON *object, const schema_key *keys, size_t n, const char *where);
#define CHECK_OBJECT(object, keys, where) check_object(object, keys, COUNT_OF(keys), where)

/* Fails the test unless |got - want| <= tolerance. */
void assert_close(double got, double want, double tolerance);

#endif
