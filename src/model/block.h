/* One transformer block, forwards and backwards, by parts. Private to src/model. */
#ifndef MODEL_BLOCK_H
#define MODEL_BLOCK_H
#include "model/hook.h"
#include "model/weights.h"

/* What a layer computed. Without gradients all layers share one set. */
typedef struct norm_state {
    float *normalized_ND, *inverse_N, *out_ND;
} norm_state;

typedef struct block_state {
    norm_state ln1, ln2, post1, post2; /* post only with post norms */
    float *raw_NR; /* queries, keys and values as projected; qkv_NR unless these are normalised */
    float *qkv_NR; /* after norm and rotation */
    float *log_sum_BHT, *z_NZ;
    float *gate_NM, *in_NM, *post_NM; /* gate only when gated */
} block_state;

/* What all layers share: sizes of this call, the stream, and the gradients under way. A run of
 * children has N packed rows of sequences of T tokens, and B is 0. */
struct run {
    backend *be;
    const model_config *config;
    int N, B, T; /* N = B * T */
    const int32_t *positions_N;
    const float *cos_TR, *sin_TR;
    attention_children children;       /* C 0: whole sequences */
    const struct block_state *parents; /* by layer, of the children's parents */
    float *resid_ND;
    float *branch_ND; /* what a branch gives, where it is not added to the stream at once */
    float *d_resid_ND, *d_norm1_ND, *d_norm2_ND;
    float *d_branch_ND; /* only with post norms */
    float *d_qkv_NR, *d_z_NZ, *d_post_NM, *d_in_NM, *d_gate_NM;
    bool weights; /* also add the weights' gradients */
    float *wide;  /* blocks of 16-bit weights as floats; NULL when the model has none */
    size_t wide_numbers;
};

void norm_forward(const run *r, norm_state *s, const norm_weights *w, const float *x_ND);
/* Makes out_ND from a normalized_ND that was put in place. */
void norm_finish(const run *r, norm_state *s, const norm_weights *w);
/* Adds to d_x_ND. */
void norm_backward(const run *r, float *d_x_ND, const norm_state *s, const norm_weights *w,
                   const float *d_out_ND);
/* From the gradient at normalized_ND. */
void norm_backward_normalized(const run *r, float *d_x_ND, const norm_state *s,
                              const float *d_normalized_ND);

/* Where attn_out or mlp_out lies after a run to it. */
float *block_branch(const run *r, const block_state *s, hook_site site);

/* In the mlp branch of a block: a parallel block on its way there leaves attention out. */
bool site_in_mlp(hook_site site);

/* Runs the block after site `from` up to and including `to`; r->resid_ND is the stream. */
void block_forward(const run *r, const block_weights *w, block_state *s, hook_site from,
                   hook_site to);
/* d is the gradient at site `from`. Two kinds of place are not read from it: the stream (it is in
 * r->d_resid_ND already) and queries, keys and values (in r->d_qkv_NR).
 * r->d_resid_ND becomes the gradient at resid_pre. */
void block_backward(const run *r, const block_weights *w, const block_state *s, hook_site from,
                    const float *d);

#endif
