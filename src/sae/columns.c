/* The encoder of a few chosen features: what the inverse optimiser multiplies by, instead of the
 * whole dictionary. Their columns are kept as rows, so that one per token can be gathered. */
#include "base/memory.h"
#include "sae/sae_internal.h"

struct sae_columns {
    sae *s;
    int n;
    float *w_CD, *bias_C, *threshold_C;   /* backend memory */
    float *rows_ND;                       /* SAE_BLOCK gathered encoder rows */
    float *bias_N, *threshold_N, *dots_N; /* SAE_BLOCK */
    int32_t *which_N;                     /* SAE_BLOCK, backend memory */
    int32_t *features_C;                  /* backend memory */
    int32_t *host_features_C;
};

void sae_columns_free(sae_columns *c)
{
    if (!c)
        return;
    backend *be = c->s->be;
    void *arrays[] = {c->w_CD,        c->bias_C, c->threshold_C, c->rows_ND,   c->bias_N,
                      c->threshold_N, c->dots_N, c->which_N,     c->features_C};
    for (size_t i = 0; i < COUNT_OF(arrays); i++)
        be->free(be, arrays[i]);
    mem_free(c->host_features_C);
    mem_free(c);
}

static err_code allocate(sae_columns *c, err *e)
{
    backend *be = c->s->be;
    size_t C = (size_t)c->n, D = (size_t)c->s->config.d_in;
    struct {
        float **array;
        size_t n;
    } wanted[] = {
        {&c->w_CD, C * D},       {&c->bias_C, C},
        {&c->threshold_C, C},    {&c->rows_ND, D * SAE_BLOCK},
        {&c->bias_N, SAE_BLOCK}, {&c->threshold_N, SAE_BLOCK},
        {&c->dots_N, SAE_BLOCK},
    };
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        *wanted[i].array = be->alloc(be, wanted[i].n, sizeof(float), "target SAE features", e);
        if (!*wanted[i].array)
            return e->code;
    }
    c->which_N = be->alloc(be, SAE_BLOCK, sizeof(int32_t), "target SAE features", e);
    if (!c->which_N)
        return e->code;
    c->features_C = be->alloc(be, C, sizeof(int32_t), "target SAE features", e);
    return c->features_C ? OK : e->code;
}

/* Columns of W_enc become rows: gathered on the backend, transposed here, once per list. */
static err_code fill(sae_columns *c, err *e)
{
    sae *s = c->s;
    backend *be = s->be;
    size_t C = (size_t)c->n, D = (size_t)s->config.d_in;
    float *host_DC = mem_array(C * D, sizeof(float), "target SAE features", e);
    float *host_CD = mem_array(C * D, sizeof(float), "target SAE features", e);
    err_code rc = host_DC && host_CD ? OK : e->code;
    if (!rc) {
        int F = s->config.d_sae;
        be->upload(be, c->features_C, c->host_features_C, C * sizeof *c->features_C);
        be->gather_columns(be, c->w_CD, s->w_enc_DF, c->features_C, (int)D, F, c->n);
        be->download(be, host_DC, c->w_CD, C * D * sizeof(float));
        for (size_t d = 0; d < D; d++)
            for (size_t i = 0; i < C; i++)
                host_CD[i * D + d] = host_DC[d * C + i];
        be->upload(be, c->w_CD, host_CD, C * D * sizeof(float));
        be->gather_columns(be, c->bias_C, s->b_enc_F, c->features_C, 1, F, c->n);
        be->gather_columns(be, c->threshold_C, s->threshold_F, c->features_C, 1, F, c->n);
        rc = backend_sync(be, e);
    }
    mem_free(host_CD);
    mem_free(host_DC);
    return rc;
}

err_code sae_columns_new(sae_columns **out, sae *s, const int *features, int n, err *e)
{
    *out = NULL;
    if (n < 1)
        return err_set(e, E_DATA, "no target feature was given");
    for (int i = 0; i < n; i++)
        if (features[i] < 0 || features[i] >= s->config.d_sae)
            return err_set(e, E_DATA, "feature %d does not exist: the SAE has features 0 to %d",
                           features[i], s->config.d_sae - 1);
    int32_t *indices = mem_array((size_t)n, sizeof *indices, "target SAE features", e);
    if (!indices)
        return e->code;
    for (int i = 0; i < n; i++)
        indices[i] = features[i];
    sae_columns *c = mem_small(1, sizeof *c);
    *c = (sae_columns){.s = s, .n = n, .host_features_C = indices};
    err_code rc = allocate(c, e);
    if (!rc)
        rc = fill(c, e);
    if (rc)
        sae_columns_free(c);
    else
        *out = c;
    return rc;
}

int sae_columns_count(const sae_columns *c)
{
    return c->n;
}

err_code sae_columns_copy(float *host_w_CD, float *host_b_C, const sae_columns *c, err *e)
{
    backend *be = c->s->be;
    size_t C = (size_t)c->n, D = (size_t)c->s->config.d_in;
    be->download(be, host_w_CD, c->w_CD, C * D * sizeof(float));
    be->download(be, host_b_C, c->bias_C, C * sizeof(float));
    return backend_sync(be, e);
}

