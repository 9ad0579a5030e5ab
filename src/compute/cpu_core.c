/* Whether OpenBLAS knows the processor it runs on.
 *
 * OpenBLAS picks its kernels when it is loaded, by processor model; releases older than the
 * processor fall back to AVX2 kernels on machines that have AVX-512, at half the speed. The
 * environment variable OPENBLAS_CORETYPE overrides the choice, but only before the library loads.
 */
#include "compute/backend.h"
#include <cblas.h>
#include <stdlib.h>
#include <strings.h>

#if defined(__x86_64__)
static bool processor_has_avx512(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}
#else
static bool processor_has_avx512(void)
{
    return false;
}
#endif

const char *cpu_blas_core_override(void)
{
    static const char *const avx512_cores[] = {"SkylakeX", "Cooperlake", "SapphireRapids", "Zen4",
                                               "Zen5"};
    if (getenv("OPENBLAS_CORETYPE") || !processor_has_avx512())
        return NULL; /* a choice already made is respected, which also ends any restart loop */
    for (size_t i = 0; i < sizeof avx512_cores / sizeof *avx512_cores; i++)
        if (!strcasecmp(openblas_get_corename(), avx512_cores[i]))
            return NULL;
    return "SkylakeX";
}

const char *cpu_blas_version(void)
{
    return openblas_get_config();
}
