/* What the tables of record members are written with. */
#ifndef RESULTS_SCHEMA_FIELDS_H
#define RESULTS_SCHEMA_FIELDS_H
#include "base/memory.h"
#include "results/record.h"
#include "results/schema.h"

/* clang-format off */
#define PLAIN(KIND, s, m, help) {#m, KIND, offsetof(s, m), 0, NULL, help}
#define INT(s, m, help) PLAIN(FIELD_INT, s, m, help)
#define INT64(s, m, help) PLAIN(FIELD_INT64, s, m, help)
#define NUMBER(s, m, help) PLAIN(FIELD_NUMBER, s, m, help)
#define BOOL(s, m, help) PLAIN(FIELD_BOOL, s, m, help)
#define TEXT(s, m, help) PLAIN(FIELD_TEXT, s, m, help)
#define BYTES(s, m, help) PLAIN(FIELD_BYTES, s, m, help)
#define STRUCT(s, m, type, help) {#m, FIELD_STRUCT, offsetof(s, m), 0, &type, help}
#define LIST(s, m, n, type, help) {#m, FIELD_LIST, offsetof(s, m), offsetof(s, n), &type, help}
#define VECTOR(KIND, s, m, n, help) {#m, KIND, offsetof(s, m), offsetof(s, n), NULL, help}
#define INTS(s, m, n, help) VECTOR(FIELD_INTS, s, m, n, help)
#define NUMBERS(s, m, n, help) VECTOR(FIELD_NUMBERS, s, m, n, help)
#define TOKENS(s, m, n, help) VECTOR(FIELD_TOKENS, s, m, n, help)
#define SCHEMA(NAME, s, table) const schema NAME = {#s, sizeof(s), table, COUNT_OF(table)}
/* clang-format on */

#endif