/* The chosen features of a top-k over the whole dictionary. */
static void top_k_columns(float *f_NC, sae_columns *c, const float *x_ND, int N)
{
    sae *s = c->s;
    int D = s->config.d_in, F = s->config.d_sae;
    for (int first = 0; first < N; first += s->rows_NF) {
        int n = N - first < s->rows_NF ? N - first : s->rows_NF;
        sae_top_k_block(s, ROW(x_ND, first, D), n);
        s->be->gather_columns(s->be, ROW(f_NC, first, c->n), s->features_NF, c->features_C, n, F,
                              c->n);
    }
}

/* One number per row out of the same block, read as a table of n F rows of one number. */
static void top_k_targets(float *f_N, sae_columns *c, const int32_t *host_which_N,
                          const float *x_ND, int N)
{
    sae *s = c->s;
    int D = s->config.d_in, F = s->config.d_sae;
    for (int first = 0; first < N; first += s->rows_NF) {
        int n = N - first < s->rows_NF ? N - first : s->rows_NF;
        int32_t host_place_N[SAE_BLOCK];
        for (int i = 0; i < n; i++)
            host_place_N[i] = i * F + c->host_features_C[host_which_N[first + i]];
        sae_top_k_block(s, ROW(x_ND, first, D), n);
        s->be->upload(s->be, c->which_N, host_place_N, (size_t)n * sizeof(int32_t));
        s->be->gather_rows(s->be, f_N + first, s->features_NF, NUMBER_F32, c->which_N, 1, n, n * F,
                           1);
    }
}

void sae_encode_columns(float *f_NC, float *pre_NC, sae_columns *c, const float *x_ND, int N)
{
    if (f_NC && c->s->config.k) {
        top_k_columns(f_NC, c, x_ND, N);
        f_NC = NULL;
    }
    sae *s = c->s;
    backend *be = s->be;
    int D = s->config.d_in, C = c->n;
    float *result_NC = pre_NC ? pre_NC : f_NC;
    if (!result_NC)
        return;
    for (int first = 0; first < N; first += SAE_BLOCK) {
        int n = N - first < SAE_BLOCK ? N - first : SAE_BLOCK;
        const float *input_ND = sae_input(s, ROW(x_ND, first, D), n);
        float *result = ROW(result_NC, first, C);
        be->gemm(be, result, C, input_ND, D, PLAIN, c->w_CD, D, TRANSPOSED, n, C, D, 1, 0);
        be->add_bias(be, result, c->bias_C, n, C);
    }
    if (f_NC)
        be->jumprelu_forward(be, f_NC, result_NC, c->threshold_C, N, C);
}

void sae_backward_columns(float *d_x_ND, sae_columns *c, const float *d_pre_NC, const float *x_ND,
                          int N)
{
    backend *be = c->s->be;
    int D = c->s->config.d_in, C = c->n;
    be->gemm(be, d_x_ND, D, d_pre_NC, C, PLAIN, c->w_CD, D, PLAIN, N, D, C, 1, 0);
    sae_input_backward(d_x_ND, c->s, x_ND, N);
}

void sae_encode_targets(float *f_N, float *pre_N, sae_columns *c, const int32_t *host_which_N,
                        const float *x_ND, int N)
{
    sae *s = c->s;
    backend *be = s->be;
    int D = s->config.d_in, C = c->n;
    if (f_N && s->config.k) {
        top_k_targets(f_N, c, host_which_N, x_ND, N);
        f_N = NULL;
    }
    if (!f_N && !pre_N)
        return;
    for (int first = 0; first < N; first += SAE_BLOCK) {
        int n = N - first < SAE_BLOCK ? N - first : SAE_BLOCK;
        const float *input_ND = sae_input(s, ROW(x_ND, first, D), n);
        be->upload(be, c->which_N, host_which_N + first, (size_t)n * sizeof(int32_t));
        be->gather_rows(be, c->rows_ND, c->w_CD, NUMBER_F32, c->which_N, 1, n, C, D);
        be->row_dots(be, c->dots_N, input_ND, c->rows_ND, n, D);
        be->gather_rows(be, c->bias_N, c->bias_C, NUMBER_F32, c->which_N, 1, n, C, 1);
        be->add(be, c->dots_N, c->dots_N, c->bias_N, (size_t)n);
        if (pre_N)
            be->copy(be, pre_N + first, c->dots_N, (size_t)n * sizeof(float));
        if (f_N) {
            be->gather_rows(be, c->threshold_N, c->threshold_C, NUMBER_F32, c->which_N, 1, n, C, 1);
            be->jumprelu_forward(be, f_N + first, c->dots_N, c->threshold_N, 1, n);
        }
    }
}

void sae_backward_targets(float *d_x_ND, sae_columns *c, const int32_t *host_which_N,
                          const float *d_pre_N, const float *x_ND, int N)
{
    backend *be = c->s->be;
    int D = c->s->config.d_in;
    for (int first = 0; first < N; first += SAE_BLOCK) {
        int n = N - first < SAE_BLOCK ? N - first : SAE_BLOCK;
        float *d_x = ROW(d_x_ND, first, D);
        be->upload(be, c->which_N, host_which_N + first, (size_t)n * sizeof(int32_t));
        be->gather_rows(be, d_x, c->w_CD, NUMBER_F32, c->which_N, 1, n, c->n, D);
        be->scale_rows(be, d_x, d_pre_N + first, n, D);
    }
    sae_input_backward(d_x_ND, c->s, x_ND, N);
}
