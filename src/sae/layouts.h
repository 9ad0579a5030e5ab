/* One loader for each layout of files, and the parsers of their configs on text in memory.
 *
 * Parsers take n bytes that need not end in NUL; what they do not compute is E_CONFIG and named. */
#ifndef SAE_LAYOUTS_H
#define SAE_LAYOUTS_H
#include "sae/loader.h"

/* A loader finds its files in l->f and fills *out; l is released by the caller. */
typedef err_code sae_layout_load(sae **out, sae_loader *l, err *e);
sae_layout_load saelens_load, gemma_scope_load, gemma_scope_2_load, sparsify_load, llama_scope_load,
    llama_scope_r1_load, dictionary_learning_load;

/* sparsify's cfg.json. The hook is in the folder's name: sparsify_hooks(). */
err_code sparsify_config_parse(sae_config *out, const char *text, size_t n, const char *where,
                               err *e);
/* "layers.5", "layers.5.mlp", "embed_tokens", ...: the last part of a path. E_CONFIG for others. */
err_code sparsify_hooks(sae_config *c, const char *place, err *e);

/* Llama Scope's hyperparams.json: one threshold for all features, and the average norms of
 * activations over its data, input and output. */
typedef struct llama_scope_config {
    sae_config c;
    double threshold, norm_in, norm_out;
} llama_scope_config;
err_code llama_scope_config_parse(llama_scope_config *out, const char *text, size_t n,
                                  const char *where, err *e);
/* config.json of Llama Scope R1 Distill. */
err_code llama_scope_r1_config_parse(sae_config *out, const char *text, size_t n, const char *where,
                                     err *e);

/* dictionary_learning's config.json. */
typedef struct dictionary_config {
    sae_config c;
    int kind; /* which of its dictionary classes, a number of load_dictionary_learning.c's */
} dictionary_config;
err_code dictionary_config_parse(dictionary_config *out, const char *text, size_t n,
                                 const char *where, err *e);

/* What the place of a Gemma Scope folder says ("google/gemma-scope-2b-pt-res/layer_20/..."): hook,
 * model, context. Leaves c as it is when the place says nothing. */
void gemma_scope_place(sae_config *c, bool *embedding, const char *place);
/* config.json of Gemma Scope 2: hooks and model. */
err_code gemma_scope_2_config_parse(sae_config *c, const char *text, size_t n, const char *where,
                                    err *e);

#endif
