/* Fields of the CSV files beside the drawings (RFC 4180, LF). */
#ifndef DRAW_CSV_H
#define DRAW_CSV_H
#include "base/str.h"

/* Appends a field, quoted when it must be. NULL is empty. */
void csv_text(str *out, const char *text);
/* Appends a number as number_text writes it; empty when not finite. */
void csv_number(str *out, double value);
void csv_next(str *out);
void csv_end(str *out);

#endif
