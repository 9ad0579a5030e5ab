/* A few rows against the whole dictionary, and the best of each ranking. */
#include "effects/relatives.h"
#include "base/memory.h"
#include "effects/coactivation.h"
#include <math.h>

enum { MOST_PAIRS = 1 << 25, TARGETS_A_PRODUCT = 64 };

/* Cosines of some targets with all features, and the lengths they need. */
typedef struct directions {
    double *decoder_length_F, *encoder_length_F;
    float *decoder_CF, *encoder_CF; /* dot products, then cosines */
} directions;

static void release(directions *d)
{
    mem_free(d->decoder_length_F);
    mem_free(d->encoder_length_F);
    mem_free(d->decoder_CF);
    mem_free(d->encoder_CF);
}

/* Lengths of rows (columns: of columns) of a backend matrix, in double, row after row. */
static err_code lengths(double *length, backend *be, const float *matrix, int rows, int columns,
                        bool of_columns, err *e)
{
    float *row = mem_small((size_t)columns, sizeof *row);
    err_code rc = OK;
    for (int r = 0; r < rows && !rc; r++) {
        be->download(be, row, ROW(matrix, r, columns), (size_t)columns * sizeof *row);
        rc = backend_sync(be, e);
        for (int c = 0; c < columns; c++)
            length[of_columns ? c : r] += (double)row[c] * (double)row[c];
    }
    for (int i = 0; i < (of_columns ? columns : rows); i++)
        length[i] = sqrt(length[i]);
    mem_free(row);
    return rc;
}

static err_code decoder_dots(float *host_CF, sae *s, const int *features, int C, err *e)
{
    const sae_config *c = sae_describe(s);
    backend *be = sae_backend(s);
    size_t O = (size_t)c->d_out, F = (size_t)c->d_sae;
    float *rows_CO = be->alloc(be, (size_t)C * O, sizeof(float), "decoder rows", e);
    float *dots_CF =
        rows_CO ? be->alloc(be, (size_t)C * F, sizeof(float), "dot products", e) : NULL;
    err_code rc = dots_CF ? OK : e->code;
    for (int k = 0; k < C && !rc; k++)
        be->copy(be, ROW(rows_CO, k, O), ROW(sae_decoder(s), features[k], O), O * sizeof(float));
    if (!rc) {
        be->gemm(be, dots_CF, c->d_sae, rows_CO, c->d_out, PLAIN, sae_decoder(s), c->d_out,
                 TRANSPOSED, C, c->d_sae, c->d_out, 1, 0);
        be->download(be, host_CF, dots_CF, (size_t)C * F * sizeof(float));
        rc = backend_sync(be, e);
    }
    be->free(be, dots_CF);
    be->free(be, rows_CO);
    return rc;
}

static err_code encoder_dots(float *host_CF, sae *s, const int *features, int C, err *e)
{
    const sae_config *c = sae_describe(s);
    backend *be = sae_backend(s);
    size_t D = (size_t)c->d_in, F = (size_t)c->d_sae;
    float *host_CD = mem_array((size_t)C * D, sizeof(float), "encoder columns", e);
    float *host_C = mem_small((size_t)C, sizeof *host_C), *columns_CD = NULL, *dots_CF = NULL;
    sae_columns *chosen = NULL;
    err_code rc = host_CD ? sae_columns_new(&chosen, s, features, C, e) : e->code;
    if (!rc)
        rc = sae_columns_copy(host_CD, host_C, chosen, e);
    if (!rc) {
        columns_CD = be->alloc(be, (size_t)C * D, sizeof(float), "encoder columns", e);
        dots_CF =
            columns_CD ? be->alloc(be, (size_t)C * F, sizeof(float), "dot products", e) : NULL;
        rc = dots_CF ? OK : e->code;
    }
    if (!rc) {
        be->upload(be, columns_CD, host_CD, (size_t)C * D * sizeof(float));
        be->gemm(be, dots_CF, c->d_sae, columns_CD, c->d_in, PLAIN, sae_encoder(s), c->d_sae, PLAIN,
                 C, c->d_sae, c->d_in, 1, 0);
        be->download(be, host_CF, dots_CF, (size_t)C * F * sizeof(float));
        rc = backend_sync(be, e);
    }
    be->free(be, dots_CF);
    be->free(be, columns_CD);
    sae_columns_free(chosen);
    mem_free(host_C);
    mem_free(host_CD);
    return rc;
}

static void to_cosines(float *dot_CF, const double *length_F, const int *features, int C, int F)
{
    for (int k = 0; k < C; k++)
        for (int f = 0; f < F; f++) {
            double product = length_F[features[k]] * length_F[f];
            float *dot = &ROW(dot_CF, k, F)[f];
            *dot = product > 0 ? (float)((double)*dot / product) : 0;
        }
}

