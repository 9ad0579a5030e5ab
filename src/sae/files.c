/* SAEs from and to SAELens folders, and from weights in memory. */
#include "base/memory.h"
#include "data/safetensors.h"
#include "sae/sae_internal.h"
#include <math.h>
#include <string.h>

/* Frequencies are stored as log10(frequency + this) (SAELens: llm_sae_training_runner.py). */
#define SPARSITY_FLOOR 1e-10

/* Weights in ordinary memory that this file owns. */
typedef struct host_weights {
    float *w_enc_DF, *b_enc_F, *w_dec_FD, *b_dec_D, *threshold_F;
} host_weights;

static void host_weights_release(host_weights *w)
{
    float *arrays[] = {w->w_enc_DF, w->b_enc_F, w->w_dec_FD, w->b_dec_D, w->threshold_F};
    for (size_t i = 0; i < COUNT_OF(arrays); i++)
        mem_free(arrays[i]);
}

void sae_free(sae *s)
{
    if (!s)
        return;
    float *arrays[] = {s->w_enc_DF,    s->b_enc_F,          s->w_dec_FD, s->b_dec_D,
                       s->threshold_F, s->negative_b_dec_D, s->input_ND, s->features_NF};
    for (size_t i = 0; i < COUNT_OF(arrays); i++)
        s->be->free(s->be, arrays[i]);
    mem_free(s->host_threshold_F);
    mem_free(s->host_log_sparsity_F);
    mem_free(s->host_rows_ND);
    mem_free(s);
}

/* ---- from memory ------------------------------------------------------------------------------ */

/* Backend memory holding a copy of n floats (zeros when from is NULL). */
static err_code place(float **out, backend *be, const float *host_from, size_t n, const char *what,
                      err *e)
{
    *out = be->alloc(be, n, sizeof(float), what, e);
    if (!*out)
        return e->code;
    if (host_from)
        be->upload(be, *out, host_from, n * sizeof(float));
    return OK;
}

static err_code place_weights(sae *s, const sae_weights *w, err *e)
{
    size_t D = (size_t)s->config.d_in, F = (size_t)s->config.d_sae;
    struct {
        float **to;
        const float *from;
        size_t n;
        const char *what;
    } list[] = {
        {&s->w_enc_DF, w->w_enc_DF, D * F, "SAE encoder"},
        {&s->b_enc_F, w->b_enc_F, F, "SAE encoder bias"},
        {&s->w_dec_FD, w->w_dec_FD, F * D, "SAE decoder"},
        {&s->b_dec_D, w->b_dec_D, D, "SAE decoder bias"},
        {&s->threshold_F, w->threshold_F, F, "SAE thresholds"},
        {&s->negative_b_dec_D, w->b_dec_D, D, "SAE decoder bias"},
        {&s->input_ND, NULL, SAE_BLOCK * D, "SAE input"},
    };
    for (size_t i = 0; i < COUNT_OF(list); i++) {
        err_code rc = place(list[i].to, s->be, list[i].from, list[i].n, list[i].what, e);
        if (rc)
            return rc;
    }
    s->be->scale(s->be, s->negative_b_dec_D, -1, D);
    s->host_threshold_F = mem_array(F, sizeof(float), "SAE thresholds", e);
    if (!s->host_threshold_F)
        return e->code;
    if (w->threshold_F)
        memcpy(s->host_threshold_F, w->threshold_F, F * sizeof(float));
    if (s->config.normalization != SAE_NORMALIZE_NONE) {
        s->host_rows_ND = mem_array(2 * SAE_BLOCK * D, sizeof(float), "SAE input", e);
        if (!s->host_rows_ND)
            return e->code;
    }
    return backend_sync(s->be, e);
}

err_code sae_new(sae **out, backend *be, const sae_config *c, const sae_weights *w, err *e)
{
    *out = NULL;
    err_code rc = sae_config_check(c, "SAE", e);
    if (rc)
        return rc;
    sae *s = mem_small(1, sizeof *s);
    *s = (sae){.config = *c, .be = be};
    rc = place_weights(s, w, e);
    if (rc)
        sae_free(s);
    else
        *out = s;
    return rc;
}

