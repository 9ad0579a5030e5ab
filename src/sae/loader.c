/* Tensors out of a weights file into an SAE. */
#include "sae/loader.h"
#include "base/memory.h"
#include "sae/saelens.h"
#include <math.h>
#include <string.h>

enum { MAX_TEXT = 16 << 20, ROWS_AT_ONCE = 16 };

/* ---- files -------------------------------------------------------------------------------------
 */

err_code loader_text(mapping *out, const char **where, sae_loader *l, const char *name, err *e)
{
    *where = files_path(l->f, name, &l->memory);
    err_code rc = files_open(out, l->f, name, e);
    if (!rc && out->size > MAX_TEXT) {
        rc = err_set(e, E_FORMAT, "%s: %zu bytes is too much for a config, the limit is %d", *where,
                     out->size, (int)MAX_TEXT);
        io_unmap(out);
    }
    return rc;
}

err_code loader_open(sae_loader *l, const char *folder, const char *name, err *e)
{
    files inner = *l->f;
    if (folder) {
        if (!l->f->dir)
            return err_set(e, E_IO, "%s: no folder %s in it", l->f->label, folder);
        inner = files_from_dir(path_join(&l->memory, l->f->dir, folder));
    }
    err_code rc = checkpoint_open_file(&l->weights, &inner, name, e);
    if (!rc)
        l->used = mem_small((size_t)l->weights.n_tensors + 1, sizeof *l->used);
    return rc;
}

void loader_release(sae_loader *l)
{
    sae_free(l->s);
    mem_free(l->b_enc_F);
    mem_free(l->b_dec_O);
    mem_free(l->threshold_F);
    mem_free(l->used);
    str_release(&l->notes);
    checkpoint_close(&l->weights);
    arena_release(&l->memory);
    *l = (sae_loader){0};
}

/* ---- tensors -----------------------------------------------------------------------------------
 */

static int tensor_index(const sae_loader *l, const char *name)
{
    for (int i = 0; i < l->weights.n_tensors; i++)
        if (!strcmp(l->weights.tensors[i]->name, name))
            return i;
    return -1;
}

bool loader_has(const sae_loader *l, const char *name)
{
    return tensor_index(l, name) >= 0;
}

void loader_skip(sae_loader *l, const char *name)
{
    int i = tensor_index(l, name);
    if (i >= 0)
        l->used[i] = true;
}

/* The rows first .. first + n - 1 of a matrix as a tensor of their own. */
static stored_tensor rows_of(const stored_tensor *t, size_t first, size_t n)
{
    size_t columns = (size_t)t->shape[1], element = t->count ? t->size / t->count : 0;
    stored_tensor part = *t;
    part.shape[0] = (int64_t)n;
    part.count = n * columns;
    part.bytes = t->bytes + first * columns * element;
    part.size = part.count * element;
    return part;
}

/* out[c, r] = stored[r, c], a few rows at a time so that no second copy is held. */
static err_code load_transposed(float *out, const stored_tensor *t, err *e)
{
    size_t R = (size_t)t->shape[0], C = (size_t)t->shape[1];
    float *rows = mem_array(ROWS_AT_ONCE * C, sizeof(float), t->name, e);
    err_code rc = rows ? OK : e->code;
    for (size_t first = 0; !rc && first < R; first += ROWS_AT_ONCE) {
        size_t n = R - first < ROWS_AT_ONCE ? R - first : ROWS_AT_ONCE;
        stored_tensor part = rows_of(t, first, n);
        rc = stored_tensor_load_f32(rows, &part, -1, NULL, e);
        for (size_t c = 0; !rc && c < C; c++)
            for (size_t r = 0; r < n; r++)
                out[c * R + first + r] = rows[r * C + c];
    }
    mem_free(rows);
    return rc;
}

/* The tensor of this name and this shape (stored order). */
static err_code find_tensor(const stored_tensor **t, sae_loader *l, const char *name, int rank,
                            const int64_t *shape, err *e)
{
    loader_skip(l, name);
    return checkpoint_get(t, &l->weights, name, rank, shape, e);
}

/* A bad value is told by its place in the file, so a transposed matrix is read once more for it. */
static err_code read_finite(float *out, const stored_tensor *t, stored_order order, err *e)
{
    err_code rc = order == AS_STORED ? stored_tensor_load_f32(out, t, -1, NULL, e)
                                     : load_transposed(out, t, e);
    if (!rc)
        rc = check_finite(out, t->count, t->file, t->name, e);
    if (rc != E_NUMERIC || order == AS_STORED)
        return rc;
    float *stored = mem_array(t->count, sizeof(float), t->name, e);
    rc = stored ? stored_tensor_load_f32(stored, t, -1, NULL, e) : e->code;
    if (!rc)
        rc = check_finite(stored, t->count, t->file, t->name, e);
    mem_free(stored);
    return rc;
}

