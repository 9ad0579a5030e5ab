/* Counter-based random streams on SplitMix64's finaliser. */
#include "base/rng.h"
#include <math.h>

static const uint64_t GOLDEN = 0x9E3779B97F4A7C15u; /* 2^64 / golden ratio, odd */

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

rng rng_stream(uint64_t seed, const char *name)
{
    uint64_t key = mix(seed + GOLDEN);
    for (; *name; name++)
        key = mix(key ^ (unsigned char)*name) + GOLDEN;
    return (rng){.key = mix(key)};
}

rng rng_split(const rng *r, uint64_t id)
{
    return (rng){.key = mix(mix(r->key ^ GOLDEN) + mix(id * GOLDEN + 1))};
}

uint64_t rng_at(const rng *r, uint64_t i)
{
    return mix(r->key + (i + 1) * GOLDEN);
}

uint64_t rng_next(rng *r)
{
    return rng_at(r, r->counter++);
}

double rng_uniform(rng *r)
{
    return (double)(rng_next(r) >> 11) * 0x1p-53;
}

uint32_t rng_below(rng *r, uint32_t n)
{
    /* Lemire's multiply-and-reject: the low half decides whether the draw would be biased. The
     * remainder that it is compared with is below n, so that it is hardly ever needed. */
    for (;;) {
        uint64_t product = (rng_next(r) >> 32) * n;
        if ((uint32_t)product >= n || (uint32_t)product >= (uint32_t)(-n) % n)
            return (uint32_t)(product >> 32);
    }
}

double rng_normal(rng *r)
{
    double u = 1 - rng_uniform(r), v = rng_uniform(r); /* u in (0, 1]: the logarithm is finite */
    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

void rng_shuffle(rng *r, int *items, int n)
{
    for (int i = n - 1; i > 0; i--) {
        int j = (int)rng_below(r, (uint32_t)i + 1);
        int swapped = items[i];
        items[i] = items[j];
        items[j] = swapped;
    }
}
