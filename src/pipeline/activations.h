/* What a model and an SAE compute from given tokens, as tensors that other programs read: the way
 * to hold this program's numbers against those of another one, hook by hook. */
#ifndef PIPELINE_ACTIVATIONS_H
#define PIPELINE_ACTIVATIONS_H
#include "base/progress.h"
#include "data/tokenizer.h"
#include "model/forward.h"
#include "sae/sae.h"

/* B sequences of T tokens, row-major. Owner: caller, token_block_release(). */
typedef struct token_block {
    int B, T;
    int32_t *ids_BT;
} token_block;

/* One sequence: bos (-1: none) and the text's tokens. E_DATA when that makes no token. */
err_code token_block_from_text(token_block *out, const tokenizer *t, int bos, const char *text,
                               err *e);
/* Adds a sequence written as "0,12,7"; every sequence must be as long as the first (E_SHAPE). */
err_code token_block_add_ids(token_block *b, const char *ids, err *e);
/* The tensor "tokens" [B, T] (I64, I32 or F32) of a safetensors file. */
err_code token_block_read(token_block *out, const char *path, err *e);
void token_block_release(token_block *b);

/* What is wanted. Borrowed. */
typedef struct activation_request {
    model *model;
    const token_block *tokens;
    const char *const *hooks; /* names, or shell patterns of them: "blocks.*.hook_resid_pre" */
    int n_hooks;
    bool logits, loss; /* loss: of each next token in nats, 0 at the last position */
    sae *sae;          /* NULL: no features wanted */
    const hook *sae_hook;
} activation_request;

/* Runs the tokens once per hook and writes the safetensors file `path`, whole or not at all, with
 * these tensors, all float32:
 *   tokens [B, T]   NAME OF HOOK [B, T, width]   logits [B, T, V]   loss [B, T]
 *   sae.activations [B, T, d_sae]   sae.reconstruction [B, T, d_out]
 * E_CONFIG for a hook this model has not; E_CANCELLED on Ctrl-C. */
err_code activations_write(const char *path, const activation_request *r, reporter *to, err *e);

#endif
