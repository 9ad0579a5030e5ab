/* Random arrays and comparisons. */
#include "common.h"
#include "base/memory.h"
#include "base/rng.h"
#include "test.h"
#include <math.h>
#include <string.h>

float *random_array(size_t n, float scale, const char *stream)
{
    float *x = mem_small(n + 1, sizeof *x);
    rng r = rng_stream(1, stream);
    for (size_t i = 0; i < n; i++)
        x[i] = scale * (float)rng_normal(&r);
    return x;
}

float *copy_array(const float *x, size_t n)
{
    float *y = mem_small(n + 1, sizeof *y);
    memcpy(y, x, n * sizeof *x);
    return y;
}

int32_t *random_ids(size_t n, int below, const char *stream)
{
    int32_t *ids = mem_small(n + 1, sizeof *ids);
    rng r = rng_stream(1, stream);
    for (size_t i = 0; i < n; i++)
        ids[i] = (int32_t)rng_below(&r, (uint32_t)below);
    return ids;
}

void *to_backend(backend *be, const void *host, size_t bytes)
{
    err e;
    void *there = be->alloc(be, bytes, 1, "a test's array", &e);
    if (!there)
        fail_msg("%s", e.text);
    be->upload(be, there, host, bytes);
    return there;
}

float *from_backend(backend *be, const float *x, size_t n)
{
    err e;
    float *host = mem_small(n + 1, sizeof *host);
    be->download(be, host, x, n * sizeof *host);
    if (backend_sync(be, &e))
        fail_msg("%s", e.text);
    return host;
}

void check_close(const char *what, const float *got, const float *want, size_t n, double tolerance)
{
    double square = 0;
    for (size_t i = 0; i < n; i++)
        square += isfinite(want[i]) ? (double)want[i] * (double)want[i] : 0;
    double scale = n ? sqrt(square / (double)n) : 0;
    for (size_t i = 0; i < n; i++) {
        double difference = fabs((double)got[i] - (double)want[i]);
        if (got[i] == want[i] || (isnan(got[i]) && isnan(want[i])))
            continue;
        if (!(difference <= tolerance * (fabs((double)want[i]) + scale)))
            fail_msg("%s: element %zu of %zu is %.9g, should be %.9g", what, i, n, (double)got[i],
                     (double)want[i]);
    }
}
