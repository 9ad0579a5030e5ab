/* Lists of structs to CSV and back, by their schema: RFC 4180 with LF, one header line, one row per
 * struct. Only scalar members make columns; lists are left to the JSON files. */
#ifndef RESULTS_RECORD_CSV_H
#define RESULTS_RECORD_CSV_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "results/schema.h"

/* Appends one cell, quoted when it must be. Bytes that are not clean UTF-8 are made visible. */
void record_csv_text(str *out, const char *text, size_t n);

/* Appends the comma-separated column names of s; members of structs inside are named
 * "struct_member". No line end: callers may put columns of their own around. */
void record_csv_header(str *out, const schema *s);
/* Appends the cells of one item, likewise. */
void record_csv_row(str *out, const schema *s, const void *item);

/* Reads a whole file that record_csv_header and record_csv_row wrote, of a schema without structs
 * inside. *items: n zeroed and filled structs from `a`. The header must match that of the schema
 * version; members that it lacks are left empty. E_FORMAT names `name` and the line. */
err_code record_csv_parse(void *items, int *n, arena *a, const schema *s, int version,
                          const char *text, size_t size, const char *name, err *e);

#endif
