/* Streaming statistics of every feature: one pass, memory independent of the number of tokens but
 * for one entry per prompt in which a feature is active. */
#ifndef FEATURES_STATS_H
#define FEATURES_STATS_H
#include "base/err.h"
#include "base/packed.h"
#include "base/pool.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Non-zero activations are counted in bins of a quarter octave: bin i holds
 * [2^(i/4 - 12), 2^((i+1)/4 - 12)); what lies outside goes to the first or last bin. */
enum { STATS_BINS = 112, STATS_BINS_PER_OCTAVE = 4, STATS_FIRST_OCTAVE = -12 };
double stats_bin_edge(int bin);

/* Over all counted tokens. */
typedef struct feature_stats {
    int64_t n_active; /* activation > 0 */
    double sum;
    double first;     /* activation, in the order of the text */
    double powers[4]; /* sums of (activation - first)^1 .. ^4: sums of plain powers would drown
                       * small differences between large activations in rounding */
    double max;
    uint32_t histogram[STATS_BINS];
} feature_stats;

/* A feature's activation over one prompt. */
typedef struct prompt_activation {
    int32_t prompt,
        peak;        /* peak: position in the prompt, BOS included, of the maximum (the first) */
    float mean, max; /* over the prompt's counted tokens */
} prompt_activation;

/* Owner: caller, collection_release(). */
typedef struct collection {
    int n_features, n_prompts;
    int64_t n_tokens;  /* counted */
    int64_t n_special; /* positions that hold special tokens, left out */
    feature_stats *stats_F;
    size_t *first_F;            /* F + 1 */
    prompt_activation *entries; /* of feature f: first_F[f] .. first_F[f+1]-1, ascending prompts */
} collection;
void collection_release(collection *c);
size_t collection_count(const collection *c, int feature);
const prompt_activation *collection_entries(const collection *c, int feature);

/* Activations without their zeros: compute/sparse_rows.h. */
typedef struct sparse_rows sparse_rows;

/* Gathers activations row by row. Owner: caller, gatherer_free(). */
typedef struct gatherer gatherer;
gatherer *gatherer_new(int n_features, pool *workers);
void gatherer_free(gatherer *g);
/* Rows of activations, n_features wide. Row r belongs to position positions_N[r] of prompt
 * prompts_N[r], prompts ascending from call to call; counted_N[r] false: the row is skipped as a
 * special position. Rows of padding must not be passed. Returns how many activations of counted
 * rows are infinite: the statistics are worth nothing then. Deterministic for any pool. */
size_t gatherer_add(gatherer *g, const sparse_rows *f, const int32_t *prompts_N,
                    const int32_t *positions_N, const bool *counted_N);
/* All that it has gathered, as bytes, and back into a new gatherer of as many features; false, and
 * then the gatherer is spent, when they are not such bytes. */
void gatherer_put(str *to, const gatherer *g);
bool gatherer_get(gatherer *g, packed_reader *from);
/* Closes the last prompt and moves the result out; the gatherer is spent. */
err_code gatherer_finish(collection *out, gatherer *g, int n_prompts, err *e);

/* Of the non-zero activations; NaN where undefined (no or one distinct value). */
typedef struct moments {
    double mean, variance, skewness, kurtosis;
} moments;
moments stats_moments(const feature_stats *s);

/* The entropy of a feature over prompts as the original program defines it: activations over
 * prompts normalised to sum 1, -sum p log p, in nats; 0 for a feature that is never active. */
typedef enum { PROMPT_MEAN, PROMPT_MAX } prompt_statistic;
double stats_entropy(const collection *c, int feature, prompt_statistic which);
/* Share of prompts in which the feature's activation is above the threshold. */
double stats_prompt_share(const collection *c, int feature, prompt_statistic which,
                          double threshold);
float stats_value(const prompt_activation *a, prompt_statistic which);

#endif
