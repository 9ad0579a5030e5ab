/* Models whose best inputs are known, for the tests of the search: by construction, or because
 * every sequence was run. */
#ifndef TESTS_INVERT_COMMON_TRUTH_H
#define TESTS_INVERT_COMMON_TRUTH_H
#include "invert/optimise.h"

/* Token 0 is the BOS, the others are candidates and spell themselves in any company. */
typedef struct truth {
    pool *workers;
    backend *be;
    files folder; /* of a model that was loaded */
    model *model;
    sae *sae;
    hook hook;
    tokenizer *tokenizer;
    token_table *table;
    optimise_setting setting;
} truth;

/* Token 0 is special, the others are "<1>", "<2>" and so on. Owner: caller, tokenizer_free(). */
tokenizer *spelled_tokenizer(int V);

/* Owner of every rig below: the caller. */
void truth_close(truth *t);

/* ---- one layer, weights by hand
 * ------------------------------------------------------------------
 *
 * GPT-2's shape. The norms do nothing but multiply by 10000: embeddings are so small beside their
 * eps that a row's own variance changes less than a float shows, and sum to 0 over a row. Below, x
 * is the embedding times 10000. */
enum { PLANTED_D = 32 };

/* Nothing attends to anything in particular (no queries), so position p (the BOS is 0) has
 *   z_p = w . x_p + mean over i <= p of w . M x_i,
 * a sum of one term a position: each can be maximised alone. */
enum { UNIFORM_V = 200, UNIFORM_F = 6 };
truth *truth_uniform(int threads);
/* Of sequences of `length` tokens: the largest z at their last position, with the tokens. */
double truth_uniform_best(int32_t *tokens_L, const truth *t, int feature, int length);

/* One head attends from AND_SECOND to AND_FIRST with a margin of 8 and to all positions alike
 * otherwise. Feature 0 is
 *   z_p = share of attention that falls on AND_FIRST + [token at p is AND_SECOND] - 1,
 * so both must be there, in this order; the best is AND_FIRST everywhere and AND_SECOND last. */
enum { AND_V = 1000, AND_FIRST = 123, AND_SECOND = 456, AND_MARGIN = 8 };
truth *truth_and(int threads);
/* z at AND_SECOND with n_first AND_FIRST among the `length` positions up to there and a BOS. */
double truth_and_value(int n_first, int length);

/* Heads bring the tokens before to every position, where one ReLU compares with the word that ends
 * here, its last token being NGRAM_WORD[0]: z = 1 behind the whole word; any n - 1 of its tokens
 * give exactly 0 and no gradient. n: 2 or 3. Up to NGRAM_LONGEST positions. */
enum { NGRAM_LONGEST = 12 };
extern const int32_t NGRAM_WORD[3];
truth *truth_ngram(int n, int V, int threads);

/* ---- a trained model of characters -------------------------------------------------------------
 *
 * tests/invert/fixtures/chars, made and described by tests/parity/make_char_model.py. */
enum { CHARS_V = 31, CHARS_F = 32, CHARS_WINDOWS = 8 };
truth *truth_chars(int threads);
/* A tensor of truth.safetensors as numbers; fails when it has not n. Owner: caller, mem_free(). */
float *truth_chars_numbers(const char *name, size_t n);
int32_t *truth_chars_tokens(const char *name, size_t n);

/* ---- a random model with the numbers that PyTorch got on it ------------------------------------
 *
 * tests/parity/fixtures/models/neox_parallel and the SAE in tests/invert/fixtures/original, made by
 * tests/parity/export_original.py. */
enum { NEOX_D = 24, NEOX_F = 40, NEOX_V = 61 };
truth *truth_neox(void);
/* A tensor of tests/invert/fixtures/FILE, as truth_chars_numbers(). */
float *truth_numbers(const char *file, const char *name, size_t n);

/* ---- measuring ------------------------------------------------------------------------------- */

/* Pre-activations of the features first .. first + n - 1 at every position [B, L, n] of B sequences
 * behind the BOS. */
void truth_z_of(float *z_BLn, const truth *t, int first, int n, const int32_t *tokens_BL, int B,
                int L);
/* Of one feature [B, L]. */
void truth_z(float *z_BL, const truth *t, int feature, const int32_t *tokens_BL, int B, int L);
/* The largest over positions of one sequence. */
double truth_max(const truth *t, int feature, const int32_t *tokens_L, int L);
/* z at position `at`, and its gradient at every embedding [L, D] (host memory). */
float truth_gradient(float *d_x_LD, const truth *t, int feature, const int32_t *tokens_L, int L,
                     int at);

#endif
