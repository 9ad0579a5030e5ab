/* Making the bed, and the double-precision run beside it. */
#include "test.h"

#include "base/memory.h"
#include "base/rng.h"
#include "effects/common_bed.h"
#include "features/common_rig.h"
#include <string.h>

static void make_sae(bed *b, sae_normalization normalization)
{
    int D = b->read.width, O = b->write.width;
    float *w_enc = mem_small((size_t)(D * BED_F), sizeof *w_enc);
    float *w_dec = mem_small((size_t)(BED_F * O), sizeof *w_dec);
    float *b_dec = mem_small((size_t)O, sizeof *b_dec), b_enc[BED_F];
    random_floats(w_enc, (size_t)(D * BED_F), "bed encoder");
    random_floats(w_dec, (size_t)(BED_F * O), "bed decoder");
    random_floats(b_dec, (size_t)O, "bed decoder bias");
    for (int i = 0; i < BED_F * O; i++)
        w_dec[i] *= 0.3f;
    for (int f = 0; f < BED_F; f++)
        b_enc[f] = f == BED_F - 1 ? -1000 : -0.1f * (float)f; /* the last is silent */
    sae_config c = {.architecture = SAE_STANDARD,
                    .normalization = normalization,
                    .d_in = D,
                    .d_out = O,
                    .d_sae = BED_F,
                    .prepend_bos = true};
    c.transcoder = strcmp(b->read.name, b->write.name) != 0;
    memcpy(c.hook, b->read.name, sizeof c.hook);
    memcpy(c.hook_out, b->write.name, sizeof c.hook_out);
    sae_weights w = {w_enc, b_enc, w_dec, b_dec, NULL, NULL};
    err e = {0};
    if (sae_new(&b->sae, b->be, &c, &w, &e))
        fail_msg("%s", e.text);
    mem_free(w_enc);
    mem_free(w_dec);
    mem_free(b_dec);
}

static void make_prompts(bed *b, int V)
{
    static const int lengths[BED_PROMPTS] = {BED_LONGEST, 4, 7, BED_LONGEST, 2, 9, 5};
    prompt_set *p = &b->prompts;
    *p = (prompt_set){.bos = 0, .min_tokens = 1, .max_tokens = BED_LONGEST - 1, .n = BED_PROMPTS};
    p->tokens = mem_small(BED_PROMPTS * BED_LONGEST, sizeof *p->tokens);
    p->first = mem_small(BED_PROMPTS + 1, sizeof *p->first);
    for (int i = 0; i < BED_PROMPTS; i++)
        p->first[i + 1] = p->first[i] + (size_t)lengths[i];
    random_tokens(p->tokens, (int)p->first[BED_PROMPTS], V - 1, "bed prompts");
    for (size_t i = 0; i < p->first[BED_PROMPTS]; i++)
        p->tokens[i]++;
    for (int i = 0; i < BED_PROMPTS; i++)
        p->tokens[p->first[i]] = 0;
    p->tokens[p->first[2] + 3] = 0; /* a special token inside */
}

void bed_open(bed *b, const model_config *c, const char *read, const char *write,
              sae_normalization normalization, int threads, int batch_size)
{
    *b = (bed){.workers = pool_new(threads)};
    err e = {0};
    if (backend_open(&b->be, threads ? "cpu" : "ref", b->workers, &e) ||
        model_new(&b->model, b->be, c, 3, &e) || hook_parse(&b->read, c, read, &e) ||
        hook_parse(&b->write, c, write, &e))
        fail_msg("%s: %s", read, e.text);
    rig world = rig_open("ref", 1, "hook_embed");
    b->tokenizer = world.tokenizer;
    world.tokenizer = NULL;
    rig_close(&world);
    make_sae(b, normalization);
    make_prompts(b, c->d_vocab);
    for (int i = 0; i < BED_TOKENS; i++)
        b->ids[i] = i + 3;
    b->setting = (effect_setting){.model = b->model,
                                  .sae = b->sae,
                                  .read = &b->read,
                                  .write = strcmp(read, write) ? &b->write : &b->read,
                                  .prompts = &b->prompts,
                                  .tokenizer = b->tokenizer,
                                  .ids_n = b->ids,
                                  .n = BED_TOKENS,
                                  .batch_size = batch_size,
                                  .name = "test"};
    for (int f = 0; f < BED_F; f++)
        b->features[f] = f;
    scan_source source = {.model = b->model,
                          .hook = &b->read,
                          .prompts = &b->prompts,
                          .tokenizer = b->tokenizer,
                          .batch_size = batch_size,
                          .name = "test"};
    if (survey_features(&b->surveyed, &source, b->sae, b->features, BED_F, &e))
        fail_msg("%s", e.text);
}

void bed_close(bed *b)
{
    survey_release(&b->surveyed);
    prompts_release(&b->prompts);
    sae_free(b->sae);
    model_free(b->model);
    tokenizer_free(b->tokenizer);
    backend_free(b->be);
    pool_free(b->workers);
}

void bed_reference(double *logits_TV, double *value_TW, const bed *b, int prompt,
                   const float *splice_TW)
{
    int T = prompts_length(&b->prompts, prompt);
    reference *r = reference_new(b->model, prompts_tokens(&b->prompts, prompt), 1, T);
    r->wanted = *b->setting.write;
    r->splice = splice_TW;
    reference_run(r, logits_TV);
    if (value_TW)
        memcpy(value_TW, r->seen, (size_t)(T * r->wanted.width) * sizeof *value_TW);
    reference_free(r);
}
