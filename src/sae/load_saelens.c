/* SAELens folders: cfg.json, sae_weights.safetensors; sparsity.safetensors and
 * activation_scaler.json where they are. */
#include "base/memory.h"
#include "sae/layouts.h"
#include "sae/saelens.h"
#include <math.h>

#define SPARSITY_FILE "sparsity.safetensors"
#define SCALER_FILE "activation_scaler.json"

static err_code read_config(saelens_config *s, sae_loader *l, err *e)
{
    mapping map = {0};
    const char *where;
    err_code rc = loader_text(&map, &where, l, "cfg.json", e);
    if (!rc)
        rc = saelens_config_parse(s, &l->notes, (const char *)map.data, map.size, where, e);
    io_unmap(&map);
    return rc;
}

/* {"scaling_factor": 1.5}, or null: beside checkpoints whose weights do not hold it yet. */
static err_code read_scaler(double *factor, sae_loader *l, err *e)
{
    mapping map = {0};
    cJSON *root = NULL;
    const char *where;
    err_code rc = loader_text(&map, &where, l, SCALER_FILE, e);
    if (!rc)
        rc = object_parse(&root, (const char *)map.data, map.size, where, e);
    if (!rc && field(root, "scaling_factor"))
        rc = need_positive(factor, root, "scaling_factor", where, e);
    cJSON_Delete(root);
    io_unmap(&map);
    return rc;
}

/* Fine-tuned SAEs multiply activations by it in the decoder only (SAELens 5, sae.py). */
static err_code read_scaling_factor(sae_loader *l, bool finetuned, err *e)
{
    const char *name =
        loader_has(l, "finetuning_scaling_factor") ? "finetuning_scaling_factor" : "scaling_factor";
    if (!loader_has(l, name))
        return OK;
    int F = l->s->config.d_sae;
    float *factor_F = NULL;
    err_code rc = loader_vector(&factor_F, l, name, F, e);
    bool ones = true;
    for (int f = 0; !rc && f < F; f++)
        ones = ones && fabs((double)factor_F[f] - 1) <= 1e-5; /* torch.allclose */
    if (!rc && !ones && !finetuned)
        rc = err_set(e, E_CONFIG,
                     "%s: the weights have a %s other than 1, but \"finetuning_scaling_factor\" is "
                     "not true in cfg.json",
                     l->f->label, name);
    if (!rc && !ones)
        rc = fold_decoder(l, factor_F, e);
    mem_free(factor_F);
    return rc;
}

/* The constant of expected_average_only_in, when the release table or the folder has it. */
static err_code scale_input(double *scale, sae_loader *l, err *e)
{
    *scale = 1;
    if (!l->s->config.unfolded)
        return OK;
    double factor = l->hints->norm_scaling_factor;
    err_code rc = OK;
    if (!(factor > 0) && files_has(l->f, SCALER_FILE))
        rc = read_scaler(&factor, l, e);
    if (rc || !(factor > 0))
        return rc;
    *scale = factor;
    return fold_scales(l, factor, factor, e);
}

static err_code read_thresholds(sae_loader *l, double scale, bool rescale, err *e)
{
    const sae_config *c = &l->s->config;
    if (c->architecture == SAE_JUMPRELU && loader_has(l, "log_threshold")) {
        /* Training checkpoints before SAELens 6 (jumprelu_sae.py, process_state_dict). */
        err_code rc = loader_vector(&l->threshold_F, l, "log_threshold", c->d_sae, e);
        for (int f = 0; !rc && f < c->d_sae; f++)
            l->threshold_F[f] = expf(l->threshold_F[f]);
        return rc;
    }
    if (c->architecture == SAE_JUMPRELU)
        return loader_vector(&l->threshold_F, l, "threshold", c->d_sae, e);
    if (c->architecture != SAE_BATCHTOPK && c->architecture != SAE_MATRYOSHKA_BATCHTOPK)
        return OK;
    double threshold = 0;
    err_code rc = loader_scalar(&threshold, l, "topk_threshold", e);
    note_add(&l->notes,
             "The SAE is stored in its training form, which keeps the largest activations of a "
             "batch; it is computed with its saved threshold, as SAELens saves it for use.");
    /* In units of pre |W_dec row|, and the rows were divided by the scale (batchtopk_sae.py). */
    return rc ? rc : loader_constant_threshold(l, rescale ? threshold / scale : threshold, e);
}

static err_code read_sparsity(sae_loader *l, err *e)
{
    if (!files_has(l->f, SPARSITY_FILE))
        return OK;
    checkpoint st = {0};
    int64_t F = l->s->config.d_sae;
    float **out = &l->s->host_log_sparsity_F;
    err_code rc = checkpoint_open_file(&st, l->f, SPARSITY_FILE, e);
    if (!rc) {
        *out = mem_array((size_t)F, sizeof(float), "SAE sparsity", e);
        rc = *out ? checkpoint_load_f32(*out, &st, "sparsity", SHAPE(F), e) : e->code;
    }
    if (!rc)
        rc = check_finite(*out, (size_t)F, st.label, "sparsity", e);
    checkpoint_close(&st);
    return rc;
}

err_code saelens_load(sae **out, sae_loader *l, err *e)
{
    static const part_names parts[] = {{"W_enc", "W_dec", "b_enc", "b_dec", AS_STORED, AS_STORED},
                                       {"W_enc", "W_dec", NULL, "b_dec", AS_STORED, AS_STORED}};
    saelens_config s;
    double scale = 1;
    err_code rc = read_config(&s, l, e);
    if (!rc)
        rc = loader_begin(l, &s.c, e);
    if (!rc)
        rc = loader_open(l, NULL, "sae_weights.safetensors", e);
    if (!rc)
        rc = loader_parts(l, &parts[s.c.architecture == SAE_GATED], e);
    if (!rc && s.c.skip)
        rc = loader_w_skip(l, "W_skip", AS_STORED, e);
    if (!rc && s.c.architecture == SAE_GATED)
        rc = fold_gates(l, "b_gate", "b_mag", "r_mag", e);
    if (!rc)
        rc = read_scaling_factor(l, s.finetuned, e);
    if (!rc)
        rc = scale_input(&scale, l, e);
    if (!rc)
        rc = read_thresholds(l, scale, s.rescale, e);
    if (!rc && s.rescale)
        rc = fold_decoder_norms(l, TOP_K_NORMS, e);
    if (!rc)
        rc = read_sparsity(l, e);
    return rc ? rc : loader_finish(out, l, e);
}
