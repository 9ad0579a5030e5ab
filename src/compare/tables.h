/* A comparison as files for other programs. */
#ifndef COMPARE_TABLES_H
#define COMPARE_TABLES_H
#include "base/err.h"
#include "compare/comparison.h"

/* What the two runs are called: their folders, as seen from the comparison's own. */
typedef struct compared_names {
    const char *a, *b; /* "../one" */
} compared_names;

/* Of compare.json and the tables. 2: features of two dictionaries are matched; the column `feature`
 * became feature_a and feature_b. */
enum { COMPARISON_SCHEMA = 2 };

/* Writes DIR/compare.json and DIR/data/: one CSV for settings, metrics, features, targets,
 * explanations, clusters and differences, and README.md with each column's meaning. The directory
 * is made. */
err_code comparison_write(const char *dir, const comparison *c, const compared_names *names,
                          err *e);

#endif
