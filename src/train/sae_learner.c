/* One training step of a BatchTopK SAE. Only the encoder's forward product is dense. */
#include "train/sae_learner.h"
#include "base/memory.h"
#include "base/rng.h"
#include <math.h>
#include <string.h>

/* How far below the last batch's threshold the search for this batch's begins. */
#define GUESS_MARGIN 0.75f

void sae_learner_free(sae_learner *l)
{
    if (!l)
        return;
    adamw_free(l->optimiser);
    for (int i = 0; i < SAE_PARAMETERS; i++) {
        l->be->free(l->be, l->list[i].value);
        l->be->free(l->be, l->list[i].gradient);
    }
    float *arrays[] = {l->x_ND, l->input_ND, l->pre_NF, l->y_ND, l->d_y_ND, l->aux_ND, l->idle_F};
    for (size_t i = 0; i < COUNT_OF(arrays); i++)
        l->be->free(l->be, arrays[i]);
    mem_free(l->dead_F);
    sparse_batch_release(&l->kept);
    sparse_batch_release(&l->revived);
    mem_free(l);
}

static err_code allocate(sae_learner *l, err *e)
{
    size_t N = (size_t)l->o.batch, D = (size_t)l->o.d_in, F = (size_t)l->o.d_sae;
    backend *be = l->be;
    struct {
        const char *name;
        size_t n;
    } parameters[SAE_PARAMETERS] = {{"w_enc", F * D}, {"b_enc", F}, {"w_dec", F * D}, {"b_dec", D}};
    for (int i = 0; i < SAE_PARAMETERS; i++) {
        parameter *p = &l->list[i];
        *p = (parameter){.name = parameters[i].name, .n = parameters[i].n};
        p->value = be->alloc(be, p->n, sizeof(float), "SAE weights", e);
        p->gradient = be->alloc(be, p->n, sizeof(float), "SAE gradients", e);
        if (!p->value || !p->gradient)
            return e->code;
    }
    l->w_enc_FD = l->list[0].value;
    l->b_enc_F = l->list[1].value;
    l->w_dec_FD = l->list[2].value;
    l->b_dec_D = l->list[3].value;
    struct {
        float **array;
        size_t n;
    } work[] = {{&l->x_ND, N * D},   {&l->input_ND, N * D}, {&l->pre_NF, N * F}, {&l->y_ND, N * D},
                {&l->d_y_ND, N * D}, {&l->aux_ND, N * D},   {&l->idle_F, F}};
    for (size_t i = 0; i < COUNT_OF(work); i++) {
        *work[i].array = be->alloc(be, work[i].n, sizeof(float), "SAE training", e);
        if (!*work[i].array)
            return e->code;
    }
    l->dead_F = mem_small(F, sizeof *l->dead_F);
    err_code rc = sparse_batch_make(&l->kept, l->o.batch, l->o.d_sae,
                                    (int)((double)l->o.k * l->o.batch) + 1, e);
    if (!rc)
        rc = sparse_batch_make(&l->revived, l->o.batch, l->o.d_sae, l->o.k_aux * l->o.batch, e);
    return rc ? rc : adamw_new(&l->optimiser, be, l->list, SAE_PARAMETERS, e);
}

/* The caller's D numbers are made a unit vector; zeros stay zeros. */
static void make_unit(float *w_D, int D)
{
    double squares = 0;
    for (int d = 0; d < D; d++)
        squares += (double)w_D[d] * (double)w_D[d];
    float inverse = squares > 0 ? (float)(1 / sqrt(squares)) : 0;
    for (int d = 0; d < D; d++)
        w_D[d] *= inverse;
}

err_code sae_learner_new(sae_learner **out, backend *be, const sae_learner_options *o, err *e)
{
    sae_learner *l = mem_small(1, sizeof *l);
    *l = (sae_learner){.o = *o, .be = be, .input_scale = 1};
    *out = NULL;
    err_code rc = allocate(l, e);
    if (rc) {
        sae_learner_free(l);
        return rc;
    }
    rng r = rng_stream(o->seed, "sae weights");
    size_t n = (size_t)o->d_sae * (size_t)o->d_in;
    for (size_t i = 0; i < n; i++)
        l->w_dec_FD[i] = (float)rng_normal(&r);
    for (int f = 0; f < o->d_sae; f++)
        make_unit(ROW(l->w_dec_FD, f, o->d_in), o->d_in);
    memcpy(l->w_enc_FD, l->w_dec_FD, n * sizeof(float));
    *out = l;
    return OK;
}

