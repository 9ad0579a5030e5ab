/* Where optimised inputs begin, and the original program's settings. */
#include "base/memory.h"
#include "base/rng.h"
#include "invert/optimise.h"

static void token_and_noise(float *x_D, const token_table *t, int id, double noise, rng *r)
{
    token_table_row(x_D, t, id);
    for (int d = 0; d < t->D; d++)
        x_D[d] = (float)((double)x_D[d] + noise * rng_normal(r));
}

void optimise_random_start(float *x_LD, const token_table *t, uint64_t seed, int feature,
                           int restart, int length, double noise_scale)
{
    rng all = rng_stream(seed, "optimise"), one = rng_split(&all, (uint64_t)feature);
    rng r = rng_split(&one, (uint64_t)restart);
    for (int i = 0; i < length; i++) {
        int id = t->ids[rng_below(&r, (uint32_t)t->n)];
        token_and_noise(ROW(x_LD, i, t->D), t, id, noise_scale * t->rms, &r);
    }
}

void optimise_original_start(float *x_LD, const token_table *t, uint64_t seed, int feature,
                             int restart, int length)
{
    rng all = rng_stream(seed, "optimise original"), one = rng_split(&all, (uint64_t)feature);
    rng r = rng_split(&one, (uint64_t)restart);
    for (int i = 0; i < length; i++) {
        int id = (int)rng_below(&r, (uint32_t)t->V);
        token_and_noise(ROW(x_LD, i, t->D), t, id, 0.5, &r);
    }
}

optimise_options optimise_original(int batch_sequences, int curve_points)
{
    return (optimise_options){.mode = FREE_ORIGINAL,
                              .max_steps = 250,
                              .patience = 250,
                              .learning_rate = 1e-3,
                              .lambda_reg = 1e-5,
                              .diversity_window = 1,
                              .repetition_window = 1,
                              .batch_sequences = batch_sequences,
                              .curve_points = curve_points};
}