/* Backend memory that is ordinary memory is written as it is read; other memory gets one copy. */
static err_code load_matrix(float **out, sae_loader *l, const char *name, int rows, int columns,
                            stored_order order, err *e)
{
    const stored_tensor *t = NULL;
    backend *be = l->be;
    bool turned = order == STORED_TRANSPOSED;
    err_code rc = turned ? find_tensor(&t, l, name, SHAPE(columns, rows), e)
                         : find_tensor(&t, l, name, SHAPE(rows, columns), e);
    if (rc)
        return rc;
    rc = sae_place(out, be, NULL, t->count, name, e);
    if (rc)
        return rc;
    if (be->in_host_memory)
        return read_finite(*out, t, order, e);
    float *host = mem_array(t->count, sizeof(float), name, e);
    rc = host ? read_finite(host, t, order, e) : e->code;
    if (!rc) {
        be->upload(be, *out, host, t->count * sizeof(float));
        rc = backend_sync(be, e);
    }
    mem_free(host);
    return rc;
}

err_code loader_shape(int *rows, int *columns, sae_loader *l, const char *name, err *e)
{
    const stored_tensor *t = NULL;
    err_code rc = checkpoint_get(&t, &l->weights, name, -1, NULL, e);
    if (rc)
        return rc;
    if (t->rank != 2 || t->shape[0] < 1 || t->shape[1] < 1 || t->shape[0] > SAE_MAX_F ||
        t->shape[1] > SAE_MAX_F) {
        str shape = {0};
        stored_tensor_describe(&shape, t);
        rc = err_set(e, E_SHAPE, "%s: tensor %s is %s, it should be a matrix", t->file, t->name,
                     str_text(&shape));
        str_release(&shape);
        return rc;
    }
    *rows = (int)t->shape[0];
    *columns = (int)t->shape[1];
    return OK;
}

static err_code loader_w_enc(sae_loader *l, const char *name, stored_order order, err *e)
{
    const sae_config *c = &l->s->config;
    return load_matrix(&l->s->w_enc_DF, l, name, c->d_in, c->d_sae, order, e);
}

static err_code loader_w_dec(sae_loader *l, const char *name, stored_order order, err *e)
{
    const sae_config *c = &l->s->config;
    return load_matrix(&l->s->w_dec_FO, l, name, c->d_sae, c->d_out, order, e);
}

err_code loader_w_skip(sae_loader *l, const char *name, stored_order order, err *e)
{
    const sae_config *c = &l->s->config;
    return load_matrix(&l->s->w_skip_OD, l, name, c->d_out, c->d_in, order, e);
}

err_code loader_vector(float **host_out, sae_loader *l, const char *name, int n, err *e)
{
    const stored_tensor *t = NULL;
    err_code rc = find_tensor(&t, l, name, SHAPE(n), e);
    if (rc)
        return rc;
    *host_out = mem_array((size_t)n, sizeof(float), name, e);
    return *host_out ? read_finite(*host_out, t, AS_STORED, e) : e->code;
}

err_code loader_parts(sae_loader *l, const part_names *names, err *e)
{
    err_code rc = loader_w_enc(l, names->w_enc, names->enc, e);
    if (!rc)
        rc = loader_w_dec(l, names->w_dec, names->dec, e);
    if (!rc && names->b_enc)
        rc = loader_vector(&l->b_enc_F, l, names->b_enc, l->s->config.d_sae, e);
    if (!rc)
        rc = loader_vector(&l->b_dec_O, l, names->b_dec, l->s->config.d_out, e);
    return rc;
}

err_code loader_scalar(double *out, sae_loader *l, const char *name, err *e)
{
    const stored_tensor *t = checkpoint_find(&l->weights, name);
    loader_skip(l, name);
    err_code rc = t ? stored_tensor_check_shape(t, 0, NULL, e)
                    : checkpoint_get(&t, &l->weights, name, 0, NULL, e);
    if (rc)
        return rc;
    int64_t wide;
    int32_t narrow;
    float value;
    switch (t->type) {
    case DTYPE_I64:
        memcpy(&wide, t->bytes, sizeof wide);
        *out = (double)wide;
        break;
    case DTYPE_I32:
        memcpy(&narrow, t->bytes, sizeof narrow);
        *out = narrow;
        break;
    default:
        rc = stored_tensor_load_f32(&value, t, -1, NULL, e);
        if (rc)
            return rc;
        *out = (double)value;
    }
    return isfinite(*out) ? OK
                          : err_set(e, E_NUMERIC, "%s: tensor %s is %g", t->file, t->name, *out);
}

