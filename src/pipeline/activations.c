/* One forward pass a hook: memory for one value at a time on the backend, all of them in ordinary
 * memory until the file is written. */
#include "pipeline/activations.h"
#include "base/memory.h"
#include "data/safetensors.h"
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

/* The tensors gathered so far; values owned. */
typedef struct gathered {
    const activation_request *request;
    tensor_entry *entries;
    int n, cap;
    arena names;
} gathered;

/* A new tensor [B, T, width] (width 0: [B, T]) in ordinary memory. */
static float *gather(gathered *g, const char *name, int width, err *e)
{
    const token_block *t = g->request->tokens;
    size_t n = (size_t)t->B * (size_t)t->T * (size_t)(width ? width : 1);
    float *values = mem_array(n, sizeof *values, name, e);
    if (!values)
        return NULL;
    if (g->n == g->cap) {
        g->cap = g->cap ? 2 * g->cap : 64;
        g->entries = mem_grow(g->entries, (size_t)g->cap, sizeof *g->entries);
    }
    g->entries[g->n++] = (tensor_entry){.name = arena_strdup(&g->names, name),
                                        .type = DTYPE_F32,
                                        .rank = width ? 3 : 2,
                                        .shape = {t->B, t->T, width},
                                        .values = values};
    return values;
}

static void release(gathered *g)
{
    for (int i = 0; i < g->n; i++) {
        union {
            const float *lent;
            float *owned; /* every entry's values are ours, from gather() */
        } values = {.lent = g->entries[i].values};
        mem_free(values.owned);
    }
    mem_free(g->entries);
    arena_release(&g->names);
}

static err_code gather_from(gathered *g, const char *name, const float *value, int width, err *e)
{
    const token_block *t = g->request->tokens;
    backend *be = model_backend(g->request->model);
    float *to = gather(g, name, width, e);
    if (!to)
        return e->code;
    be->download(be, to, value, (size_t)t->B * (size_t)t->T * (size_t)width * sizeof *to);
    return backend_sync(be, e);
}

static err_code gather_tokens(gathered *g, err *e)
{
    const token_block *t = g->request->tokens;
    float *to = gather(g, "tokens", 0, e);
    for (int i = 0; to && i < t->B * t->T; i++)
        to[i] = (float)t->ids_BT[i];
    return to ? OK : e->code;
}

static err_code gather_hook(gathered *g, forward *f, const char *name, err *e)
{
    const activation_request *r = g->request;
    hook h;
    err_code rc = cancel_check(e);
    if (!rc)
        rc = hook_parse(&h, model_describe(r->model), name, e);
    if (!rc)
        rc = forward_tokens(f, r->tokens->ids_BT, r->tokens->B, r->tokens->T, &h, e);
    return rc ? rc : gather_from(g, name, forward_hook(f), h.width, e);
}

/* Every hook whose name fits a pattern, layer by layer in the order of computing. */
static hook *fitting_hooks(int *n, const model_config *c, const char *pattern)
{
    hook h, *list = mem_small((size_t)HOOK_SITES * (size_t)c->n_layers, sizeof *list);
    *n = 0;
    for (int layer = 0; layer < c->n_layers; layer++)
        for (int site = 0; site < HOOK_SITES; site++)
            if (hook_of_site(&h, c, (hook_site)site, layer) && !fnmatch(pattern, h.name, 0) &&
                (layer == h.layer || layer == 0)) /* those outside the blocks once */
                list[(*n)++] = h;
    return list;
}

static err_code gather_hooks(gathered *g, forward *f, const char *pattern, reporter *to, err *e)
{
    if (!strpbrk(pattern, "*?["))
        return gather_hook(g, f, pattern, e);
    int n;
    hook *hooks = fitting_hooks(&n, model_describe(g->request->model), pattern);
    progress bar = progress_start(to, pattern, n);
    err_code rc = n ? OK : err_set(e, E_CONFIG, "--hook %.80s: no hook has such a name", pattern);
    for (int i = 0; i < n && !rc; i++) {
        rc = gather_hook(g, f, hooks[i].name, e);
        progress_step(&bar, i + 1, NULL);
    }
    progress_end(&bar);
    mem_free(hooks);
    return rc;
}