/* For all `C` features at once; lengths once. */
static err_code measure_directions(directions *d, sae *s, const int *features, int C, err *e)
{
    const sae_config *c = sae_describe(s);
    int F = c->d_sae;
    size_t pairs = (size_t)C * (size_t)F;
    d->decoder_CF = mem_array(pairs, sizeof(float), "cosines of decoder rows", e);
    d->encoder_CF = mem_array(pairs, sizeof(float), "cosines of encoder columns", e);
    err_code rc = d->decoder_CF && d->encoder_CF ? OK : e->code;
    if (!rc && !d->decoder_length_F) {
        d->decoder_length_F = mem_small((size_t)F, sizeof(double));
        d->encoder_length_F = mem_small((size_t)F, sizeof(double));
        rc = lengths(d->decoder_length_F, sae_backend(s), sae_decoder(s), F, c->d_out, false, e);
        if (!rc)
            rc = lengths(d->encoder_length_F, sae_backend(s), sae_encoder(s), c->d_in, F, true, e);
    }
    for (int k = 0; k < C && !rc; k += TARGETS_A_PRODUCT) {
        int n = C - k < TARGETS_A_PRODUCT ? C - k : TARGETS_A_PRODUCT;
        rc = decoder_dots(ROW(d->decoder_CF, k, F), s, features + k, n, e);
        if (!rc)
            rc = encoder_dots(ROW(d->encoder_CF, k, F), s, features + k, n, e);
    }
    if (!rc) {
        to_cosines(d->decoder_CF, d->decoder_length_F, features, C, F);
        to_cosines(d->encoder_CF, d->encoder_length_F, features, C, F);
    }
    return rc;
}

/* ---- activity ----------------------------------------------------------------------------------
 */

/* Sum of squares out of the sums about the first activation (stats.h). */
static double squares_of(const feature_stats *s)
{
    return s->powers[1] + 2 * s->first * s->powers[0] + (double)s->n_active * s->first * s->first;
}

static double correlation_of(double product, const feature_stats *x, const feature_stats *y,
                             double n)
{
    double covariance = n * product - x->sum * y->sum;
    double variance_x = n * squares_of(x) - x->sum * x->sum;
    double variance_y = n * squares_of(y) - y->sum * y->sum;
    return variance_x > 0 && variance_y > 0 ? covariance / sqrt(variance_x * variance_y)
                                            : (double)NAN;
}

static relative compare(int target, int f, const directions *d, const coactivation *both, int row,
                        const collection *all)
{
    const feature_stats *x = &all->stats_F[target], *y = &all->stats_F[f];
    relative r = {.feature = f,
                  .decoder_cosine = (double)ROW(d->decoder_CF, row, both->F)[f],
                  .encoder_cosine = (double)ROW(d->encoder_CF, row, both->F)[f],
                  .n_both = ROW(both->both_CF, row, both->F)[f]};
    int64_t either = x->n_active + y->n_active - r.n_both;
    r.jaccard = either > 0 ? (double)r.n_both / (double)either : (double)NAN;
    r.correlation =
        correlation_of(ROW(both->product_CF, row, both->F)[f], x, y, (double)all->n_tokens);
    return r;
}

static double value_by(const relative *r, resemblance by)
{
    return by == BY_DECODER   ? r->decoder_cosine
           : by == BY_ENCODER ? r->encoder_cosine
           : by == BY_JACCARD ? r->jaccard
                              : r->correlation;
}

static void offer(target_relatives *t, const relative *r, resemblance by)
{
    double value = value_by(r, by);
    bool by_activity = by == BY_JACCARD || by == BY_CORRELATION;
    if (!isfinite(value) || (by_activity && r->n_both == 0))
        return;
    int at = t->n[by];
    while (at > 0 && value > value_by(&t->list[by][at - 1], by))
        at--;
    if (at == RELATIVES)
        return;
    for (int i = t->n[by] < RELATIVES ? t->n[by] : RELATIVES - 1; i > at; i--)
        t->list[by][i] = t->list[by][i - 1];
    t->list[by][at] = *r;
    t->n[by] += t->n[by] < RELATIVES;
}

static void rank(target_relatives *out, int target, const directions *d, const coactivation *both,
                 int row, const collection *all)
{
    *out = (target_relatives){0};
    for (int f = 0; f < both->F; f++) {
        if (f == target)
            continue;
        relative r = compare(target, f, d, both, row, all);
        for (int by = 0; by < RESEMBLANCES; by++)
            offer(out, &r, (resemblance)by);
    }
}

/* The targets first .. first+C-1 of the survey, in one pass over the text. */
static err_code find_some(target_relatives *out_C, target_neurons *correlated_C, directions *d,
                          const scan_source *source, sae *dictionary, const survey *s, int first,
                          int C, const collection *collected, err *e)
{
    coactivation both = {0};
    neuron_sums neurons = {0};
    err_code rc = measure_directions(d, dictionary, s->features + first, C, e);
    if (!rc && correlated_C)
        rc = neuron_sums_new(&neurons, source, s, first, C, e);
    if (!rc)
        rc = coactivation_count(&both, correlated_C ? &neurons : NULL, source, dictionary, s, first,
                                C, e);
    for (int k = 0; k < C && !rc; k++) {
        rank(&out_C[first + k], s->features[first + k], d, &both, k, collected);
        if (correlated_C)
            neuron_sums_correlate(&correlated_C[first + k], &neurons, k);
    }
    neuron_sums_release(&neurons);
    coactivation_release(&both);
    mem_free(d->decoder_CF);
    mem_free(d->encoder_CF);
    d->decoder_CF = d->encoder_CF = NULL;
    return rc;
}

err_code relatives_find(target_relatives *out_C, target_neurons *correlated_C,
                        const scan_source *source, sae *dictionary, const survey *s,
                        const collection *collected, err *e)
{
    int F = collected->n_features, most = MOST_PAIRS / F;
    directions d = {0};
    err_code rc = OK;
    most = most < 1 ? 1 : most;
    for (int first = 0; first < s->n_features && !rc; first += most) {
        int C = s->n_features - first < most ? s->n_features - first : most;
        rc = find_some(out_C, correlated_C, &d, source, dictionary, s, first, C, collected, e);
    }
    release(&d);
    return rc;
}
