/* Inside a model: where each weight is. Private to src/model. */
#ifndef MODEL_WEIGHTS_H
#define MODEL_WEIGHTS_H
#include "base/arena.h"
#include "data/checkpoint.h"
#include "model/linear.h"
#include "model/transformer.h"

/* NULL where the description has no such weight. */
typedef struct norm_weights {
    parameter *gain, *bias;
} norm_weights;

typedef struct block_weights {
    int layer;
    norm_weights ln1, ln2, post1, post2;
    parameter *q_gain, *k_gain;
    linear_weights qkv, attention_out, gate, mlp_in, mlp_out;
} block_weights;

/* How a parameter is stored and how it starts. */
typedef struct weight_form {
    int rank, rows, columns; /* rank 1: rows numbers, columns 1 */
    bool keeps_type;         /* used as its file stores it; else it becomes float32 of our own */
    void *memory;            /* ours, holding the numbers; NULL: they lie in a file or a row */
    float deviation;         /* of its random start; 0: constant */
    float constant;          /* in memory */
    float offset;            /* a number in memory is the stored one plus this */
    bias_row *row;           /* the numbers lie in this row, from column `at` */
    int at;
} weight_form;

struct model {
    backend *be;
    model_config config;
    parameter *parameters;
    weight_form *forms; /* beside parameters */
    int n_parameters;
    parameter *embed, *positions;
    linear_weights unembed; /* its matrix is embed when tied */
    norm_weights final;
    block_weights *blocks;
    checkpoint file; /* open while weights lie in it */
    arena names;
};

/* A model with names and shapes for its description and no values yet. bare: named as in the files
 * of a network without its output matrix, which leave the family's prefix out. */
model *model_declare(backend *be, const model_config *c, bool bare);
/* The model a folder describes, its checkpoint open and without a tensor too many; no values yet.
 */
err_code model_open(model **out, backend *be, const files *f, err *e);
/* Every parameter from the open file. */
err_code model_read_parameters(model *m, err *e);
/* A buffer that older transformers stored beside the weights; it follows from the config. */
bool model_is_buffer(const char *name);
/* How parameter i comes from the file to the backend. */
typedef enum { READ_IN_PLACE, READ_COPIED, READ_CONVERTED } parameter_reading;
parameter_reading parameter_how(const model *m, int i, const stored_tensor *t);

/* ---- parameter.c ---- */

/* The embedding or the matrix of a product: kept as its file stores it. */
parameter *declare_matrix(model *m, const char *name, int rows, int columns, float deviation);
/* A matrix that is added to activations: always float32. */
parameter *declare_positions(model *m, const char *name, int rows, int columns, float deviation);
/* Norm gains and biases: always float32. See weight_form for `constant` and `offset`. */
parameter *declare_vector(model *m, const char *name, int n, float constant, float offset);
/* Columns at .. at+n-1 of a row of biases, whose total is known once all are declared. */
parameter *declare_bias(model *m, const char *name, int n, bias_row *row, int at);

/* Parameter i is these read-only numbers in backend memory, which outlive the model. */
void parameter_lend(model *m, int i, const void *stored, number_type type);
/* Parameter i is a copy of these numbers, which lie in ordinary memory, aligned or not. */
err_code parameter_copy(model *m, int i, const void *host_stored, number_type type, err *e);
/* Float32 memory of its own for parameter i; the old numbers are copied when it has some. */
err_code parameter_own(model *m, int i, err *e);
/* A zeroed gradient, when it has none. */
err_code parameter_want_gradient(model *m, int i, err *e);
/* All numbers as floats into ordinary memory. */
err_code parameter_download(float *host, const model *m, const parameter *p, err *e);
void parameter_free(model *m, int i);

#endif
