/* A model of any family with an SAE, a few prompts and a survey, for tests of this folder. */
#ifndef TESTS_EFFECTS_COMMON_BED_H
#define TESTS_EFFECTS_COMMON_BED_H
#include "effects/setting.h"
#include "features/survey.h"
#include "model/common.h"

enum { BED_F = 12, BED_PROMPTS = 7, BED_LONGEST = 11, BED_TOKENS = 30 };

typedef struct bed {
    pool *workers;
    backend *be;
    model *model;
    sae *sae; /* random, relu */
    hook read, write;
    tokenizer *tokenizer; /* token 0 is special */
    prompt_set prompts;   /* behind a BOS of 0; one prompt holds another 0 */
    int32_t ids[BED_TOKENS];
    effect_setting setting; /* of all of them, ranking the tokens 3, 4, ... */
    int features[BED_F];
    survey surveyed; /* of all features */
} bed;

/* A transcoder when the hooks' names differ. Owner: caller, bed_close(). */
void bed_open(bed *b, const model_config *c, const char *read, const char *write,
              sae_normalization normalization, int threads, int batch_size);
void bed_close(bed *b);

/* Prompt i run by the reference; logits_TV may be NULL. With splice_TW the value at the write hook
 * is replaced, else value_TW (may be NULL) receives it. */
void bed_reference(double *logits_TV, double *value_TW, const bed *b, int prompt,
                   const float *splice_TW);

#endif
