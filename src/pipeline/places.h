/* From what a user types for a model or an SAE to where its files are. */
#ifndef PIPELINE_PLACES_H
#define PIPELINE_PLACES_H
#include "data/files.h"

/* "builtin" or a folder. `key` is what the user would change ("model.model", "--model"). The label
 * of `out` is `place` itself, which must outlive it. E_CONFIG when there is nothing there. */
err_code place_model(files *out, const char *place, const char *key, err *e);
err_code place_sae(files *out, const char *place, const char *key, err *e);

#endif