void sae_learner_calibrate(sae_learner *l, const float *x_ND, int n)
{
    int D = l->o.d_in;
    double norms = 0;
    double *mean_D = mem_small((size_t)D, sizeof *mean_D);
    for (int i = 0; i < n; i++) {
        double squares = 0;
        for (int d = 0; d < D; d++) {
            double x = (double)ROW(x_ND, i, D)[d];
            squares += x * x;
            mean_D[d] += x / n;
        }
        norms += sqrt(squares) / n;
    }
    l->input_scale = norms > 0 ? (float)(sqrt(D) / norms) : 1;
    for (int d = 0; d < D; d++)
        l->b_dec_D[d] = (float)(mean_D[d] * (double)l->input_scale);
    mem_free(mean_D);
}

/* ---- forward
 * ------------------------------------------------------------------------------------- */

static void scale_input(sae_learner *l, const float *x_ND)
{
    int D = l->o.d_in, N = l->o.batch;
    for (int n = 0; n < N; n++)
        for (int d = 0; d < D; d++) {
            float x = ROW(x_ND, n, D)[d] * l->input_scale;
            ROW(l->x_ND, n, D)[d] = x;
            ROW(l->input_ND, n, D)[d] = x - l->b_dec_D[d];
        }
}

static void encode(sae_learner *l)
{
    backend *be = l->be;
    int N = l->o.batch, D = l->o.d_in, F = l->o.d_sae;
    be->gemm(be, l->pre_NF, F, l->input_ND, D, PLAIN, l->w_enc_FD, D, TRANSPOSED, N, F, D, 1, 0);
    be->add_bias(be, l->pre_NF, l->b_enc_F, N, F);
    l->last_smallest = sparse_batch_top_k(&l->kept, l->pre_NF, N, (int)((double)l->o.k * N),
                                          l->last_smallest * GUESS_MARGIN, be->pool);
}

/* The moving threshold starts at the first batch's value instead of creeping up from 0. */
static void follow_threshold(sae_learner *l)
{
    double rate = (double)l->o.threshold_rate, smallest = (double)l->last_smallest;
    if (smallest > 0)
        l->threshold = l->threshold > 0 ? (1 - rate) * l->threshold + rate * smallest : smallest;
}

static void note_firing(sae_learner *l)
{
    l->n_dead = 0;
    for (int f = 0; f < l->o.d_sae; f++) {
        bool fired = l->kept.feature_start_F[f + 1] > l->kept.feature_start_F[f];
        l->idle_F[f] = fired ? 0 : l->idle_F[f] + 1;
        if (l->idle_F[f] >= (float)l->o.dead_after)
            l->dead_F[l->n_dead++] = f;
    }
}

static void measure(sae_step_sums *sums, const sae_learner *l)
{
    int N = l->o.batch, D = l->o.d_in;
    for (int d = 0; d < D; d++) {
        double sum = 0, squares = 0;
        for (int n = 0; n < N; n++) {
            double x = (double)ROW(l->x_ND, n, D)[d];
            sum += x;
            squares += x * x;
        }
        sums->variance += squares - sum * sum / N;
    }
    for (size_t i = 0; i < (size_t)N * D; i++) {
        double error = (double)l->y_ND[i] - (double)l->x_ND[i];
        sums->squared_error += error * error;
    }
    sums->active = l->kept.row_start_N[N];
}

/* ---- backward
 * ------------------------------------------------------------------------------------ */

/* Loss: squared error, averaged over rows and numbers; and its gradient at the reconstruction. */
static void main_gradients(sae_learner *l)
{
    int D = l->o.d_in, N = l->o.batch;
    float scale = (float)(2.0 / ((double)N * D));
    for (size_t i = 0; i < (size_t)N * D; i++)
        l->d_y_ND[i] = scale * (l->y_ND[i] - l->x_ND[i]);
    sparse_decode_backward(&l->kept, l->w_dec_FD, l->d_y_ND, D, l->be->pool);
    sparse_weight_gradients(l->list[2].gradient, l->list[0].gradient, l->list[1].gradient, &l->kept,
                            l->d_y_ND, l->input_ND, D, l->be->pool);
    l->be->column_sum(l->be, l->list[3].gradient, l->d_y_ND, N, D);
}

/* AuxK: dead features learn to reconstruct what the living ones left over (Gao et al. 2024, A.2).
 */
static void revive_gradients(sae_step_sums *sums, sae_learner *l)
{
    int D = l->o.d_in, N = l->o.batch;
    if (!l->n_dead)
        return;
    double few = (double)l->n_dead / l->o.k_aux;
    double weight = (double)l->o.aux_weight * (few < 1 ? few : 1);
    sparse_rows_top_k(&l->revived, l->pre_NF, N, l->dead_F, l->n_dead, l->o.k_aux, l->be->pool);
    sparse_decode(l->aux_ND, &l->revived, l->w_dec_FD, NULL, D, l->be->pool);
    float scale = (float)(2 * weight / ((double)N * D));
    for (size_t i = 0; i < (size_t)N * D; i++) {
        float error = l->aux_ND[i] - (l->x_ND[i] - l->y_ND[i]);
        sums->auxiliary += (double)error * (double)error;
        l->aux_ND[i] = scale * error;
    }
    sparse_decode_backward(&l->revived, l->w_dec_FD, l->aux_ND, D, l->be->pool);
    sparse_weight_gradients(l->list[2].gradient, l->list[0].gradient, l->list[1].gradient,
                            &l->revived, l->aux_ND, l->input_ND, D, l->be->pool);
}