/* ---- from files ------------------------------------------------------------------------------- */

static err_code read_tensor(float **out, const safetensors *st, const char *name, int rank,
                            const int64_t *shape, err *e)
{
    size_t n = 1;
    for (int i = 0; i < rank; i++)
        n *= (size_t)shape[i];
    *out = mem_array(n, sizeof(float), name, e);
    if (!*out)
        return e->code;
    err_code rc = safetensors_load_f32(*out, st, name, rank, shape, e);
    return rc ? rc : check_finite(*out, n, st->label, name, e);
}

/* The `scaling_factor` of fine-tuned SAEs multiplies activations in the decoder only (SAELens 5),
 * which is the same as scaling the decoder's rows once. */
static err_code fold_scaling_factor(host_weights *w, const safetensors *st, int D, int F, err *e)
{
    if (!safetensors_find(st, "scaling_factor"))
        return OK;
    float *factor_F = NULL;
    err_code rc = read_tensor(&factor_F, st, "scaling_factor", SHAPE(F), e);
    for (int f = 0; !rc && f < F; f++)
        for (int d = 0; d < D; d++)
            ROW(w->w_dec_FD, f, D)[d] *= factor_F[f];
    mem_free(factor_F);
    return rc;
}

static err_code read_weights(host_weights *w, const safetensors *st, const sae_config *c, err *e)
{
    int D = c->d_in, F = c->d_sae;
    err_code rc = read_tensor(&w->w_enc_DF, st, "W_enc", SHAPE(D, F), e);
    if (!rc)
        rc = read_tensor(&w->b_enc_F, st, "b_enc", SHAPE(F), e);
    if (!rc)
        rc = read_tensor(&w->w_dec_FD, st, "W_dec", SHAPE(F, D), e);
    if (!rc)
        rc = read_tensor(&w->b_dec_D, st, "b_dec", SHAPE(D), e);
    if (!rc && c->architecture == SAE_JUMPRELU)
        rc = read_tensor(&w->threshold_F, st, "threshold", SHAPE(F), e);
    return rc ? rc : fold_scaling_factor(w, st, D, F, e);
}

static err_code read_config(sae_config *c, const files *f, err *e)
{
    mapping map = {0};
    arena names = {0};
    err_code rc = files_open(&map, f, "cfg.json", e);
    if (!rc)
        rc = sae_config_parse(c, (const char *)map.data, map.size,
                              files_path(f, "cfg.json", &names), e);
    io_unmap(&map);
    arena_release(&names);
    return rc;
}

static err_code read_sparsity(sae *s, const files *f, err *e)
{
    if (!files_has(f, "sparsity.safetensors"))
        return OK;
    safetensors st = {0};
    err_code rc = safetensors_open(&st, f, "sparsity.safetensors", e);
    if (!rc)
        rc = read_tensor(&s->host_log_sparsity_F, &st, "sparsity", SHAPE(s->config.d_sae), e);
    safetensors_close(&st);
    return rc;
}

err_code sae_load(sae **out, backend *be, const files *f, err *e)
{
    *out = NULL;
    sae_config c;
    host_weights w = {0};
    safetensors st = {0};
    sae *s = NULL;
    err_code rc = read_config(&c, f, e);
    if (!rc)
        rc = safetensors_open(&st, f, "sae_weights.safetensors", e);
    if (!rc)
        rc = read_weights(&w, &st, &c, e);
    if (!rc) {
        sae_weights view = {w.w_enc_DF, w.b_enc_F, w.w_dec_FD, w.b_dec_D, w.threshold_F};
        rc = sae_new(&s, be, &c, &view, e);
    }
    if (!rc)
        rc = read_sparsity(s, f, e);
    if (!rc) {
        *out = s;
        s = NULL;
    }
    sae_free(s);
    host_weights_release(&w);
    safetensors_close(&st);
    return rc;
}

