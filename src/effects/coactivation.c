/* Rows are gathered until a block is full, encoded whole, and added: each worker owns a range of
 * features and takes the rows in their order. */
#include "effects/coactivation.h"
#include "base/memory.h"

enum { FEATURES_A_BLOCK = 256 };

typedef struct counter {
    coactivation *out;
    neuron_sums *neurons; /* NULL: not asked for */
    const scan_source *source;
    sae *dictionary;
    const survey *s;
    backend *be;
    int first, D, F, C, capacity, n; /* rows that fit, rows waiting */
    float *x_ND, *f_NF;              /* backend */
    float *host_f_NF;                /* ordinary memory */
    bool *active_NC;                 /* of the waiting rows */
    size_t *at_C;                    /* the next active token of each target */
} counter;

static void add_features(void *context, int from, int to)
{
    const counter *c = context;
    for (int n = 0; n < c->n; n++) {
        const float *f_F = ROW(c->host_f_NF, n, c->F);
        for (int k = 0; k < c->C; k++) {
            if (!ROW(c->active_NC, n, c->C)[k])
                continue;
            double own = (double)f_F[c->s->features[c->first + k]];
            uint32_t *both_F = ROW(c->out->both_CF, k, c->F);
            double *product_F = ROW(c->out->product_CF, k, c->F);
            for (int f = from; f < to; f++)
                if (f_F[f] > 0) {
                    both_F[f]++;
                    product_F[f] += own * (double)f_F[f];
                }
        }
    }
}

static err_code flush(counter *c, err *e)
{
    if (c->n == 0)
        return OK;
    sae_encode(c->f_NF, c->dictionary, c->x_ND, c->n);
    c->be->download(c->be, c->host_f_NF, c->f_NF,
                    (size_t)c->n * (size_t)c->F * sizeof *c->host_f_NF);
    err_code rc = backend_sync(c->be, e);
    if (!rc)
        pool_share(c->be->pool, c->F, FEATURES_A_BLOCK, add_features, c);
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
    c->at_C = mem_small(C, sizeof *c->at_C);
    c->out->both_CF = mem_array(C * F, sizeof *c->out->both_CF, "pairs of features", e);
    c->out->product_CF = mem_array(C * F, sizeof *c->out->product_CF, "pairs of features", e);
    c->host_f_NF = mem_array(N * F, sizeof(float), "a block of activations", e);
    if (!c->out->both_CF || !c->out->product_CF || !c->host_f_NF)
        return e->code;
    c->x_ND = c->be->alloc(c->be, N * (size_t)c->D, sizeof(float), "rows to encode", e);
    if (c->x_ND)
        c->f_NF = c->be->alloc(c->be, N * F, sizeof(float), "a block of activations", e);
    return c->f_NF ? OK : e->code;
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
                 .capacity = scan_block_rows(F)};
    err_code rc = allocate(&c, e);
    if (!rc)
        rc = scan_prompts(source, take_prompt, &c, e);
    if (!rc)
        rc = flush(&c, e);
    c.be->free(c.be, c.x_ND);
    c.be->free(c.be, c.f_NF);
    mem_free(c.host_f_NF);
    mem_free(c.active_NC);
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
