/* Products with weights in the form files hold them.
 *
 * Let S be a stored matrix of R rows and C columns. Every product here is x S' (one result column
 * for each stored row) or x S (one summand for each stored row), so both can go through S by blocks
 * of whole rows. Blocks depend on sizes alone: the same bytes for any number of threads. */
#include "model/linear.h"
#include "base/memory.h"
#include "model/block.h"
#include "model/weights.h"

/* Numbers that are widened at a time (16 MiB as float32): enough columns for all threads. */
enum { WIDE_NUMBERS = 1 << 22 };

void linear_declare(linear_weights *w, model *m, const char *prefix, int out, int in,
                    matrix_layout layout, bool bias, float deviation)
{
    bool out_in = layout == OUT_IN;
    const char *name = arena_printf(&m->names, "%s.weight", prefix);
    w->parts[w->n_parts++] = (linear_part){
        .matrix = declare_matrix(m, name, out_in ? out : in, out_in ? in : out, deviation),
        .layout = layout,
        .first = w->out,
        .out = out};
    if (bias && !w->bias)
        w->bias = arena_push(&m->names, 1, sizeof *w->bias);
    if (bias)
        declare_bias(m, arena_printf(&m->names, "%s.bias", prefix), out, w->bias, w->out);
    w->in = in;
    w->out += out;
    if (w->bias)
        w->bias->n = w->out;
}

void linear_share(linear_weights *w, parameter *matrix, int out, int in)
{
    *w = (linear_weights){.in = in, .out = out, .n_parts = 1};
    w->parts[0] = (linear_part){.matrix = matrix, .layout = OUT_IN, .out = out};
}

size_t linear_scratch(const model *m)
{
    size_t most = 0;
    for (int i = 0; i < m->n_parameters; i++) {
        const parameter *p = &m->parameters[i];
        size_t row = (size_t)m->forms[i].columns, n = p->n < WIDE_NUMBERS ? p->n : WIDE_NUMBERS;
        n = n < row ? row : n; /* at least a row */
        if (p->type != NUMBER_F32 && n > most)
            most = n;
    }
    return most;
}

/* A stored matrix that is gone through by blocks of rows. */
typedef struct stored_rows {
    const parameter *p;
    int rows, columns, block; /* rows of a block */
} stored_rows;

static stored_rows rows_of(const run *r, const parameter *p, int rows, int columns)
{
    size_t block = p->type == NUMBER_F32 ? (size_t)rows : r->wide_numbers / (size_t)columns;
    return (stored_rows){p, rows, columns, block < (size_t)rows ? (int)block : rows};
}

/* y_NR = x_NC S', or added to y. */
static void times_transposed(const run *r, float *y, int ldy, const stored_rows *s, const float *x,
                             int ldx, bool add)
{
    for (int first = 0; first < s->rows; first += s->block) {
        int n = s->rows - first < s->block ? s->rows - first : s->block;
        const float *block = parameter_rows(r->wide, r->be, s->p, first, n, s->columns);
        r->be->gemm(r->be, y + first, ldy, x, ldx, PLAIN, block, s->columns, TRANSPOSED, r->N, n,
                    s->columns, 1, add ? 1 : 0);
    }
}

/* y_NC = x_NR S, or added to y. */
static void times_plain(const run *r, float *y, int ldy, const stored_rows *s, const float *x,
                        int ldx, bool add)
{
    for (int first = 0; first < s->rows; first += s->block) {
        int n = s->rows - first < s->block ? s->rows - first : s->block;
        const float *block = parameter_rows(r->wide, r->be, s->p, first, n, s->columns);
        r->be->gemm(r->be, y, ldy, x + first, ldx, PLAIN, block, s->columns, PLAIN, r->N,
                    s->columns, n, 1, add || first > 0 ? 1 : 0);
    }
}

static stored_rows rows_of_part(const run *r, const linear_weights *w, const linear_part *p)
{
    return p->layout == OUT_IN ? rows_of(r, p->matrix, p->out, w->in)
                               : rows_of(r, p->matrix, w->in, p->out);
}

/* One product does it: whole rows of the result from a matrix that is not widened by blocks. */
static bool is_one_product(const linear_weights *w, const stored_rows *s)
{
    return w->n_parts == 1 && s->block == s->rows;
}

void linear_forward(const run *r, float *y_NO, const linear_weights *w, const float *x_NI, bool add)
{
    stored_rows only = rows_of_part(r, w, &w->parts[0]);
    if (w->bias && is_one_product(w, &only)) {
        const float *s = parameter_rows(r->wide, r->be, only.p, 0, only.rows, only.columns);
        r->be->affine(r->be, y_NO, x_NI, s, w->parts[0].layout == OUT_IN ? TRANSPOSED : PLAIN,
                      w->bias->value, r->N, w->out, w->in, add ? 1 : 0);
        return;
    }
    for (int i = 0; i < w->n_parts; i++) {
        const linear_part *p = &w->parts[i];
        stored_rows s = rows_of_part(r, w, p);
        if (p->layout == OUT_IN)
            times_transposed(r, y_NO + p->first, w->out, &s, x_NI, w->in, add);
        else
            times_plain(r, y_NO + p->first, w->out, &s, x_NI, w->in, add);
    }
    if (w->bias)
        r->be->add_bias(r->be, y_NO, w->bias->value, r->N, w->out);
}

void linear_backward(const run *r, float *d_x_NI, const linear_weights *w, const float *d_y_NO,
                     bool add)
{
    for (int i = 0; i < w->n_parts; i++) {
        const linear_part *p = &w->parts[i];
        stored_rows s = rows_of_part(r, w, p);
        if (p->layout == OUT_IN)
            times_plain(r, d_x_NI, w->in, &s, d_y_NO + p->first, w->out, add || i > 0);
        else
            times_transposed(r, d_x_NI, w->in, &s, d_y_NO + p->first, w->out, add || i > 0);
    }
}

void linear_gradients(const run *r, const linear_weights *w, const float *d_y_NO, const float *x_NI)
{
    backend *be = r->be;
    for (int i = 0; i < w->n_parts; i++) {
        const linear_part *p = &w->parts[i];
        const float *d_y = d_y_NO + p->first;
        if (p->layout == OUT_IN)
            be->gemm(be, p->matrix->gradient, w->in, d_y, w->out, TRANSPOSED, x_NI, w->in, PLAIN,
                     p->out, w->in, r->N, 1, 1);
        else
            be->gemm(be, p->matrix->gradient, p->out, x_NI, w->in, TRANSPOSED, d_y, w->out, PLAIN,
                     w->in, p->out, r->N, 1, 1);
    }
    if (w->bias)
        be->column_sum(be, w->bias->gradient, d_y_NO, r->N, w->out);
}
