/* Results of the search as bytes to keep (pipeline/store.h), and back. */
#ifndef PIPELINE_SEARCH_STORE_H
#define PIPELINE_SEARCH_STORE_H
#include "base/str.h"
#include "invert/search.h"
#include "invert/singles.h"

void singles_pack(str *payload, const singles *s);
/* False when the payload is not one; *out is then empty. Owner: caller, singles_release(). */
bool singles_unpack(singles *out, const str *payload);

/* What search_features() fills in of n jobs. */
void searches_pack(str *payload, const search_job *jobs, int n);
/* Memory from `a`. False when the payload is not of n jobs. */
bool searches_unpack(search_job *jobs, int n, const str *payload, arena *a);

#endif
