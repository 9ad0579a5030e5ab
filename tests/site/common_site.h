/* Sites of synthetic records in scratch folders. */
#ifndef TESTS_SITE_COMMON_SITE_H
#define TESTS_SITE_COMMON_SITE_H
#include "results/common_record.h"
#include "site/template.h"

/* The templates of the repository, from the folder the tests run in; memory from `a`. */
template_set load_templates(arena *a);
/* Writes the record alone into DIR, which site_render makes a site of; fails the test on any error.
 */
void write_record(const char *dir, synthetic_kind kind);
/* Writes record and site into DIR; fails the test on any error. */
void write_site(const char *dir, synthetic_kind kind);
/* Every regular file under dir, relative, sorted; memory from `a`. */
char **list_files(int *n, arena *a, const char *dir);
/* A file's text; "" fails the test. */
const char *file_text(arena *a, const char *dir, const char *name);

/* A new scratch folder, removed by remove_scratch (cmocka set-up and tear-down). */
const char *scratch(void);
int make_scratch(void **state);
int remove_scratch(void **state);

#endif
