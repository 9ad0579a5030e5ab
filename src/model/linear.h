/* Products with weights in the form files hold them. Private to src/model.
 *
 * A linear map is made of parts side by side: separate query, key and value matrices fill ranges
 * of one row. Each part is stored [out, in], or [in, out] as GPT-2 does, in 32 or 16 bit; 16-bit
 * numbers are widened a block of stored rows at a time into the scratch of the run. */
#ifndef MODEL_LINEAR_H
#define MODEL_LINEAR_H
#include "model/transformer.h"

typedef struct model model;
typedef struct run run;

typedef enum { OUT_IN, IN_OUT } matrix_layout;

enum { LINEAR_PARTS = 3 };

/* Fills columns first .. first+out-1 of a row of the result. */
typedef struct linear_part {
    parameter *matrix;
    matrix_layout layout;
    int first, out;
} linear_part;

/* The biases of all parts behind each other, 0 where a part has none; float32, backend memory. The
 * parts' bias parameters are ranges of it. */
typedef struct bias_row {
    float *value, *gradient;
    int n;
} bias_row;

/* y_NO = x_NI W' + b. A map without parts does not exist in this model. */
typedef struct linear_weights {
    int in, out, n_parts;
    linear_part parts[LINEAR_PARTS];
    bias_row *bias; /* NULL: none */
} linear_weights;

/* Appends a part to w (zeroed at first): the parameters prefix.weight and, with bias, prefix.bias.
 *   deviation  of its random start */
void linear_declare(linear_weights *w, model *m, const char *prefix, int out, int in,
                    matrix_layout layout, bool bias, float deviation);

/* w is a matrix [out, in] that has another use too: the embedding as output matrix. */
void linear_share(linear_weights *w, parameter *matrix, int out, int in);

/* Numbers of scratch (run.wide) that 16-bit weights of this model need; 0 when there are none. */
size_t linear_scratch(const model *m);

/* y = x W' + b, or added to y. */
void linear_forward(const run *r, float *y_NO, const linear_weights *w, const float *x_NI,
                    bool add);
/* d_x = d_y W, or added to d_x. */
void linear_backward(const run *r, float *d_x_NI, const linear_weights *w, const float *d_y_NO,
                     bool add);
/* Adds d_y' x and the column sums of d_y to the gradients; the weights have some, so are float32.
 */
void linear_gradients(const run *r, const linear_weights *w, const float *d_y_NO,
                      const float *x_NI);

#endif
