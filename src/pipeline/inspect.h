/* What is in a model's folder, an SAE's folder or a weights file, in words. Appends text of lines
 * without control characters, whatever the files hold. */
#ifndef PIPELINE_INSPECT_H
#define PIPELINE_INSPECT_H
#include "pipeline/places.h"

/* Architecture, sizes, stored types, hook points, tokenizer, what would be ignored, and the memory
 * that loading and a run over `tokens` tokens take. Everything that a run would refuse before it
 * reads weights is an error here too. */
err_code inspect_model(str *out, const model_place *place, int tokens, err *e);
/* Reads the whole SAE: layout, kind, sizes, where it belongs, what is left open, its thresholds. */
err_code inspect_sae(str *out, const sae_place *place, err *e);
/* Every tensor of a safetensors, npz or torch.save file. */
err_code inspect_file(str *out, const char *path, err *e);

#endif
