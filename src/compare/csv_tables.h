/* CSV files with a README.md that says what every column means. */
#ifndef COMPARE_CSV_TABLES_H
#define COMPARE_CSV_TABLES_H
#include "base/err.h"
#include "base/str.h"
#include <stdbool.h>
#include <stddef.h>

typedef struct csv_column {
    const char *name, *help;
} csv_column;

typedef struct csv_table {
    const char *path, *title; /* "data/metrics.csv"; a sentence without its full stop */
    const csv_column *columns;
    size_t n_columns;
    void (*rows)(str *out, const void *data);
} csv_table;

/* Writes every table into DIR and DIR/data/README.md, which begins with `about`; DIR/data is made.
 */
err_code csv_tables_write(const char *dir, const csv_table *tables, size_t n, const char *about,
                          const void *data, err *e);

/* Cells of a row, then its end. A text may hold any bytes; NULL is an empty cell, as NaN is. */
void csv_put_text(str *out, const char *text);
void csv_put_bytes(str *out, const char *bytes, size_t n);
void csv_put_number(str *out, double value);
void csv_put_flag(str *out, bool flag);
void csv_end_row(str *out);

#endif
