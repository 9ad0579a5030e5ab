/* What a run's model and SAE are called over there, whose they are and of when. */
#ifndef EXPORT_NAMES_H
#define EXPORT_NAMES_H
#include "export/export.h"
#include "results/record.h"

typedef struct export_names {
    const char *model;   /* "pythia-70m-deduped" */
    const char *set;     /* "gpt2-small-res-jb": one name for the SAEs of all layers */
    const char *source;  /* "8-gpt2-small-res-jb": the SAE of one layer */
    const char *creator; /* a user's id; NULL: not given */
    const char *created; /* when the run began, ISO 8601; NULL: not known */
} export_names;

/* Ids that were not given come from the record: of a model the last part of its source, of an SAE
 * the part before the last, where there are two, else the only one; in small letters, other
 * characters than letters, digits, '.', '_' become '-'. `started` (may be NULL) is the run's, taken
 * when it looks like a time. Memory from `a`. E_USAGE as export_report. */
err_code export_names_make(export_names *out, const record *r, const char *started,
                           const export_options *o, arena *a, err *e);

#endif
