/* What the tokens of a prompt bring, through a layer's attention, to a feature that reads at that
 * layer's hook_z ("direct feature attribution").
 *
 * A token's value at hook_z is a weighted sum of the values of the tokens up to it, head by head,
 * so its product with the encoder column splits exactly into a part of each of them; the patterns
 * themselves are taken as they are (Kissane, Krzyzanowski, Bloom, Conmy, Nanda 2024, "Interpreting
 * attention layer outputs with sparse autoencoders"):
 *   part[s] = sum over heads h of pattern[h, t, s] * (v[s, key-value head of h] . column of head h)
 * The parts add up to the product itself. The SAE's biases, and what it does to its input before
 * (normalisation), are no token's part. */
#ifndef EFFECTS_ATTENTION_H
#define EFFECTS_ATTENTION_H
#include "effects/setting.h"

/* Does an SAE that reads here read what attention brings? */
bool attention_is_read(const hook *read);

/* Memory for runs; one prompt at a time. Owner: caller, attention_reader_free(); the setting must
 * outlive it. E_CONFIG unless attention_is_read(s->read). */
typedef struct attention_reader attention_reader;
err_code attention_reader_new(attention_reader **out, const effect_setting *s, err *e);
void attention_reader_free(attention_reader *r);

/* part_T[s] of each token s of the prompt in the value of its token `position`; 0 of the tokens
 * behind it, and of those a window hides. part_H likewise of each head of the model, over all
 * tokens; 0 of those the hook leaves out. part_T has the prompt's length, column_D (a column of
 * W_enc) the width of the read hook. In ordinary memory, as all here. Where the hook has the
 * values' bias taken off, it is taken off the values: the weights of a head sum to 1. */
err_code attention_parts(float *part_T, float *part_H, attention_reader *r, const float *column_D,
                         int prompt, int position, err *e);

#endif
