/* Stands in for the CUDA backend in a program built without it. */
#include "compute/backend.h"

bool backend_has_cuda(void)
{
    return false;
}

err_code backend_cuda(backend **out, int device, pool *p, err *e)
{
    (void)device;
    (void)p;
    *out = NULL;
    return err_set(e, E_CONFIG,
                   "this program was built without CUDA: use the cpu backend, or build it again "
                   "where nvcc is installed");
}