/* ---- to files --------------------------------------------------------------------------------- */

static err_code fetch(float **host_out, const sae *s, const float *from, size_t n, err *e)
{
    *host_out = mem_array(n, sizeof(float), "SAE weights to save", e);
    if (!*host_out)
        return e->code;
    s->be->download(s->be, *host_out, from, n * sizeof(float));
    return OK;
}

static err_code write_weights(const sae *s, const host_weights *w, const char *dir, err *e)
{
    int64_t D = s->config.d_in, F = s->config.d_sae;
    tensor_entry entries[] = {
        {"W_enc", DTYPE_F32, 2, {D, F}, w->w_enc_DF}, {"b_enc", DTYPE_F32, 1, {F}, w->b_enc_F},
        {"W_dec", DTYPE_F32, 2, {F, D}, w->w_dec_FD}, {"b_dec", DTYPE_F32, 1, {D}, w->b_dec_D},
        {"threshold", DTYPE_F32, 1, {F}, s->host_threshold_F},
    };
    int n = (int)COUNT_OF(entries) - (s->config.architecture == SAE_STANDARD);
    arena paths = {0};
    err_code rc = safetensors_write(path_join(&paths, dir, "sae_weights.safetensors"), entries, n,
                                    NULL, 0, e);
    arena_release(&paths);
    return rc;
}

static err_code write_sparsity(const sae *s, const float *host_frequency_F, const char *dir, err *e)
{
    size_t F = (size_t)s->config.d_sae;
    float *log_F = mem_array(F, sizeof(float), "SAE sparsity", e);
    if (!log_F)
        return e->code;
    for (size_t f = 0; f < F; f++)
        log_F[f] = (float)log10((double)host_frequency_F[f] + SPARSITY_FLOOR);
    tensor_entry entry = {"sparsity", DTYPE_F32, 1, {(int64_t)F}, log_F};
    arena paths = {0};
    err_code rc = safetensors_write(path_join(&paths, dir, "sparsity.safetensors"), &entry, 1, NULL,
                                    0, e);
    arena_release(&paths);
    mem_free(log_F);
    return rc;
}

err_code sae_save(const sae *s, const float *host_frequency_F, const char *dir, err *e)
{
    size_t D = (size_t)s->config.d_in, F = (size_t)s->config.d_sae;
    host_weights w = {0};
    str text = {0};
    arena paths = {0};
    err_code rc = fetch(&w.w_enc_DF, s, s->w_enc_DF, D * F, e);
    if (!rc)
        rc = fetch(&w.b_enc_F, s, s->b_enc_F, F, e);
    if (!rc)
        rc = fetch(&w.w_dec_FD, s, s->w_dec_FD, F * D, e);
    if (!rc)
        rc = fetch(&w.b_dec_D, s, s->b_dec_D, D, e);
    if (!rc)
        rc = backend_sync(s->be, e);
    if (!rc)
        rc = write_weights(s, &w, dir, e);
    if (!rc && host_frequency_F)
        rc = write_sparsity(s, host_frequency_F, dir, e);
    if (!rc) {
        sae_config_print(&text, &s->config);
        rc = io_write(path_join(&paths, dir, "cfg.json"), text.data, text.len, e);
    }
    host_weights_release(&w);
    str_release(&text);
    arena_release(&paths);
    return rc;
}

/* ---- views ------------------------------------------------------------------------------------ */

const sae_config *sae_describe(const sae *s)
{
    return &s->config;
}

backend *sae_backend(const sae *s)
{
    return s->be;
}

const float *sae_log_sparsity(const sae *s)
{
    return s->host_log_sparsity_F;
}

const float *sae_thresholds(const sae *s)
{
    return s->host_threshold_F;
}

const float *sae_decoder(const sae *s)
{
    return s->w_dec_FD;
}

void sae_decoder_row(float *host_row_D, const sae *s, int feature)
{
    int D = s->config.d_in;
    s->be->download(s->be, host_row_D, ROW(s->w_dec_FD, feature, D), (size_t)D * sizeof(float));
}
