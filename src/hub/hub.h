/* Models and SAEs by name: a folder on disk, or what the standard Hugging Face cache already holds.
 *
 * What people write, and what it means:
 *
 *   ./my-model                                  a folder that exists always wins
 *   EleutherAI/pythia-70m-deduped               a repository of the cache, revision main
 *   EleutherAI/pythia-70m-deduped@step3000      a branch, a tag, or a commit (7 digits do)
 *   gpt2-small, pythia-70m-deduped, gemma-2-2b  TransformerLens's short names
 *   gpt2-small-res-jb/blocks.8.hook_resid_pre   an SAE: SAELens's release, then its id
 *   jbloom/GPT2-Small-SAEs-Reformatted/blocks.8.hook_resid_pre    repository, then folder
 *
 * Snapshots are used in place. Nothing here touches the network: hub/fetch.h does, and only when
 * `saeinv fetch` asks for it. */
#ifndef HUB_HUB_H
#define HUB_HUB_H
#include "base/arena.h"
#include "base/err.h"
#include <stdbool.h>

/* Where to look; see hub_settings_read. All strings are borrowed. */
typedef struct hub_settings {
    const char *cache;    /* the folder that holds models--ORG--NAME */
    const char *releases; /* the user's own table of releases (hub/release.h); NULL: none */
} hub_settings;

/* From the environment: HF_HUB_CACHE, else HUGGINGFACE_HUB_CACHE, else HF_HOME/hub, else
 * XDG_CACHE_HOME/huggingface/hub, else ~/.cache/huggingface/hub; SAEINV_RELEASES, else
 * XDG_CONFIG_HOME/saeinv/releases.json, else ~/.config/saeinv/releases.json where there is one.
 * Empty variables count as unset. E_CONFIG when there is no home directory to fall back on. */
err_code hub_settings_read(hub_settings *out, arena *a, err *e);

/* Where a name leads. Strings live in the arena given to the call. */
typedef struct hub_place {
    const char *dir;           /* the folder to open, as files_from_dir() wants it */
    const char *file;          /* the file in it that the name means; NULL: the folder as such */
    const char *repo, *commit; /* NULL: a folder on disk, no repository */
    const char *folder;        /* inside the repository, "" for its root */
} hub_place;

typedef enum { HUB_UNSAID, HUB_NO, HUB_YES } hub_answer;

/* What a release's table says about an SAE beside its files. NULL, 0 and HUB_UNSAID mean that the
 * table is silent: the SAE's own files and the defaults of its layout decide. Layouts go by the
 * names of SAELens's loaders: sae_lens, gemma_2, gemma_2_transcoder, gemma_3, llama_scope,
 * llama_scope_r1_distill, dictionary_learning_1, sparsify, mwhanna_transcoder. */
typedef struct hub_sae_facts {
    const char *release, *id; /* NULL: no release's, and nothing below is known */
    const char *layout;
    const char *model;           /* a name that hub_find_model takes */
    const char *hook, *hook_out; /* TransformerLens's names */
    const char *normalize_activations;
    int context; /* tokens per training sequence */
    hub_answer prepend_bos;
    hub_answer center_writing_weights, fold_ln; /* of model_from_pretrained_kwargs */
    double norm_scaling_factor; /* activations are multiplied by it before encoding */
} hub_sae_facts;

/* A model's folder: config.json, safetensors weights (every shard its index names) and a tokenizer
 * are there. E_CONFIG names what was looked for, where, what is missing and the `saeinv fetch`
 * that gets it. */
err_code hub_find_model(hub_place *out, const char *name, const hub_settings *s, arena *a, err *e);

/* An SAE's folder, and what its release says; also when the repository and folder were written out.
 * A folder on disk and a place that is no release's have no facts. A wrong release or id is
 * E_CONFIG with the nearest names. */
err_code hub_find_sae(hub_place *out, hub_sae_facts *facts, const char *name, const hub_settings *s,
                      arena *a, err *e);

#endif
