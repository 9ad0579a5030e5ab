/* Finished reports in the files of other programs, from the record alone: no model, no SAE, no text
 * is asked for. What a format wants and the record does not hold stays empty and is listed in the
 * folder's README.md and in the summary; nothing is made up. */
#ifndef EXPORT_EXPORT_H
#define EXPORT_EXPORT_H
#include "base/err.h"
#include "base/str.h"
#include <stdbool.h>

typedef enum {
    EXPORT_NEURONPEDIA,
    EXPORT_SAEDASHBOARD,
    EXPORT_DELPHI,
    EXPORT_FORMATS
} export_format;

typedef struct export_options {
    export_format format;
    const char *model, *set; /* ids over there; NULL: made from the record's sources */
    const char *creator; /* the id of a user over there; NULL: null (Neuronpedia asks for one) */
    bool force;          /* replace an earlier export */
} export_options;

/* Writes what the report folder's record says of its targets into the new folder `out`, which
 * appears whole or not at all, and appends to `summary` what was written and what stayed empty, in
 * lines. The same record and options give the same bytes. E_USAGE: `out` is there already (with
 * `force`: and is not an earlier export), or an id holds other characters than letters, digits,
 * '.',
 * '_' and '-'. E_DATA: the report describes no feature. E_NUMERIC: a number that a format needs is
 * none. Otherwise the errors of record_read and of writing. */
err_code export_report(str *summary, const char *report, const char *out, const export_options *o,
                       err *e);

#endif
