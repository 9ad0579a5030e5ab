/* How a backend's table is filled: each file puts in the operations it defines. */
#ifndef COMPUTE_INSTALL_H
#define COMPUTE_INSTALL_H
#include "compute/backend.h"

/* The specification, complete after all of these. */
void ref_install_memory(backend *be);
void ref_install_rows(backend *be);
void ref_install_reductions(backend *be);
void ref_install_norm(backend *be);
void ref_install_heads(backend *be);
void ref_install_activations(backend *be);
void ref_install_attention(backend *be);
void ref_install_tokens(backend *be);
void ref_install_sae(backend *be);
void ref_install_choice(backend *be);
void ref_install_sparse(backend *be);
void ref_install_descent(backend *be);

/* `affine` by a backend's own gemm and add_bias. */
void affine_in_steps(backend *be, float *y_NO, const float *x_ND, const float *w, orientation tw,
                     const float *bias_O, int N, int O, int D, float beta);
/* `encode` by a backend's own gemm, add_bias and jumprelu_forward. */
void encode_in_steps(backend *be, float *f_NF, const float *x_ND, const float *w_DF,
                     const float *b_F, const float *threshold_F, int N, int D, int F);

/* Faster entries, put over the specification. */
void cpu_install_gemm(backend *be);
void cpu_install_rows(backend *be);
void cpu_install_reductions(backend *be);
void cpu_install_norm(backend *be);
void cpu_install_heads(backend *be);
void cpu_install_activations(backend *be);
void cpu_install_attention(backend *be);
void cpu_install_children(backend *be);
void cpu_install_tokens(backend *be);
void cpu_install_sae(backend *be);
void cpu_install_choice(backend *be);
void cpu_install_sparse(backend *be);
void cpu_install_descent(backend *be);

#endif
