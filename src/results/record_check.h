/* What must agree inside a record, whether it was just made or read from files. */
#ifndef RESULTS_RECORD_CHECK_H
#define RESULTS_RECORD_CHECK_H
#include "base/err.h"
#include "results/record.h"

/* E_SHAPE, naming the file it belongs to, the entry and the two things that disagree: ids out of
 * range or order, clusters nobody knows, lists of the wrong length, NaN where a page divides. */
err_code record_check(const record *r, err *e);

/* Parts of it. */
err_code record_check_activity(const record_target *t, err *e);
err_code record_check_contexts(const record_context *list, int n, int id, const char *name, err *e);

#endif
