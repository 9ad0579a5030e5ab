/* A second transformer, written from the formulas alone and in double: what the model must agree
 * with, and what finite differences are taken of. */
#ifndef TESTS_MODEL_COMMON_H
#define TESTS_MODEL_COMMON_H
#include "model/hook.h"
#include "model/transformer.h"

typedef struct reference {
    const model_config *config;
    const parameter *parameters; /* names and sizes */
    double **values;             /* beside parameters; the tests nudge them */
    int n_parameters, B, T;
    const int32_t *tokens_BT;
    double *x_BTD; /* replaces embeddings where the token is -1 and `mixed` */
    bool mixed;
    hook wanted; /* its value is kept in `seen`, [B*T, width] */
    double *seen;
    const float *splice; /* replaces the value at `wanted` */
} reference;

/* Copies every parameter. Owner: caller, reference_free(). */
reference *reference_new(model *m, const int32_t *tokens_BT, int B, int T);
void reference_free(reference *r);
/* Runs everything; logits_NV [B*T, V] may be NULL. */
void reference_run(reference *r, double *logits_NV);
/* Sum of cross-entropies over targets >= 0. */
double reference_loss(reference *r, const int32_t *targets_BT);

/* The kinds of decoder the tests go through: one row per thing that can differ. */
typedef struct decoder_kind {
    const char *name;
    model_config config;
} decoder_kind;
int test_kinds(const decoder_kind **list);

/* n numbers of a named stream, normal. */
void random_floats(float *x, size_t n, const char *stream);
void random_tokens(int32_t *tokens, int n, int below, const char *stream);
/* |got - want| / (|want| + 1e-12) in Euclidean norm; NaN anywhere gives infinity. */
double relative_error(const float *got, const double *want, size_t n);

#endif
