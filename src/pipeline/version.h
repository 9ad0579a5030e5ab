/* This program's version and those of the libraries it computes and draws with. */
#ifndef PIPELINE_VERSION_H
#define PIPELINE_VERSION_H
#include "results/record.h"

#define SAEINV_VERSION "0.1.0"

/* In the arena; the versions are those loaded now, not those compiled against. */
record_library *version_libraries(int *n, arena *a);

#endif
