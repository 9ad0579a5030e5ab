/* Results of searches beside each other. */
#ifndef TESTS_INVERT_COMMON_SEARCH_H
#define TESTS_INVERT_COMMON_SEARCH_H
#include "invert/search.h"

/* Everything that was found is the same, to the last bit. */
void expect_same_search(const search_job *got, const search_job *want);

#endif
