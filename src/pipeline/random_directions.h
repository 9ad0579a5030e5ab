/* Random directions at the hook, as a control: what is said of features can be said of them too. */
#ifndef PIPELINE_RANDOM_DIRECTIONS_H
#define PIPELINE_RANDOM_DIRECTIONS_H
#include "features/survey.h"
#include "sae/sae.h"

/* Activations of n directions of unit length, drawn by the seed, over all prompts: direction i is
 * active on the n_active[i] tokens where it is largest (fewer if fewer are positive), by what it
 * exceeds the next one. It sees what the SAE `like` sees. out->features is `ids` (0 .. n-1, room
 * for n, borrowed by `out`). Memory: as survey_features() for directions active on half of the
 * tokens. Owner: caller, survey_release(). */
err_code survey_random_directions(survey *out, int *ids, const scan_source *source, const sae *like,
                                  const size_t *n_active, int n, uint64_t seed, err *e);

#endif
