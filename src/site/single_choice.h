/* Which targets stand in a single file in whole, and which are a line of its list of features. */
#ifndef SITE_SINGLE_CHOICE_H
#define SITE_SINGLE_CHOICE_H
#include "base/str.h"
#include "results/record.h"
#include <stdbool.h>

enum {
    SINGLE_FEWEST_TARGETS = 4, /* stand in whole, however large the rest is */
    SINGLE_LINE_ELEMENTS = 2   /* of the line that names a page which is not inside */
};

/* The elements of a piece of HTML of ours. */
int single_elements(const str *html);

/* Sets inside[i] for the targets that stand in whole: from first to last of order[n], as long as
 * the file, of which everything else is `others` elements, has at most `most`; then none of the
 * rest. elements[i] are target i's. Returns how many. */
int single_choose(bool *inside, const int *order, int n, const int *elements, int others, int most);

/* The record's n_targets targets as they are taken: those worth a look first, then in their own
 * order. */
void single_order(int *order, const record *r);

#endif
