/* Where on the site a cluster is told about: clusters that hold a target have a page each, all
 * others share pages, a section each, by ranges of the ids that name them. */
#ifndef SITE_CLUSTER_PLACE_H
#define SITE_CLUSTER_PLACE_H
#include "results/record.h"

/* A page of several clusters: those without a page of their own whose label is in first..last. */
typedef struct cluster_range {
    int first, last;
} cluster_range;

bool cluster_has_page(const record *r, const record_cluster *c);

/* The shared page of a cluster without one of its own. Ranges are of one width, so that a cluster
 * more or less moves no other to another page, but where it doubles or halves their number. */
cluster_range cluster_range_of(const record *r, const record_cluster *c);

/* The page's name in clusters/ without its ending, "c-L02-00017" or "c-L02-00000-02047"; and what
 * follows the ending in a link, "" or "#c-l02-00017". From `a`. */
const char *cluster_stem(arena *a, const record *r, const record_cluster *c);
const char *cluster_hash(arena *a, const record *r, const record_cluster *c);

#endif
