/* Gives the generated tables the shape every loader takes. */
#include "builtin/builtin.h"
#include "builtin/blobs.h"

files builtin_model(void)
{
    return files_from_blobs("built-in model", blobs_model.rows, blobs_model.n);
}

files builtin_sae(void)
{
    return files_from_blobs("built-in SAE", blobs_sae.rows, blobs_sae.n);
}

files builtin_training(void)
{
    return files_from_blobs("built-in training record", blobs_training.rows, blobs_training.n);
}

files builtin_templates(void)
{
    return files_from_blobs("built-in templates", blobs_templates.rows, blobs_templates.n);
}

bool builtin_present(void)
{
    return blobs_model.n > 0 && blobs_sae.n > 0;
}
