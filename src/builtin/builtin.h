/* The files linked into the program: the model and the SAE that `saeinv train` made, the curves of
 * their training, and the site's templates. All bytes live as long as the program; every set may
 * be read from any thread. */
#ifndef BUILTIN_BUILTIN_H
#define BUILTIN_BUILTIN_H
#include "data/files.h"
#include <stdbool.h>

files builtin_model(void);     /* config.json, model.safetensors, tokenizer.json */
files builtin_sae(void);       /* cfg.json, sae_weights.safetensors, sparsity.safetensors */
files builtin_training(void);  /* *.csv: what the trainer measured as it went */
files builtin_templates(void); /* templates/: Markdown pages, layout, style sheet */

/* False when the program was built before `make builtin` ever ran, so that it holds no model. */
bool builtin_present(void);

#endif
