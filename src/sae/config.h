/* What an SAE is, as data: SAELens's cfg.json, version 6 or the flat one before it. */
#ifndef SAE_CONFIG_H
#define SAE_CONFIG_H
#include "base/err.h"
#include "base/str.h"
#include "compute/backend.h"
#include "data/files.h"
#include <stdbool.h>
#include <stddef.h>

typedef enum { SAE_STANDARD, SAE_JUMPRELU } sae_architecture;

/* normalize_activations, per token. expected_average_only_in (a constant for the whole data set)
 * counts as none, as in SAELens, which folds the constant before it saves: `unfolded` is then set. */
typedef enum {
    SAE_NORMALIZE_NONE,
    SAE_NORMALIZE_NORM,      /* constant_norm_rescale: x sqrt(D) / |x| */
    SAE_NORMALIZE_LAYER_NORM /* (x - mean) / (sample standard deviation + 1e-5) */
} sae_normalization;

typedef struct sae_config {
    sae_architecture architecture;
    sae_normalization normalization;
    int d_in, d_sae;
    bool apply_b_dec_to_input;
    bool unfolded;   /* the file asks for expected_average_only_in: worth a warning */
    bool prepend_bos;
    int context;     /* tokens per training sequence, 0 when the file does not say */
    char hook[64];   /* TransformerLens's name: "blocks.3.hook_resid_post" */
    char model[128]; /* "" when the file does not say */
} sae_config;

/* Parses cfg.json (n bytes, need not end in NUL). An architecture, activation or normalisation that
 * is not computed here is E_CONFIG and named, never ignored. */
err_code sae_config_parse(sae_config *out, const char *text, size_t n, const char *where, err *e);
/* Appends cfg.json as SAELens 6 writes it. */
void sae_config_print(str *out, const sae_config *c);
/* Sizes are positive and can be allocated. */
err_code sae_config_check(const sae_config *c, const char *where, err *e);

#endif
