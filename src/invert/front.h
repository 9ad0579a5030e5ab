/* Sequences of which none is both less active and less likely than another. */
#ifndef INVERT_FRONT_H
#define INVERT_FRONT_H
#include "invert/search_scorer.h"

/* Rising in value and, with it, in cross-entropy. Owner: caller, front_release(). */
typedef struct front {
    search_point *points; /* the front's own tokens */
    int n, most, length;  /* most: kept at once; length: tokens of a point at most */
} front;

front front_new(int most, int length);
void front_release(front *f);
/* Would the front be better with a sequence of this value and cross-entropy? NaN never is. */
bool front_wants(const front *f, float value, double cross_entropy);
/* Adds a copy of c's tokens up to its position, and drops what it dominates. When there are too
 * many, the one that adds least to the hypervolume goes. */
void front_add(front *f, const candidate *c, double scale);
/* Drops those that add least until `most` are left. */
void front_thin(front *f, int most, double scale);
/* Area between the front and the corner (0, FRONT_MOST_NATS), value in units of scale. */
double front_hypervolume(const front *f, double scale);
/* The most active one of cross-entropy at most `limit`; NULL: none. */
const search_point *front_within(const front *f, double limit);

/* Cross-entropy beyond which text is noise to the model: the corner (ContextBench scores 3 to 9).
 */
extern const double FRONT_MOST_NATS;

#endif