static err_code gather_loss(gathered *g, forward *f, err *e)
{
    const token_block *t = g->request->tokens;
    size_t n = (size_t)t->B * (size_t)t->T;
    float *to = gather(g, "loss", 0, e);
    int32_t *targets = to ? mem_array(n, sizeof *targets, "targets", e) : NULL;
    if (!targets)
        return e->code;
    for (size_t i = 0; i < n; i++)
        targets[i] = (i + 1) % (size_t)t->T ? t->ids_BT[i + 1] : -1;
    err_code rc = forward_loss(to, f, targets, e);
    mem_free(targets);
    return rc;
}

static err_code gather_logits(gathered *g, forward *f, err *e)
{
    const activation_request *r = g->request;
    int rows = r->tokens->B * r->tokens->T, V = model_describe(r->model)->d_vocab;
    backend *be = model_backend(r->model);
    float *logits = be->alloc(be, (size_t)rows * (size_t)V, sizeof *logits, "logits", e);
    err_code rc = logits ? forward_logits(logits, f, 0, rows, e) : e->code;
    if (!rc)
        rc = gather_from(g, "logits", logits, V, e);
    be->free(be, logits);
    return rc;
}

static err_code gather_end(gathered *g, forward *f, err *e)
{
    const activation_request *r = g->request;
    if (!r->logits && !r->loss)
        return OK;
    err_code rc = forward_tokens(f, r->tokens->ids_BT, r->tokens->B, r->tokens->T, NULL, e);
    if (!rc && r->logits)
        rc = gather_logits(g, f, e);
    return rc || !r->loss ? rc : gather_loss(g, f, e);
}

static err_code gather_features(gathered *g, forward *f, err *e)
{
    const activation_request *r = g->request;
    if (!r->sae)
        return OK;
    int rows = r->tokens->B * r->tokens->T, O = sae_describe(r->sae)->d_out;
    int F = sae_describe(r->sae)->d_sae;
    backend *be = model_backend(r->model);
    float *f_NF = be->alloc(be, (size_t)rows * (size_t)F, sizeof *f_NF, "SAE activations", e);
    float *y_NO =
        f_NF ? be->alloc(be, (size_t)rows * (size_t)O, sizeof *y_NO, "SAE reconstruction", e)
             : NULL;
    err_code rc =
        y_NO ? forward_tokens(f, r->tokens->ids_BT, r->tokens->B, r->tokens->T, r->sae_hook, e)
             : e->code;
    if (!rc) {
        sae_encode(f_NF, r->sae, forward_hook(f), rows);
        sae_decode(y_NO, r->sae, f_NF, forward_hook(f), rows);
        rc = gather_from(g, "sae.activations", f_NF, F, e);
    }
    if (!rc)
        rc = gather_from(g, "sae.reconstruction", y_NO, O, e);
    be->free(be, f_NF);
    be->free(be, y_NO);
    return rc;
}

err_code activations_write(const char *path, const activation_request *r, reporter *to, err *e)
{
    gathered g = {.request = r};
    forward *f = NULL;
    err_code rc = forward_new(&f, r->model, r->tokens->B, r->tokens->T, NULL, FORWARD_ONLY, e);
    if (!rc)
        rc = gather_tokens(&g, e);
    for (int i = 0; i < r->n_hooks && !rc; i++)
        rc = gather_hooks(&g, f, r->hooks[i], to, e);
    if (!rc)
        rc = gather_features(&g, f, e);
    if (!rc)
        rc = gather_end(&g, f, e);
    if (!rc)
        rc = safetensors_write(path, g.entries, g.n, NULL, 0, e);
    if (!rc)
        report_line(to, "%s: %d tensors", path, g.n);
    forward_free(f);
    release(&g);
    return rc;
}
