/* Results of the search as bytes to keep, and back. */
#ifndef INVERT_SEARCH_PACKED_H
#define INVERT_SEARCH_PACKED_H
#include "base/packed.h"
#include "invert/search.h"
#include "invert/singles.h"

void singles_pack(str *payload, const singles *s);
/* False when the payload is not one; *out is then empty. Owner: caller, singles_release(). */
bool singles_unpack(singles *out, const str *payload);

/* Their arrays alone, and back into arrays of the same sizes. */
void singles_put_best(str *to, const singles *s);
void singles_get_best(packed_reader *from, singles *s);

/* What search_features() fills in of n jobs. */
void searches_pack(str *payload, const search_job *jobs, int n);
/* Memory from `a`. False when the payload is not of n jobs. */
bool searches_unpack(search_job *jobs, int n, const str *payload, arena *a);
/* The same of one job among other bytes, finished or not; false when it is not one. */
void search_job_put(str *to, const search_job *job);
bool search_job_get(packed_reader *from, search_job *job, arena *a);

/* A point, its tokens without which there is none. */
void search_point_put(str *to, const search_point *p);
void search_point_get(packed_reader *from, search_point *p, arena *a);

#endif
