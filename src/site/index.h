/* The index of a folder of reports: one page that puts its runs side by side. */
#ifndef SITE_INDEX_H
#define SITE_INDEX_H
#include "base/err.h"
#include "site/template.h"
#include <stdbool.h>

typedef struct index_request {
    const char *dir; /* the folder that holds the reports */
    bool force;      /* replace an index.html or README.md that is not an index of ours */
    const template_set *templates;
    const char *version; /* of this program, for the foot of the page */
} index_request;

typedef struct index_counts {
    int runs, flagged, comparisons; /* flagged: runs that are not whole */
} index_counts;

/* Writes DIR/index.html, README.md, index.json, index.csv and assets/ from what lies in DIR now:
 * its folders in bytewise order, reports, comparisons and others, none left out in silence. Holds
 * no time and no path, so the same reports give the same bytes. E_USAGE: DIR is no folder, is a
 * report itself, or holds pages of somebody else; E_IO, E_FORMAT. */
err_code index_write(index_counts *counts, const index_request *request, err *e);

#endif
