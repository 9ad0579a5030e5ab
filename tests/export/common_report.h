/* Reports of synthetic records in a scratch folder, and exports of them. */
#ifndef TESTS_EXPORT_COMMON_REPORT_H
#define TESTS_EXPORT_COMMON_REPORT_H
#include "export/export.h"
#include "export/common_schema.h"
#include "results/common_record.h"

/* Group set-up and tear-down. */
int make_reports(void **state); /* reports "usual", "hostile" and "empty" */
int remove_reports(void **state);
const char *in_scratch(arena *a, const char *name);

/* A record read back from the report of that name. */
record read_report(arena *a, const char *name);
/* Exports report `name` to folder `out` of the scratch folder; fails the test when it fails. */
void export_to(const char *name, const char *out, export_format format);
/* The parsed file of an export; caller's, cJSON_Delete(). */
cJSON *read_json(const char *folder, const char *file);
/* The same files with the same bytes in both. */
void assert_same_files(const char *one, const char *other);

#endif
