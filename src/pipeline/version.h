/* This program's version and those of the libraries it computes and draws with. */
#ifndef PIPELINE_VERSION_H
#define PIPELINE_VERSION_H
#include "results/record.h"

#define SAEINV_VERSION "0.1.0"

/* The commit this program was built from ("unknown" where the sources came without their history),
 * whether they differed from it, and what compiled them: baked in by the Makefile. */
const char *version_commit(void);
bool version_modified(void);
const char *version_compiler(void);
const char *version_flags(void);

/* In the arena; the versions are those loaded now, not those compiled against. */
record_library *version_libraries(int *n, arena *a);

#endif
