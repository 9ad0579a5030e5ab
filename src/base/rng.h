/* Named, counter-based random streams: draw i of a stream depends on the seed, the stream's name
 * and i alone, never on order, threads or what other code drew.
 *
 * The mixer is SplitMix64's finaliser (Steele, Lea, Flood 2014) applied to key + i * golden ratio.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H
#include <stdint.h>

typedef struct rng {
    uint64_t key, counter;
} rng;

rng rng_stream(uint64_t seed, const char *name);
/* A stream of its own for item `id` (a feature, a document, a step) of this stream. */
rng rng_split(const rng *r, uint64_t id);

/* The i-th draw, without touching the counter. */
uint64_t rng_at(const rng *r, uint64_t i);
/* The next draw. */
uint64_t rng_next(rng *r);
double rng_uniform(rng *r);             /* [0, 1) */
uint32_t rng_below(rng *r, uint32_t n); /* 0 .. n-1, unbiased; n >= 1 */
double rng_normal(rng *r);              /* mean 0, variance 1 (Box-Muller) */
void rng_shuffle(rng *r, int *items, int n);

#endif