/* b_dec is subtracted from the input as well: the encoder's share of its gradient. */
static void input_bias_gradient(sae_learner *l)
{
    int D = l->o.d_in;
    const float *d_bias_F = l->list[1].gradient;
    float *d_b_dec_D = l->list[3].gradient;
    for (int f = 0; f < l->o.d_sae; f++)
        if (d_bias_F[f] != 0)
            for (int d = 0; d < D; d++)
                d_b_dec_D[d] -= d_bias_F[f] * ROW(l->w_enc_FD, f, D)[d];
}

enum { PROJECT_FEATURES = 64 };

/* Removes the gradient along each decoder row, whose length is fixed. */
static void project_span(void *context, int first, int end)
{
    const sae_learner *l = context;
    int D = l->o.d_in;
    for (int f = first; f < end; f++) {
        const float *w_D = ROW(l->w_dec_FD, f, D);
        float *g_D = ROW(l->list[2].gradient, f, D);
        double along = 0;
        for (int d = 0; d < D; d++)
            along += (double)w_D[d] * (double)g_D[d];
        for (int d = 0; d < D; d++)
            g_D[d] -= (float)along * w_D[d];
    }
}

static void unit_span(void *context, int first, int end)
{
    const sae_learner *l = context;
    for (int f = first; f < end; f++)
        make_unit(ROW(l->w_dec_FD, f, l->o.d_in), l->o.d_in);
}

err_code sae_learner_step(sae_step_sums *sums, sae_learner *l, const float *x_ND, long step, err *e)
{
    *sums = (sae_step_sums){0};
    scale_input(l, x_ND);
    encode(l);
    follow_threshold(l);
    note_firing(l);
    sparse_decode(l->y_ND, &l->kept, l->w_dec_FD, l->b_dec_D, l->o.d_in, l->be->pool);
    measure(sums, l);
    for (int i = 0; i < SAE_PARAMETERS; i++)
        l->be->zero(l->be, l->list[i].gradient, l->list[i].n * sizeof(float));
    main_gradients(l);
    revive_gradients(sums, l);
    input_bias_gradient(l);
    pool_share(l->be->pool, l->o.d_sae, PROJECT_FEATURES, project_span, l);
    err_code rc = adamw_step(&sums->gradient_norm, l->optimiser, &l->o.optimiser, step, e);
    if (!rc)
        pool_share(l->be->pool, l->o.d_sae, PROJECT_FEATURES, unit_span, l);
    return rc;
}

/* With s the input scale and primes for the trained weights:
 *   f' = jump(s x W' + b'), s x ~ f' W_dec' + b_dec'
 * so f = f' / s = jump(x W' + b' / s), threshold / s, and x ~ f W_dec' + b_dec' / s. */
err_code sae_learner_export(sae **out, const sae_learner *l, const sae_config *c, err *e)
{
    size_t D = (size_t)l->o.d_in, F = (size_t)l->o.d_sae;
    sae_config config = *c;
    config.architecture = SAE_JUMPRELU;
    config.d_in = l->o.d_in;
    config.d_sae = l->o.d_sae;
    config.apply_b_dec_to_input = true;
    float *w_enc_DF = mem_array(D * F, sizeof(float), "SAE weights", e);
    float *b_enc_F = mem_array(F, sizeof(float), "SAE weights", e);
    float *threshold_F = mem_array(F, sizeof(float), "SAE weights", e);
    float *b_dec_D = mem_array(D, sizeof(float), "SAE weights", e);
    err_code rc = w_enc_DF && b_enc_F && threshold_F && b_dec_D ? OK : e->code;
    if (!rc) {
        double scale = (double)l->input_scale;
        for (size_t f = 0; f < F; f++) {
            for (size_t d = 0; d < D; d++)
                w_enc_DF[d * F + f] = l->w_enc_FD[f * D + d];
            b_enc_F[f] = (float)((double)l->b_enc_F[f] / scale);
            threshold_F[f] = (float)(l->threshold / scale);
        }
        for (size_t d = 0; d < D; d++)
            b_dec_D[d] = (float)((double)l->b_dec_D[d] / scale);
        sae_weights w = {.w_enc_DF = w_enc_DF,
                         .b_enc_F = b_enc_F,
                         .w_dec_FO = l->w_dec_FD,
                         .b_dec_O = b_dec_D,
                         .threshold_F = threshold_F};
        rc = sae_new(out, l->be, &config, &w, e);
    }
    mem_free(b_dec_D);
    mem_free(threshold_F);
    mem_free(b_enc_F);
    mem_free(w_enc_DF);
    return rc;
}
