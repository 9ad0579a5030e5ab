/* What the measurements of this folder work with. */
#ifndef EFFECTS_SETTING_H
#define EFFECTS_SETTING_H
#include "base/draft.h"
#include "base/progress.h"
#include "features/prompts.h"
#include "model/forward.h"
#include "sae/sae.h"

/* All borrowed. */
typedef struct effect_setting {
    model *model;
    sae *sae;
    const hook *read;  /* where the SAE reads */
    const hook *write; /* where its output stands: `read` itself, or a transcoder's hook_out */
    const prompt_set *prompts;
    const tokenizer *tokenizer; /* whose special tokens count nowhere */
    const int32_t *ids_n;       /* the tokens that are ranked, ascending */
    int n;
    int batch_size;     /* prompts run at once at most */
    reporter *reporter; /* progress; may be NULL */
    const char *name;   /* of the progress bar */
    draft *draft;       /* of what the setting is given to; NULL: what is stopped begins anew */
} effect_setting;

#endif
