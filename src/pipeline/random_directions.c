/* An SAE whose features are random directions, surveyed like any other. */
#include "pipeline/random_directions.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/sort.h"
#include <math.h>
#include <string.h>

static void draw(float *w_ND, int n, int D, uint64_t seed)
{
    rng r = rng_stream(seed, "random directions");
    for (int i = 0; i < n; i++) {
        float *w = ROW(w_ND, i, D);
        double squares = 0;
        for (int d = 0; d < D; d++) {
            w[d] = (float)rng_normal(&r);
            squares += (double)w[d] * (double)w[d];
        }
        for (int d = 0; d < D; d++)
            w[d] = (float)((double)w[d] / sqrt(squares));
    }
}

static err_code make_directions(sae **out, backend *be, const sae *like, int n, uint64_t seed,
                                err *e)
{
    sae_config c = *sae_describe(like);
    int D = c.d_in;
    c.architecture = SAE_STANDARD;
    c.transcoder = c.skip = c.has_head_out = false;
    c.k = c.d_out = 0;
    c.hook_out[0] = '\0';
    c.d_sae = n;
    size_t cells = (size_t)n * (size_t)D;
    float *w_ND = mem_array(cells, sizeof *w_ND, "random directions", e);
    float *w_DN = mem_array(cells, sizeof *w_DN, "random directions", e);
    float *zeros = mem_small((size_t)(D > n ? D : n), sizeof *zeros);
    err_code rc = w_ND && w_DN ? OK : e->code;
    if (!rc) {
        draw(w_ND, n, D, seed);
        for (int i = 0; i < n; i++)
            for (int d = 0; d < D; d++)
                ROW(w_DN, d, n)[i] = ROW(w_ND, i, D)[d];
        sae_weights w = {.w_enc_DF = w_DN, .b_enc_F = zeros, .w_dec_FO = w_ND, .b_dec_O = zeros};
        rc = sae_new(out, be, &c, &w, e);
    }
    mem_free(zeros);
    mem_free(w_DN);
    mem_free(w_ND);
    return rc;
}

/* Keeps the `most` largest, less the largest of the others; of equals as many as fit. */
static void keep_largest(token_activation *active, size_t *n, size_t most)
{
    if (*n <= most)
        return;
    float *values = mem_small(*n, sizeof *values);
    for (size_t i = 0; i < *n; i++)
        values[i] = active[i].value;
    sort_floats_falling(values, *n);
    float limit = values[most];
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++)
        if (active[i].value > limit) {
            active[kept] = active[i];
            active[kept++].value -= limit;
        }
    *n = kept;
    mem_free(values);
}

err_code survey_random_directions(survey *out, int *ids, const scan_source *source, const sae *like,
                                  const size_t *n_active, int n, uint64_t seed, err *e)
{
    sae *directions = NULL;
    for (int i = 0; i < n; i++)
        ids[i] = i;
    err_code rc = make_directions(&directions, model_backend(source->model), like, n, seed, e);
    if (!rc)
        rc = survey_features(out, source, directions, ids, n, e);
    for (int i = 0; i < n && !rc; i++)
        keep_largest(out->active[i], &out->n_active[i], n_active[i]);
    sae_free(directions);
    return rc;
}
