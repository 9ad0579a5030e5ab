/* An SAE's computed form into a SAELens folder. */
#include "base/memory.h"
#include "data/safetensors.h"
#include "sae/sae_internal.h"
#include <math.h>

/* Frequencies are stored as log10(frequency + this) (SAELens: llm_sae_training_runner.py). */
#define SPARSITY_FLOOR 1e-10

enum { PARTS = 5 };

/* Ordinary memory with a backend array: the array itself where it is that, else a copy in *copy,
 * which the caller releases. */
static const float *view(float **copy, const sae *s, const float *from, size_t n, err *e)
{
    if (s->be->in_host_memory)
        return from;
    *copy = mem_array(n, sizeof(float), "SAE weights to save", e);
    if (*copy)
        s->be->download(s->be, *copy, from, n * sizeof(float));
    return *copy;
}

static sae_config saved_config(const sae_config *c)
{
    sae_config saved = *c;
    if (c->architecture != SAE_STANDARD && c->architecture != SAE_TOPK)
        saved.architecture = SAE_JUMPRELU;
    return saved;
}

static err_code write_weights(const sae *s, const sae_config *saved, const char *dir, err *e)
{
    int64_t D = saved->d_in, F = saved->d_sae, D_out = saved->d_out;
    float *copies[PARTS] = {0};
    tensor_entry entries[PARTS + 1] = {
        {"W_enc", DTYPE_F32, 2, {D, F}, s->w_enc_DF},
        {"b_enc", DTYPE_F32, 1, {F}, s->b_enc_F},
        {"W_dec", DTYPE_F32, 2, {F, D_out}, s->w_dec_FO},
        {"b_dec", DTYPE_F32, 1, {D_out}, s->b_dec_O},
    };
    int n = 4;
    if (saved->skip)
        entries[n++] = (tensor_entry){"W_skip", DTYPE_F32, 2, {D_out, D}, s->w_skip_OD};
    err_code rc = OK;
    for (int i = 0; !rc && i < n; i++) {
        size_t count = (size_t)entries[i].shape[0];
        count *= entries[i].rank == 2 ? (size_t)entries[i].shape[1] : 1;
        entries[i].values = view(&copies[i], s, entries[i].values, count, e);
        rc = entries[i].values ? OK : e->code;
    }
    if (saved->architecture == SAE_JUMPRELU)
        entries[n++] = (tensor_entry){"threshold", DTYPE_F32, 1, {F}, s->host_threshold_F};
    if (!rc)
        rc = backend_sync(s->be, e);
    arena paths = {0};
    if (!rc)
        rc = safetensors_write(path_join(&paths, dir, "sae_weights.safetensors"), entries, n, NULL,
                               0, e);
    arena_release(&paths);
    for (int i = 0; i < PARTS; i++)
        mem_free(copies[i]);
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
    err_code rc =
        safetensors_write(path_join(&paths, dir, "sparsity.safetensors"), &entry, 1, NULL, 0, e);
    arena_release(&paths);
    mem_free(log_F);
    return rc;
}

err_code sae_save(const sae *s, const float *host_frequency_F, const char *dir, err *e)
{
    sae_config saved = saved_config(&s->config);
    if (saved.transcoder && saved.architecture == SAE_TOPK)
        return err_set(e, E_CONFIG, "%s: SAELens has no top-k transcoders", dir);
    err_code rc = write_weights(s, &saved, dir, e);
    if (!rc && host_frequency_F)
        rc = write_sparsity(s, host_frequency_F, dir, e);
    if (rc)
        return rc;
    str text = {0};
    arena paths = {0};
    sae_config_print(&text, &saved);
    rc = io_write(path_join(&paths, dir, "cfg.json"), text.data, text.len, e);
    str_release(&text);
    arena_release(&paths);
    return rc;
}
