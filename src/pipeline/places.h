/* From what a user types for a model or an SAE to its files, and to the place in the model where
 * the SAE belongs. */
#ifndef PIPELINE_PLACES_H
#define PIPELINE_PLACES_H
#include "model/hook.h"
#include "sae/sae.h"

/* A model's files. Strings in the arena given to the call. */
typedef struct model_place {
    files files;      /* label: the folder as typed, or "ORG/NAME@COMMIT" */
    const char *repo; /* "ORG/NAME"; NULL: no repository */
} model_place;

/* An SAE's files and what is known about it beside them. Strings as above. */
typedef struct sae_place {
    files files; /* label: the folder as typed, "RELEASE/ID" or "ORG/NAME@COMMIT/FOLDER" */
    sae_hints hints;
} sae_place;

/* "builtin", a folder, or a name that hub/hub.h knows. `key` is what the user would change
 * ("model.model", "--model"). E_CONFIG when there is nothing there, with how to get it. */
err_code place_model(model_place *out, const char *text, const char *key, arena *a, err *e);
/* hook_name (NULL or "": what the SAE says) stands above all other knowledge of what the SAE reads.
 */
err_code place_sae(sae_place *out, const char *text, const char *hook_name, const char *key,
                   arena *a, err *e);

/* Would a name be an SAE's rather than a model's? A folder by its files; a name by its release or
 * by the folder behind its repository. */
err_code place_names_sae(bool *out, const char *text, err *e);

/* The hook an SAE reads in a model, as the SAE saw it in training: weights processed, one head.
 * The labels are for messages. E_CONFIG when the model has no such place, E_SHAPE when its width
 * is not the SAE's. */
err_code place_hook(hook *out, const model_config *network, const char *model_label,
                    const sae_config *dictionary, const char *sae_label, err *e);
/* True when both names are known to mean models and they differ: "gpt2-small" from an SAE's files,
 * "openai-community/gpt2" from the user. */
bool place_other_model(const model_place *model, const sae_config *dictionary);

/* A place on disk as a report names it. Where a folder lies on one machine is nobody else's concern
 * and would make equal runs differ: of an absolute path the last two names stay. So it is with each
 * item of a comma-separated list and with what stands behind a colon. An http(s) address stays
 * whole. Memory from `a`. */
const char *place_shown(const char *text, arena *a);

#endif
