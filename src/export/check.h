/* What the formats divide by, compare and list must be numbers. */
#ifndef EXPORT_CHECK_H
#define EXPORT_CHECK_H
#include "base/err.h"
#include "results/record.h"

/* E_NUMERIC, naming the report, the target and the key, when a number that every format needs is
 * NaN or infinite; E_SHAPE when no token was counted. */
err_code export_check(const record *r, const char *report, err *e);

#endif
