/* Which keys of SAELens's cfg.json say something here. */
#ifndef SAE_CONFIG_KEYS_H
#define SAE_CONFIG_KEYS_H
#include "sae/fields.h"

/* Adds a note for each member of `object` that is neither read nor known to matter to training
 * only. E_CONFIG for members that belong to an architecture that is not computed. */
err_code config_keys_check(const cJSON *object, str *notes, const char *where, err *e);
/* model_from_pretrained_kwargs: what is known to change activations is put into c, what is known
 * not to is skipped, anything else is E_CONFIG. */
err_code config_keys_model(sae_config *c, const cJSON *kwargs, str *notes, const char *where,
                           err *e);

#endif
