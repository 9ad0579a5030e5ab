/* What may differ between two runs of the same inputs; kept apart under volatile/. */
#ifndef RESULTS_RECORD_VOLATILE_H
#define RESULTS_RECORD_VOLATILE_H
#include <stdbool.h>

typedef struct record_stage {
    const char *name;
    double seconds;
    bool cached;      /* its output was reused */
    const char *note; /* "1.2 M tokens/s" */
} record_stage;

/* The build and the machine: what the results should not depend on, and may. */
typedef struct record_environment {
    const char *compiler, *flags; /* "gcc 12.2.0"; of the release, without paths and warnings */
    const char *system, *cpu;     /* "Linux 6.1.0"; the processor's own name */
} record_environment;

typedef struct record_volatile {
    const char *started; /* ISO 8601, UTC */
    const char *host, *processor, *directory;
    int n_threads;
    double seconds, peak_memory; /* bytes */
    record_stage *stages;
    int n_stages;
    record_environment environment; /* a file of its own, env.json */
} record_volatile;

#endif
