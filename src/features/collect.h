/* The data pass: every prompt through the model and the whole SAE, reduced to statistics. */
#ifndef FEATURES_COLLECT_H
#define FEATURES_COLLECT_H
#include "features/batch.h"
#include "features/stats.h"
#include "sae/sae.h"

/* Statistics of all d_sae features over the prompts. The prompts x features matrix is never held:
 * activations are consumed a block of rows at a time. E_DATA when there is no prompt, E_NUMERIC
 * when activations are not finite. Owner: caller, collection_release(). */
err_code collect_features(collection *out, const scan_source *source, sae *s, err *e);

#endif
