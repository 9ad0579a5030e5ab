/* The token embeddings as a set of points: which of them is nearest, how large they are. */
#ifndef INVERT_TOKEN_TABLE_H
#define INVERT_TOKEN_TABLE_H
#include "data/tokenizer.h"
#include "model/transformer.h"

/* Which tokens are candidates beside those that are whole readable text. Ids that the tokenizer
 * does not know never are. */
typedef struct token_rules {
    bool special; /* tokens that mark structure */
    bool unused; /* reserved for later use: "<unused7>", "[unused7]", "<|reserved_special_token_7|>"
                  */
    bool fragments;     /* pieces of UTF-8 characters, control characters */
    const bool *only_V; /* no others than these; NULL: no such list */
} token_rules;

/* Embeddings as hook_embed shows them (after embed_scale). Owner: caller, token_table_free(). */
typedef struct token_table {
    backend *be;
    int V, D, n;                /* rows of the embedding, their width, candidates */
    int32_t *ids;               /* n candidate ids, ascending */
    const parameter *embedding; /* the model's, in backend memory */
    void *host_copy;            /* the same numbers, when that memory is not ordinary */
    float scale;                /* embed_scale */
    int block_ids, block_rows;  /* compared at a time: bounds the memory of a search */
    /* Backend memory: the ids; what a stored row's dot product is multiplied by for a cosine
     * (1 / its Euclidean norm, 0 for 0); what is added to a dot product for a distance. */
    int32_t *ids_there;
    double *cosine_factor_n, *distance_offset_n;
    double rms;      /* root mean square of the candidates' numbers: the unit of steps and noise */
    double max_norm; /* of the candidates */
} token_table;

/* rules NULL: whole readable text alone. t NULL: every id is a candidate. E_DATA when that leaves
 * no candidate. The model must outlive the table and not change. */
err_code token_table_new(token_table **out, const model *m, const tokenizer *t,
                         const token_rules *rules, err *e);
void token_table_free(token_table *t);
/* The embedding of one token, D floats. */
void token_table_row(float *x_D, const token_table *t, int id);

/* Are these n ids rows of the embedding? */
bool token_table_knows(const token_table *t, const int32_t *ids_n, int n);

/* The embeddings of N tokens, in backend memory as their ids. */
void token_table_place(float *x_ND, const token_table *t, const int32_t *ids_N, int N);

/* What candidates are ranked by: the cosine or the dot product, highest first, or the Euclidean
 * distance, smallest first. */
typedef enum { BY_COSINE, BY_DOT, BY_DISTANCE } ranking;

/* For each of N rows in backend memory the k candidates that come first, ties to the lower id. What
 * ids_Nk and score_Nk hold, and when it fails, is as below; but scores (NULL: not wanted) are not
 * divided by the row's size, and of distances there are none. */
err_code token_table_rank(int32_t *ids_Nk, float *score_Nk, const token_table *t, const float *x_ND,
                          int N, int k, ranking by, err *e);

/* For each of N rows the k candidates of highest cosine, best first, ties to the lower id.
 *   ids_Nk, cosine_Nk  out, N x k; cosine_Nk may be NULL
 *   host_x_ND          in, ordinary memory; a zero row has cosine 0 with all
 * E_SHAPE when k is more than there are candidates, E_CANCELLED on Ctrl-C. Blocks of rows bound the
 * memory. */
err_code token_table_nearest(int32_t *ids_Nk, float *cosine_Nk, const token_table *t,
                             const float *host_x_ND, int N, int k, err *e);

/* The same by dot product instead of cosine: the tokens a gradient points to. */
err_code token_table_largest(int32_t *ids_Nk, float *dot_Nk, const token_table *t,
                             const float *host_x_ND, int N, int k, err *e);
/* The same by Euclidean distance, smallest first, but no distances are given. */
err_code token_table_closest(int32_t *ids_Nk, const token_table *t, const float *host_x_ND, int N,
                             int k, err *e);

#endif
