/* What SAELens's cfg.json says beyond sae_config: how its weights are to be folded. */
#ifndef SAE_SAELENS_H
#define SAE_SAELENS_H
#include "sae/config.h"

typedef struct saelens_config {
    sae_config c;
    bool rescale;   /* rescale_acts_by_decoder_norm */
    bool finetuned; /* finetuning_scaling_factor: the weights have a scaling_factor that counts */
} saelens_config;

/* As sae_config_parse; notes (or NULL) out: sentences about what is ignored, one a line. */
err_code saelens_config_parse(saelens_config *out, str *notes, const char *text, size_t n,
                              const char *where, err *e);
/* Whether a hook holds attention heads side by side: its name ends in "_z". */
bool saelens_is_hook_z(const char *hook);
/* normalize_activations by its name. */
err_code saelens_normalization(sae_config *c, const char *name, const char *where, err *e);

#endif
