/* The JSON twin of a figure, made from its CSV and alternative text. */
#ifndef SITE_FIGURE_JSON_H
#define SITE_FIGURE_JSON_H
#include "base/err.h"

/* Reads DIR/STEM.csv and DIR/STEM.txt, which drawing has just written, and writes DIR/STEM.json:
 * {"schema", "description", "columns": [names], "rows": [[cells]]}, one row a line; cells that are
 * numbers are numbers, empty ones null. */
err_code figure_json_write(const char *dir, const char *stem, err *e);

#endif
