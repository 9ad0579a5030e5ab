/* Running the search's sequences: parents with their gradient, children from the edit on, and the
 * model's own cross-entropy. Private to the search. */
#ifndef INVERT_SEARCH_SCORER_H
#define INVERT_SEARCH_SCORER_H
#include "base/packed.h"
#include "invert/search.h"

/* A sequence under way: all `length` positions hold a token, those behind `position` without
 * effect. */
typedef struct candidate {
    int32_t *tokens_L;
    int which; /* feature, as a number in the scorer's list */
    float value, z, activation;
    int position;         /* that is read */
    double cross_entropy; /* of the tokens up to there; NaN: not measured */
    start_kind start;
    int restart;
    /* of children */
    int parent, first; /* index in the parents of the last call; the first changed position */
    bool shifted;      /* not one token changed but several moved */
    double guess;      /* what the change is likely to add to the cross-entropy, nats a token */
} candidate;

/* Sequences of up to o->length positions for a fixed list of features. Counts what it computes, a
 * feature at a time. Owner: caller, scorer_free(). */
typedef struct scorer scorer;

/*   most  sequences of one call of scorer_parents() or about cross-entropy */
err_code scorer_new(scorer **out, const optimise_setting *set, const search_options *o,
                    const int *features_n, const double *scale_n, int n, int most, err *e);
void scorer_free(scorer *s);
double scorer_flops(const scorer *s, int which);
int64_t scorer_rows(const scorer *s, int which); /* tokens run, backward passes not counted */

/* What was counted of all features, as bytes and back. */
void scorer_put_counts(str *to, const scorer *s);
void scorer_get_counts(packed_reader *from, scorer *s);

/* Runs the first `length` positions of n sequences and fills value, z, activation and position.
 *   d_x_NLD  out: gradient at the embeddings of the smooth maximum over positions (of the value
 *            itself for READ_LAST), in ordinary memory; NULL: not wanted */
err_code scorer_parents(scorer *s, candidate *const *list_n, int n, int length,
                        search_readout readout, float *d_x_NLD, err *e);
/* Runs n children of the parents of the last call, as long and read as these. Any number. */
err_code scorer_children(scorer *s, candidate *const *list_n, int n, err *e);

/* Fills cross_entropy: mean nats a token of the tokens up to candidate->position, the first of them
 * only where a BOS stands before it; NaN when that is none.
 *   ids_NLK, log_p_NLK  in, out: log-probability of K tokens at each position up to
 *                       candidate->position, 0 at others; NULL: not wanted
 *   loss_NL             out: nats of each token there; NULL: not wanted */
err_code scorer_cross_entropy(scorer *s, candidate *const *list_n, int n, const int32_t *ids_NLK,
                              int K, float *log_p_NLK, float *loss_NL, err *e);
/* Log-probability of K tokens, ids_K, in the place of each sequence's token at candidate->position,
 * before which there is another or a BOS. */
err_code scorer_expected(scorer *s, candidate *const *list_n, int n, const int32_t *ids_K, int K,
                         float *log_p_NK, err *e);
/* The same as scorer_cross_entropy() without the lists, and adds weight_n[i] * the gradient of
 * sequence i's cross-entropy to row i of d_x_NLD. Only with o->gradient_of_cross_entropy. */
err_code scorer_cross_entropy_gradient(scorer *s, candidate *const *list_n, const double *weight_n,
                                       int n, float *d_x_NLD, err *e);

#endif
