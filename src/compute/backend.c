/* Choosing and closing a backend. */
#include "compute/backend.h"
#include "base/memory.h"
#include "compute/install.h"
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
    return be;
}

err_code backend_open(backend **out, const char *name, pool *p, err *e)
{
    *out = NULL;
    if (!strcmp(name, "auto") || !strcmp(name, "cpu"))
        return backend_cpu(out, p, e);
    if (!strcmp(name, "cuda"))
        return backend_cuda(out, e);
    if (strcmp(name, "ref"))
        return err_set(e, E_CONFIG, "there is no backend \"%s\": use auto, cpu, cuda or ref", name);
    *out = backend_ref();
    return OK;
}

err_code backend_sync(backend *be, err *e)
{
    err_code rc = be->failure.code;
    if (rc)
        *e = be->failure;
    be->failure = (err){0};
    return rc;
}
