/* What an SAE is, as data; and SAELens's cfg.json, version 6 or the flat one before it. */
#ifndef SAE_CONFIG_H
#define SAE_CONFIG_H
#include "base/err.h"
#include "base/str.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The nonlinearity as the file names it. All of them are computed in one form (sae/sae.h), into
 * which loading folds the weights of the others. */
typedef enum {
    SAE_STANDARD,
    SAE_JUMPRELU,
    SAE_GATED,
    SAE_TOPK,
    SAE_BATCHTOPK,           /* the training form, and dictionary_learning's */
    SAE_MATRYOSHKA_BATCHTOPK /* the same; its nested widths matter to training only */
} sae_architecture;

/* normalize_activations, per token. expected_average_only_in (a constant for the whole data set) is
 * folded into the weights when the constant is known, else nothing is done: `unfolded` is then set.
 */
typedef enum {
    SAE_NORMALIZE_NONE,
    SAE_NORMALIZE_NORM,      /* constant_norm_rescale: x sqrt(D) / |x| */
    SAE_NORMALIZE_LAYER_NORM /* (x - mean) / (sample standard deviation + 1e-5) */
} sae_normalization;

enum { SAE_MAX_EXCLUDED = 64 };

/* Python's slice over the positions of a sequence. */
typedef struct sae_slice {
    bool has_start, has_stop;
    int start, stop; /* negative: from the end */
    int step;        /* 0 or 1: every position */
} sae_slice;

typedef struct sae_config {
    sae_architecture architecture;
    bool transcoder; /* y predicts the activation at hook_out; b_dec is never subtracted from x */
    bool skip;       /* y has x W_skip^T added (transcoders only) */
    sae_normalization normalization;
    int d_in, d_sae;
    int d_out; /* width of y; 0 stands for d_in until the SAE is made */
    int k;     /* per-token top-k: features kept, 0 for the other architectures */
    bool apply_b_dec_to_input;
    bool unfolded; /* the file asks for expected_average_only_in, whose constant is not known */

    /* What the SAE was trained on; nothing below changes encode or decode. */
    bool prepend_bos;
    int context;                 /* tokens per training sequence, 0 when not said */
    char hook[64], hook_out[64]; /* TransformerLens's names: "blocks.3.hook_resid_post" */
    char model[128];             /* "" when not said */
    bool has_head, has_head_out; /* the SAE sees one attention head's slice of the hook: */
    int head, head_out;          /* which */
    sae_slice positions;         /* seqpos_slice: the positions used in training */
    bool exclude_special;        /* special tokens were left out of training */
    int n_excluded;              /* or these token ids */
    int32_t excluded[SAE_MAX_EXCLUDED];
    /* model_from_pretrained_kwargs: what TransformerLens did to the model's weights first. */
    bool center_writing_weights, fold_ln, fold_value_biases;
} sae_config;

/* Parses SAELens's cfg.json (n bytes, need not end in NUL). A setting that changes what the SAE
 * computes and is not computed here is E_CONFIG and named, never ignored. The hook may be missing.
 */
err_code sae_config_parse(sae_config *out, const char *text, size_t n, const char *where, err *e);
/* Appends cfg.json as SAELens 6 writes it. */
void sae_config_print(str *out, const sae_config *c);
/* Sizes are positive and can be allocated, and the parts fit each other. */
err_code sae_config_check(const sae_config *c, const char *where, err *e);
/* What is computed of normalize_activations, in SAELens's word; lives as long as the program. */
const char *sae_normalization_name(const sae_config *c);
/* The flags of model_from_pretrained_kwargs that are set: "center_writing_weights, fold_ln", "" for
 * none. Returns buf. */
enum { SAE_PROCESSING_TEXT = 64 };
const char *sae_processing_text(char buf[SAE_PROCESSING_TEXT], const sae_config *c);
/* "gated", "jumprelu_skip_transcoder", ... as SAELens names it. Returns buf. */
enum { SAE_ARCHITECTURE_TEXT = 64 };
const char *sae_architecture_name(char buf[SAE_ARCHITECTURE_TEXT], const sae_config *c);

#endif
