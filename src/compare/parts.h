/* The steps of comparison_make. */
#ifndef COMPARE_PARTS_H
#define COMPARE_PARTS_H
#include "compare/comparison.h"

/* A record's text; "" where it has none (NULL). */
const char *text_of(const char *text);
/* Fills same_*, measures_alike, matched, by_decoder, obstacle, inputs and config. */
void compare_settings(comparison *c, arena *memory);
void compare_metrics(comparison *c, arena *memory);
/* Fills clusters, and alignment with its counts. */
void compare_clusters(comparison *c, arena *memory);
void compare_maps(comparison *c, arena *memory);
/* Fills features and dictionary; targets and chosen, where features are matched or `decoders` are
 * there. Both add to `differences`. */
void compare_features(comparison *c, arena *memory);
void compare_targets(comparison *c, arena *memory);
/* Adds what differs in the other parts of the record. */
void compare_rest(comparison *c);

/* Whether both runs clustered the feature and its clusters do not correspond. */
bool has_moved(const comparison *c, int id);
/* The run's setting of that name; NULL: it has none. */
const record_config *find_setting(const record_run *run, const char *group, const char *key);
/* Whether the contexts are of the same tokens, byte for byte. */
bool same_tokens(const record_context *x, const record_context *y);

#endif
