/* The data pass: every prompt through the model and the whole SAE, reduced to statistics. */
#ifndef FEATURES_COLLECT_H
#define FEATURES_COLLECT_H
#include "features/batch.h"
#include "features/stats.h"
#include "sae/sae.h"

/* Statistics of all d_sae features over the prompts. The prompts x features matrix is never held:
 * activations are consumed a block of rows at a time. E_DATA when there is no prompt, E_NUMERIC
 * when activations are not finite. Owner: caller, collection_release().
 *
 * E_CANCELLED on Ctrl-C leaves in the source's draft all that it takes to go on, with the same
 * bytes as if the pass had never been stopped; E_FORMAT when the draft is not one of such a pass.
 */
err_code collect_features(collection *out, const scan_source *source, sae *s, err *e);

#endif
