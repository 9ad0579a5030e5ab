/* From two or more report folders to a comparison, and to a report of it. */
#ifndef COMPARE_REPORT_H
#define COMPARE_REPORT_H
#include "base/err.h"
#include "base/str.h"
#include "site/template.h"
#include <stdbool.h>

typedef struct compare_request {
    const char *const *folders;
    int n;           /* of them, at least 2; more are put side by side as in stability.h */
    const char *out; /* NULL: only the verdict is wanted */
    bool force;      /* replace an earlier comparison there */
    double tolerance;
    const template_set *templates;
    const char *version; /* of this program, for the pages */
} compare_request;

/* Reads all, compares, and writes `out`, whole or not at all. *same: nothing differs. Appends the
 * verdict in plain words to `summary`. A folder that is no report or one that this program cannot
 * read is E_IO or E_FORMAT and says what to do; E_USAGE for an `out` that may not be replaced. */
err_code compare_reports(bool *same, str *summary, const compare_request *request, err *e);

#endif
