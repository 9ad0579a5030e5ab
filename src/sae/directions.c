/* Directions that are looked for as if they were features. */
#include "base/memory.h"
#include "sae/sae.h"
#include <math.h>

/* Features as in SAE_STANDARD, reading what `like` reads. */
static sae_config config_like(const sae_config *like, int n)
{
    sae_config c = *like;
    c.architecture = SAE_STANDARD;
    c.transcoder = c.skip = c.has_head_out = false;
    c.k = c.d_out = 0;
    c.hook_out[0] = '\0';
    c.d_sae = n;
    return c;
}

double sae_direction_length(const float *w_D, int D)
{
    double squares = 0;
    for (int d = 0; d < D; d++)
        squares += (double)w_D[d] * (double)w_D[d];
    return sqrt(squares);
}

err_code sae_of_directions(sae **out, backend *be, const sae_config *like, const float *w_ND,
                           const float *b_N, const float *b_dec_D, int n, err *e)
{
    sae_config c = config_like(like, n);
    size_t D = (size_t)c.d_in, N = (size_t)n;
    float *w_enc_DN = mem_array(D * N, sizeof *w_enc_DN, "encoder of directions", e);
    float *w_dec_ND = mem_array(N * D, sizeof *w_dec_ND, "decoder of directions", e);
    float *zeros = mem_small(D > N ? D : N, sizeof *zeros);
    err_code rc = w_enc_DN && w_dec_ND ? OK : e->code;
    for (size_t i = 0; i < N && !rc; i++) {
        const float *w_D = w_ND + i * D;
        double length = sae_direction_length(w_D, c.d_in);
        for (size_t d = 0; d < D; d++) {
            w_enc_DN[d * N + i] = w_D[d];
            w_dec_ND[i * D + d] = (float)((double)w_D[d] / length);
        }
    }
    sae_weights w = {.w_enc_DF = w_enc_DN,
                     .b_enc_F = b_N ? b_N : zeros,
                     .w_dec_FO = w_dec_ND,
                     .b_dec_O = b_dec_D ? b_dec_D : zeros};
    if (!rc)
        rc = sae_new(out, be, &c, &w, e);
    mem_free(zeros);
    mem_free(w_dec_ND);
    mem_free(w_enc_DN);
    return rc;
}
