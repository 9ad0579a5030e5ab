/* A model, an SAE and a tokenizer small enough for tests, made in memory from fixed seeds. */
#ifndef TESTS_FEATURES_COMMON_RIG_H
#define TESTS_FEATURES_COMMON_RIG_H
#include "data/tokenizer.h"
#include "model/forward.h"
#include "sae/sae.h"

/* Tokens: 0 is <|endoftext|> (special), then the printable ASCII characters, then " " and the
 * merges of " cat" and " dog". The model knows RIG_UNKNOWN more ids than the tokenizer. */
enum { RIG_D = 16, RIG_F = 24, RIG_CONTEXT = 96, RIG_UNKNOWN = 3 };

typedef struct rig {
    pool *workers;
    backend *be;
    model *model;
    sae *sae; /* jumprelu, some features silent */
    hook hook;
    tokenizer *tokenizer;
    int n_tokens; /* of the tokenizer */
} rig;

/* backend_name: "ref" or "cpu". Owner: caller, rig_close(). */
rig rig_open(const char *backend_name, int threads, const char *hook_name);
void rig_close(rig *r);

/* Another SAE at the rig's hook, relu without b_dec: feature f is max(0, w_FD[f] . x + b_F[f]). */
void rig_set_directions(rig *r, const float *w_FD, const float *b_F, int F);

/* The hook's value for one sequence, run alone: tokens_T where x_TD is NULL, else rows of x_TD
 * where tokens_T is -1. */
void rig_run(float *h_TW, const rig *r, const int32_t *tokens_T, const float *x_TD, int T);

#endif
