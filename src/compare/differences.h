/* Every value in which two structs of the record differ, by their schema: nothing that a report's
 * files hold can be forgotten. */
#ifndef COMPARE_DIFFERENCES_H
#define COMPARE_DIFFERENCES_H
#include "base/arena.h"
#include "results/schema.h"
#include <stdbool.h>

typedef struct difference {
    const char *place; /* "targets/L02-00123.rule.scores[0].f1.value", "[2..7]" behind a list */
    const char *a, *b; /* as the files show them; any bytes. Of entries of a list all in the range:
                          numbers with a space between, tokens as the text they make, or with "|"
                          between where that is the same text cut otherwise. */
} difference;

typedef struct difference_list {
    arena *memory;
    int version; /* of the older of both files: members that later versions added are not compared,
                    nor those that later ones leave out */
    double tolerance; /* numbers x and y are the same when |x - y| <= tolerance * max(|x|, |y|);
                         counts that are wider than an int too. All else must be equal. */
    difference *items;
    int n, room;
    size_t most;  /* bytes of a table of those that are kept, the first ones; 0: only counted */
    size_t bytes; /* of all of them */
    long all;     /* that were found */
} difference_list;

enum { DIFFERENCE_RUN = 32 };

/* Whether x is y within the tolerance. Two NaN are the same. */
bool numbers_agree(double x, double y, double tolerance);

/* Appends what differs between two structs described by s. Members named in `skip`, a list that
 * ends in NULL, are left out, of the struct itself only. Lists of different lengths differ in their
 * length alone. Numbers and tokens of a list that differ less than DIFFERENCE_RUN entries from the
 * first are one difference. Returns how many were found. */
long differences_find(difference_list *out, const char *place, const schema *s, const void *a,
                      const void *b, const char *const *skip);
/* Appends one that the caller found; texts are copied, NULL is a thing that is not there. */
void differences_add(difference_list *out, const char *place, const char *a, const char *b);

#endif
