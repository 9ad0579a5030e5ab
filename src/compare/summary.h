/* The short form of a comparison: compare.json, and the figures that targets are listed with. */
#ifndef COMPARE_SUMMARY_H
#define COMPARE_SUMMARY_H
#include "base/json.h"
#include "compare/tables.h"

/* Figures that both runs may have of a target: "rule F1", "warm", ... */
enum { TARGET_FIGURES = 5 };
const char *target_figure_name(int which);
/* NaN where the target, which may be NULL, does not have it. */
double target_figure(const record_target *t, int which);

/* Adds an object that says which run it is; in a list the key is NULL. */
void summary_add_run(cJSON *object, const char *key, const char *folder, const record *r);
/* Writes DIR/compare.json. */
err_code summary_write(const char *dir, const comparison *c, const compared_names *names, err *e);

#endif
