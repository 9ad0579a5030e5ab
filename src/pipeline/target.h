/* Targets given by hand (model.target): neurons, directions from a file, contrasts of two features.
 * They are made into an SAE whose features they are, so that every stage runs on them unchanged.
 *
 * A list, comma-separated, all of it at one hook:
 *   neuron:HOOK:INDEX            one number of the hook's value; FIRST-LAST for a range
 *   direction:FILE@HOOK          every row of the only tensor, [width] or [n, width], in a
 *   direction:FILE:TENSOR@HOOK   .safetensors, .npz, .npy or torch file; FILE has no colon or comma
 *   contrast:A-B                 the pre-activation of feature A of model.sae less that of B
 * A minus in front ("-neuron:...") turns the direction round.
 *
 * A target's value is the hook's value times its direction, as long as it is given (a neuron's is a
 * unit vector); its activation is the value where it is positive, else 0. Its decoder row is the
 * direction at unit length. */
#ifndef PIPELINE_TARGET_H
#define PIPELINE_TARGET_H
#include "base/sha256.h"
#include "model/hook.h"
#include "sae/sae.h"

typedef enum { TARGET_NEURON, TARGET_DIRECTION, TARGET_CONTRAST } target_kind;

/* One item of the list. */
typedef struct target_item {
    target_kind kind;
    const char *text;          /* as typed, for messages */
    bool negative;             /* never of a contrast: there A and B change places */
    const char *hook;          /* NULL: a contrast, at the hook of its SAE */
    const char *file, *tensor; /* of directions; tensor NULL: the only one */
    int first, last;           /* neurons; A and B of a contrast */
} target_item;

typedef struct target_list {
    target_item *items;
    int n, n_contrasts;
} target_list;

/* E_CONFIG, naming the item, for anything but the above. Files are not opened. Memory from `a`. */
err_code target_parse(target_list *out, const char *text, arena *a, err *e);

/* What targets are made from. */
typedef struct target_source {
    backend *be;
    const model_config *network;
    const char *hook;      /* model.hook, which all must be at; "": wherever they are */
    bool prepend_bos;      /* without an SAE */
    sae *dictionary;       /* of contrasts; NULL when there are none */
    const char *sae_label; /* as reports name it */
    const char *sae_sha256;
} target_source;

/* The targets made: feature i of the SAE is target i, in the order of the list. */
typedef struct target_set {
    sae *sae;                /* owner: caller, sae_free(); needs no dictionary */
    const char **names;      /* "neuron 3 of blocks.2.mlp.hook_post"; in the arena, as is: */
    const char *label;       /* what they are together: "2 neurons of blocks.2.mlp.hook_post" */
    char sha256[SHA256_HEX]; /* of the list, the bytes of its files and the SAE; not of places */
} target_set;

/* Contrasts keep normalisation and b_dec of their SAE; other targets beside them see the hook's own
 * value, so E_CONFIG when the SAE does not read that (it normalises, reads one head, or the model's
 * weights processed). E_CONFIG for items at different hooks, an index that is not there; E_SHAPE
 * for a tensor of another shape; E_NUMERIC for NaN, infinity and a direction that is zero; E_DATA
 * for a feature that does not exist. Messages name item or file. */
err_code target_make(target_set *out, const target_list *list, const target_source *from, arena *a,
                     err *e);

#endif
