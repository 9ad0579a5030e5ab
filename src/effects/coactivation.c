/* Rows are gathered until a block is full, encoded whole, and added: each worker owns a range of
 * features and takes the rows in their order. */
#include "effects/coactivation.h"
#include "base/memory.h"
#include "compute/sparse_rows.h"

typedef struct counter {
    coactivation *out;
    neuron_sums *neurons; /* NULL: not asked for */
    const scan_source *source;
    sae *dictionary;
    const survey *s;
    backend *be;
    int first, D, F, C, capacity, n; /* rows that fit, rows waiting */
    float *x_ND;                     /* backend */
    sparse_rows *f;                  /* the same without the zeros, ordinary memory */
    bool *active_NC;                 /* of the waiting rows */
    float *own_NC;                   /* the targets' activations */
    size_t *at_C;                    /* the next active token of each target */
} counter;

static float activation_of(const sparse_rows *f, int row, int feature)
{
    int n;
    const sparse_number *number = sparse_row(&n, f, feature / SPARSE_BLOCK, row);
    for (int i = 0; i < n; i++)
        if (number[i].column == feature)
            return number[i].value;
    return 0;
}

static void find_targets(counter *c)
{
    for (int n = 0; n < c->n; n++) {
        float *own_C = ROW(c->own_NC, n, c->C);
        for (int k = 0; k < c->C; k++)
            if (ROW(c->active_NC, n, c->C)[k])
                own_C[k] = activation_of(c->f, n, c->s->features[c->first + k]);
    }
}

static void add_block(void *context, int block)
{
    const counter *c = context;
    for (int row = 0; row < c->n; row++) {
        int n;
        const sparse_number *other = sparse_row(&n, c->f, block, row);
        for (int k = 0; k < c->C; k++) {
            if (!ROW(c->active_NC, row, c->C)[k])
                continue;
            double own = (double)ROW(c->own_NC, row, c->C)[k];
            uint32_t *both_F = ROW(c->out->both_CF, k, c->F);
            double *product_F = ROW(c->out->product_CF, k, c->F);
            for (int i = 0; i < n; i++) {
                both_F[other[i].column]++;
                product_F[other[i].column] += own * (double)other[i].value;
            }
        }
    }
}

static err_code flush(counter *c, err *e)
{
    if (c->n == 0)
        return OK;
    sae_encode_sparse(c->f, c->dictionary, c->x_ND, c->n);
    err_code rc = sparse_rows_arrive(c->f, e);
    if (!rc) {
        find_targets(c);
        pool_run(c->be->pool, c->f->blocks, add_block, c);
    }
    c->n = 0;
    return rc;
}

/* Which of the targets are active on the next token, in the order of the text. */
static bool mark_targets(bool *active_C, counter *c, int prompt, int position)
{
    bool any = false;
    for (int k = 0; k < c->C; k++) {
        const token_activation *list = c->s->active[c->first + k];
        size_t at = c->at_C[k];
        active_C[k] = at < c->s->n_active[c->first + k] && list[at].prompt == prompt &&
                      list[at].position == position;
        c->at_C[k] += active_C[k];
        any |= active_C[k];
    }
    return any;
}

static err_code take_prompt(void *context, int prompt, const float *x_TD, int length, err *e)
{
    counter *c = context;
    err_code rc = c->neurons ? neuron_sums_add(c->neurons, c->source, prompt, x_TD, length, e) : OK;
    for (int t = 0; t < length && !rc; t++) {
        if (!mark_targets(ROW(c->active_NC, c->n, c->C), c, prompt, t))
            continue;
        c->be->copy(c->be, ROW(c->x_ND, c->n, c->D), ROW(x_TD, t, c->D),
                    (size_t)c->D * sizeof *c->x_ND);
        rc = ++c->n == c->capacity ? flush(c, e) : OK;
    }
    return rc;
}

static err_code allocate(counter *c, err *e)
{
    size_t N = (size_t)c->capacity, F = (size_t)c->F, C = (size_t)c->C;
    c->active_NC = mem_small(N * C, sizeof *c->active_NC);
    c->own_NC = mem_small(N * C, sizeof *c->own_NC);
    c->at_C = mem_small(C, sizeof *c->at_C);
    c->out->both_CF = mem_array(C * F, sizeof *c->out->both_CF, "pairs of features", e);
    c->out->product_CF = mem_array(C * F, sizeof *c->out->product_CF, "pairs of features", e);
    if (!c->out->both_CF || !c->out->product_CF)
        return e->code;
    err_code rc = sparse_rows_new(&c->f, c->be, c->capacity, c->F, e);
    if (rc)
        return rc;
    c->x_ND = c->be->alloc(c->be, N * (size_t)c->D, sizeof(float), "rows to encode", e);
    return c->x_ND ? OK : e->code;
}

err_code coactivation_count(coactivation *out, neuron_sums *neurons, const scan_source *source,
                            sae *dictionary, const survey *s, int first, int C, err *e)
{
    int F = sae_describe(dictionary)->d_sae;
    *out = (coactivation){.C = C, .F = F};
    counter c = {.out = out,
                 .neurons = neurons,
                 .source = source,
                 .dictionary = dictionary,
                 .s = s,
                 .be = model_backend(source->model),
                 .first = first,
                 .D = source->hook->width,
                 .F = F,
                 .C = C,
                 .capacity = sae_sparse_rows(dictionary)};
    err_code rc = allocate(&c, e);
    if (!rc)
        rc = scan_prompts(source, take_prompt, &c, e);
    if (!rc)
        rc = flush(&c, e);
    c.be->free(c.be, c.x_ND);
    sparse_rows_free(c.f);
    mem_free(c.active_NC);
    mem_free(c.own_NC);
    mem_free(c.at_C);
    if (rc)
        coactivation_release(out);
    return rc;
}

void coactivation_release(coactivation *c)
{
    mem_free(c->both_CF);
    mem_free(c->product_CF);
    *c = (coactivation){0};
}
