/* Values of the record as the formats hold them. */
#ifndef EXPORT_FIELDS_H
#define EXPORT_FIELDS_H
#include "base/json.h"
#include "results/record.h"

/* SAEDashboard's and Neuronpedia's lists of numbers keep so many decimals. */
enum { EXPORT_DECIMALS = 5 };
double export_round(double value);

/* Valid UTF-8 stays as it is. A byte that is not part of it (a token may be a piece of a
 * character), and NUL, is written as the character that stands for it in byte-level vocabularies,
 * as in the formats' own files: E2 is U+00E2, 80 is U+0122. `key` may be NULL in an array. */
void export_add_text(cJSON *to, const char *key, const char *bytes, size_t n);
void export_add_name(cJSON *to, const char *key, const char *text); /* NULL: "" */
void export_add_tokens(cJSON *to, const char *key, const record_bytes *tokens, int n);
/* Rounded; a NaN becomes null. */
void export_add_numbers(cJSON *to, const char *key, const double *values, int n);
/* A list without elements, for what the record does not hold. */
void export_add_empty(cJSON *to, const char *key);
void export_add_null(cJSON *to, const char *key);

#endif
