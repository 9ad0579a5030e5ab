/* An SAE whose features are random directions, surveyed like any other. */
#include "pipeline/random_directions.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/sort.h"

static void draw(float *w_ND, int n, int D, uint64_t seed)
{
    rng r = rng_stream(seed, "random directions");
    for (int i = 0; i < n; i++) {
        float *w = ROW(w_ND, i, D);
        for (int d = 0; d < D; d++)
            w[d] = (float)rng_normal(&r);
        double length = sae_direction_length(w, D);
        for (int d = 0; d < D; d++)
            w[d] = (float)((double)w[d] / length);
    }
}

static err_code make_directions(sae **out, backend *be, const sae *like, int n, uint64_t seed,
                                err *e)
{
    const sae_config *c = sae_describe(like);
    float *w_ND = mem_array((size_t)n * (size_t)c->d_in, sizeof *w_ND, "random directions", e);
    if (!w_ND)
        return e->code;
    draw(w_ND, n, c->d_in, seed);
    err_code rc = sae_of_directions(out, be, c, w_ND, NULL, NULL, n, e);
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
