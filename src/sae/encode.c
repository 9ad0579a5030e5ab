/* Encode, decode and the encoder's gradient over all features. */
#include "base/memory.h"
#include "base/progress.h"
#include "compute/sparse_rows.h"
#include "sae/sae_internal.h"

static int block_size(int N, int first, int block)
{
    return N - first < block ? N - first : block;
}

void sae_preactivations(float *pre_NF, sae *s, const float *x_ND, int N)
{
    int D = s->config.d_in, F = s->config.d_sae;
    for (int first = 0; first < N; first += SAE_BLOCK) {
        int n = block_size(N, first, SAE_BLOCK);
        const float *input_ND = sae_input(s, ROW(x_ND, first, D), n);
        s->be->affine(s->be, ROW(pre_NF, first, F), input_ND, s->w_enc_DF, PLAIN, s->b_enc_F, n, F,
                      D, 0);
    }
}

void sae_top_k_block(sae *s, const float *x_ND, int N)
{
    sae_preactivations(s->pre_NF, s, x_ND, N);
    s->be->top_k_rows(s->be, s->features_NF, s->pre_NF, s->config.k, N, s->config.d_sae);
}

/* top_k_rows needs its input whole, so the pre-activations get a block of their own. */
static void encode_top_k(float *f_NF, sae *s, const float *x_ND, int N)
{
    int D = s->config.d_in, F = s->config.d_sae;
    for (int first = 0; first < N; first += s->rows_NF) {
        int n = block_size(N, first, s->rows_NF);
        sae_preactivations(s->pre_NF, s, ROW(x_ND, first, D), n);
        s->be->top_k_rows(s->be, ROW(f_NF, first, F), s->pre_NF, s->config.k, n, F);
    }
}

void sae_encode(float *f_NF, sae *s, const float *x_ND, int N)
{
    if (s->config.k) {
        encode_top_k(f_NF, s, x_ND, N);
        return;
    }
    int D = s->config.d_in, F = s->config.d_sae;
    for (int first = 0; first < N; first += SAE_BLOCK) {
        int n = block_size(N, first, SAE_BLOCK);
        const float *input_ND = sae_input(s, ROW(x_ND, first, D), n);
        s->be->encode(s->be, ROW(f_NF, first, F), input_ND, s->w_enc_DF, s->b_enc_F, s->threshold_F,
                      n, D, F);
    }
}

int sae_sparse_rows(const sae *s)
{
    /* Products go through rows by sixes or twelves: a rest takes as long as a whole tile. */
    enum { TILE = 12, LEAST = 2 * TILE, USEFUL = 8 * TILE, MOST = 84 * TILE };
    const double MOST_FLOPS = 4e10;               /* a fifth of a second on two cores */
    const double HERE = 1 << 23, THERE = 1 << 24; /* a GPU is used the better the more there are */
    int D = s->config.d_in, F = s->config.d_sae;
    bool is_held = s->config.k || !s->be->in_host_memory; /* all of a block's features at once */
    double cells = s->be->in_host_memory ? HERE : THERE;
    double rows = is_held ? cells / F : MOST_FLOPS / (2.0 * D * F);
    int least = is_held ? LEAST : USEFUL, whole = rows < MOST ? (int)rows / TILE * TILE : MOST;
    return whole < least ? least : whole;
}

void sae_encode_sparse(sparse_rows *to, sae *s, const float *x_ND, int N)
{
    if (!s->config.k) {
        s->be->encode_sparse(s->be, to, sae_input(s, x_ND, N), s->w_enc_DF, s->b_enc_F,
                             s->threshold_F, N, s->config.d_in, s->config.d_sae);
        return;
    }
    float *f_NF = sparse_rows_dense(to);
    if (!f_NF)
        return;
    encode_top_k(f_NF, s, x_ND, N);
    s->be->to_sparse(s->be, to, f_NF, N);
}

void sae_decode(float *y_NO, sae *s, const float *f_NF, const float *x_ND, int N)
{
    const sae_config *c = &s->config;
    int D = c->d_in, F = c->d_sae, O = c->d_out;
    backend *be = s->be;
    be->gemm(be, y_NO, O, f_NF, F, PLAIN, s->w_dec_FO, O, PLAIN, N, O, F, 1, 0);
    be->add_bias(be, y_NO, s->b_dec_O, N, O);
    if (!c->transcoder)
        sae_denormalize(y_NO, s, x_ND, N);
    if (c->skip)
        be->gemm(be, y_NO, O, x_ND, D, PLAIN, s->w_skip_OD, D, TRANSPOSED, N, O, D, 1, 1);
}

err_code sae_reconstruct(float *y_NO, sae *s, const float *x_ND, int N, err *e)
{
    err_code rc = sae_need_features(s, e);
    int D = s->config.d_in, O = s->config.d_out;
    for (int first = 0; !rc && first < N; first += s->rows_NF) {
        int n = block_size(N, first, s->rows_NF);
        const float *x = ROW(x_ND, first, D);
        sae_encode(s->features_NF, s, x, n);
        sae_decode(ROW(y_NO, first, O), s, s->features_NF, x, n);
        rc = cancel_check(e);
    }
    return rc ? rc : backend_sync(s->be, e);
}

void sae_encode_backward(float *d_x_ND, sae *s, float *d_f_NF, const float *f_NF, const float *x_ND,
                         int N)
{
    int D = s->config.d_in, F = s->config.d_sae;
    s->be->jumprelu_backward(s->be, d_f_NF, d_f_NF, f_NF, (size_t)N * F);
    s->be->gemm(s->be, d_x_ND, D, d_f_NF, F, PLAIN, s->w_enc_DF, F, TRANSPOSED, N, D, F, 1, 0);
    sae_input_backward(d_x_ND, s, x_ND, N);
}
