/* What a trainer measured as it went: a table that grows a row at a time and is written as CSV. */
#ifndef TRAIN_CURVES_H
#define TRAIN_CURVES_H
#include "base/err.h"
#include "base/str.h"

/* Appends the header ("step,tokens,loss") or a row of numbers as number_text() shows them; a NaN
 * becomes an empty field (not measured at this step). */
void curve_header(str *csv, const char *columns);
void curve_row(str *csv, const double *values, int n);
/* Writes the table to dir/name, whole or not at all. */
err_code curve_write(const str *csv, const char *dir, const char *name, err *e);

#endif
