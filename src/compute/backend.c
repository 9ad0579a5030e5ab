/* Choosing and closing a backend. */
#include "compute/backend.h"
#include "base/memory.h"
#include "compute/install.h"
#include <stdio.h>
#include <string.h>

backend *backend_ref(void)
{
    backend *be = mem_small(1, sizeof *be);
    be->name = "ref";
    be->in_host_memory = true;
    ref_install_memory(be);
    ref_install_rows(be);
    ref_install_reductions(be);
    ref_install_norm(be);
    ref_install_heads(be);
    ref_install_activations(be);
    ref_install_attention(be);
    ref_install_tokens(be);
    ref_install_sae(be);
    ref_install_choice(be);
    ref_install_sparse(be);
    ref_install_descent(be);
    return be;
}

/* "cuda" or "cuda:N" with a small N; -1: neither. */
static int device_number(const char *name)
{
    static const char kind[] = "cuda";
    size_t n = sizeof kind - 1;
    if (strncmp(name, kind, n))
        return -1;
    if (!name[n])
        return 0;
    if (name[n] != ':' || !name[n + 1] || strlen(name + n + 1) > 3)
        return -1;
    int number = 0;
    for (const char *c = name + n + 1; *c; c++) {
        if (*c < '0' || *c > '9')
            return -1;
        number = 10 * number + (*c - '0');
    }
    return number;
}

/* A GPU, else the cpu. In a program without CUDA nobody expects one. */
static err_code open_best(backend **out, pool *p, err *e)
{
    err missing = {0};
    if (backend_has_cuda() && !backend_cuda(out, 0, p, &missing))
        return OK;
    err_code rc = backend_cpu(out, p, e);
    if (!rc)
        snprintf((*out)->note, sizeof(*out)->note, "%s", missing.text);
    return rc;
}

err_code backend_open(backend **out, const char *name, pool *p, err *e)
{
    *out = NULL;
    int device = device_number(name);
    if (device >= 0)
        return backend_cuda(out, device, p, e);
    if (!strcmp(name, "auto"))
        return open_best(out, p, e);
    if (!strcmp(name, "cpu"))
        return backend_cpu(out, p, e);
    if (strcmp(name, "ref"))
        return err_set(e, E_CONFIG,
                       "there is no backend \"%s\": use auto, cpu, ref, cuda or cuda:N", name);
    *out = backend_ref();
    return OK;
}

err_code backend_set_products(backend *be, const char *name, err *e)
{
    static const char *const names[] = {
        [PRODUCTS_F32] = "f32", [PRODUCTS_TF32] = "tf32", [PRODUCTS_BF16] = "bf16"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcmp(name, names[i]))
            continue;
        if (i != PRODUCTS_F32 && be->in_host_memory)
            return err_set(e, E_CONFIG, "the %s backend multiplies in f32 alone, not %s", be->name,
                           name);
        be->products = (product_precision)i;
        return OK;
    }
    return err_set(e, E_CONFIG, "products are f32, tf32 or bf16, not \"%s\"", name);
}

err_code backend_sync(backend *be, err *e)
{
    be->finish(be);
    return backend_failure(be, e);
}

err_code backend_failure(backend *be, err *e)
{
    err_code rc = be->failure.code;
    if (rc)
        *e = be->failure;
    be->failure = (err){0};
    return rc;
}

void backend_free(backend *be)
{
    if (be)
        be->close(be);
}