err_code loader_constant_threshold(sae_loader *l, double threshold, err *e)
{
    size_t F = (size_t)l->s->config.d_sae;
    l->threshold_F = mem_array(F, sizeof(float), "SAE thresholds", e);
    if (!l->threshold_F)
        return e->code;
    for (size_t f = 0; f < F; f++)
        l->threshold_F[f] = (float)threshold;
    return OK;
}

/* ---- the SAE -----------------------------------------------------------------------------------
 */

static void answer(bool *value, sae_answer said)
{
    if (said != SAE_UNSAID)
        *value = said == SAE_YES;
}

static err_code hint_text(char *to, size_t size, const char *text, const char *what, err *e)
{
    if (!text || !text[0])
        return OK;
    if (strlen(text) >= size)
        return err_set(e, E_CONFIG, "%s \"%.200s\" is longer than %zu bytes", what, text, size - 1);
    memcpy(to, text, strlen(text) + 1);
    return OK;
}

static err_code apply_hints(sae_config *c, const sae_hints *h, err *e)
{
    err_code rc = hint_text(c->hook, sizeof c->hook, h->hook, "the hook", e);
    if (!rc)
        rc = hint_text(c->hook_out, sizeof c->hook_out, h->hook_out, "the output hook", e);
    if (!rc)
        rc = hint_text(c->model, sizeof c->model, h->model, "the model's name", e);
    if (h->context)
        c->context = h->context;
    answer(&c->prepend_bos, h->prepend_bos);
    answer(&c->center_writing_weights, h->center_writing_weights);
    answer(&c->fold_ln, h->fold_ln);
    answer(&c->fold_value_biases, h->fold_value_biases);
    return rc;
}

err_code loader_begin(sae_loader *l, const sae_config *c, err *e)
{
    sae_config config = *c;
    if (!config.d_out)
        config.d_out = config.d_in;
    err_code rc = apply_hints(&config, l->hints, e);
    if (!rc && l->hints->normalize_activations)
        rc = saelens_normalization(&config, l->hints->normalize_activations, l->f->label, e);
    if (!config.transcoder)
        config.hook_out[0] = 0;
    if (!rc && !config.hook[0])
        rc = err_set(e, E_CONFIG,
                     "%s: its files do not say which activation the SAE reads; give model.hook, as "
                     "\"blocks.3.hook_resid_post\"",
                     l->f->label);
    if (!rc)
        rc = sae_config_check(&config, l->f->label, e);
    if (rc)
        return rc;
    l->s = mem_small(1, sizeof *l->s);
    *l->s = (sae){.config = config, .be = l->be};
    return sae_prepare(l->s, e);
}

const char *loader_place(const sae_loader *l)
{
    return l->hints->place ? l->hints->place : l->f->dir ? l->f->dir : l->f->label;
}

/* A tensor that no formula used would change what the SAE computes. */
static err_code check_all_used(const sae_loader *l, err *e)
{
    char name[SAE_ARCHITECTURE_TEXT];
    for (int i = 0; i < l->weights.n_tensors; i++)
        if (!l->used[i])
            return err_set(e, E_FORMAT,
                           "%s: tensor %.80s is not part of a %s SAE; its config and its weights "
                           "do not belong together",
                           l->weights.tensors[i]->file, l->weights.tensors[i]->name,
                           sae_architecture_name(name, &l->s->config));
    return OK;
}

static void hand_over_notes(sae_loader *l)
{
    sae *s = l->s;
    if (s->config.unfolded)
        note_add(&l->notes,
                 "The SAE expects activations scaled by a constant of its training data "
                 "(expected_average_only_in) that its files do not hold. It is loaded unscaled, as "
                 "SAELens does then; most such SAEs already have the constant in their weights.");
    const char *line = str_text(&l->notes), *end;
    for (; (end = strchr(line, '\n')); line = end + 1) {
        s->notes = mem_grow(s->notes, (size_t)s->n_notes + 1, sizeof *s->notes);
        s->notes[s->n_notes++] = arena_strndup(&s->memory, line, (size_t)(end - line));
    }
}

err_code loader_finish(sae **out, sae_loader *l, err *e)
{
    err_code rc = check_all_used(l, e);
    if (!rc)
        rc = sae_place_vectors(l->s, l->b_enc_F, l->b_dec_O, l->threshold_F, e);
    if (!rc)
        rc = backend_sync(l->be, e);
    if (rc)
        return rc;
    hand_over_notes(l);
    *out = l->s;
    l->s = NULL;
    return OK;
}
