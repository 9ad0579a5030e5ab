/* The streaming pass: blocks of features, each owned by one worker, walk the rows in order. */
#include "features/stats.h"
#include "base/memory.h"
#include "compute/sparse_rows.h"
#include <math.h>
#include <string.h>

/* Features per worker block: their counters fit the second-level cache. */
enum { BLOCK = SPARSE_BLOCK };

/* One block's prompt entries in order of arrival, with the feature each belongs to. */
typedef struct entry_list {
    prompt_activation *entries;
    int32_t *features;
    size_t n, capacity;
    size_t n_infinite; /* of the running call */
} entry_list;

/* A feature's state inside the prompt being read. */
typedef struct open_prompt {
    double sum;
    float max;
    int32_t peak;
} open_prompt;

struct gatherer {
    int n_features, n_blocks;
    pool *workers;
    feature_stats *stats_F;
    open_prompt *open_F;
    entry_list *lists; /* one per block */
    int32_t prompt;    /* being read; -1 before the first */
    int open_tokens;   /* counted tokens of it so far */
    int64_t n_tokens, n_special;
    /* The rows of the running call. */
    const sparse_rows *f;
    const int32_t *prompts_N, *positions_N;
    const bool *counted_N;
};

double stats_bin_edge(int bin)
{
    return exp2((double)bin / STATS_BINS_PER_OCTAVE + STATS_FIRST_OCTAVE);
}

static int bin_of(float x)
{
    int bin = (int)floor(STATS_BINS_PER_OCTAVE * (log2((double)x) - STATS_FIRST_OCTAVE));
    return bin < 0 ? 0 : bin >= STATS_BINS ? STATS_BINS - 1 : bin;
}

void collection_release(collection *c)
{
    mem_free(c->stats_F);
    mem_free(c->first_F);
    mem_free(c->entries);
    *c = (collection){0};
}

size_t collection_count(const collection *c, int feature)
{
    return c->first_F[feature + 1] - c->first_F[feature];
}

const prompt_activation *collection_entries(const collection *c, int feature)
{
    return c->entries + c->first_F[feature];
}

gatherer *gatherer_new(int n_features, pool *workers)
{
    gatherer *g = mem_small(1, sizeof *g);
    *g = (gatherer){.n_features = n_features,
                    .n_blocks = (n_features + BLOCK - 1) / BLOCK,
                    .workers = workers,
                    .prompt = -1};
    g->stats_F = mem_small((size_t)n_features, sizeof *g->stats_F);
    g->open_F = mem_small((size_t)n_features, sizeof *g->open_F);
    g->lists = mem_small((size_t)g->n_blocks, sizeof *g->lists);
    return g;
}

void gatherer_free(gatherer *g)
{
    if (!g)
        return;
    for (int b = 0; b < g->n_blocks; b++) {
        mem_free(g->lists[b].entries);
        mem_free(g->lists[b].features);
    }
    mem_free(g->lists);
    mem_free(g->open_F);
    mem_free(g->stats_F);
    mem_free(g);
}

static void list_add(entry_list *l, int feature, prompt_activation entry)
{
    if (l->n == l->capacity) {
        l->capacity = 2 * l->capacity + 256;
        l->entries = mem_grow(l->entries, l->capacity, sizeof *l->entries);
        l->features = mem_grow(l->features, l->capacity, sizeof *l->features);
    }
    l->entries[l->n] = entry;
    l->features[l->n++] = feature;
}

static void close_prompt(gatherer *g, int block, int32_t prompt, int tokens)
{
    int end = (block + 1) * BLOCK < g->n_features ? (block + 1) * BLOCK : g->n_features;
    for (int f = block * BLOCK; f < end; f++) {
        open_prompt *o = &g->open_F[f];
        if (o->max > 0) {
            float mean = (float)(o->sum / tokens);
            list_add(&g->lists[block], f,
                     (prompt_activation){
                         .prompt = prompt, .peak = o->peak, .mean = mean, .max = o->max});
            *o = (open_prompt){0};
        }
    }
}

static void count_activation(feature_stats *s, open_prompt *o, float x, int32_t position)
{
    double v = (double)x;
    if (s->n_active++ == 0)
        s->first = v;
    double difference = v - s->first, square = difference * difference;
    s->sum += v;
    s->powers[0] += difference;
    s->powers[1] += square;
    s->powers[2] += square * difference;
    s->powers[3] += square * square;
    if (v > s->max)
        s->max = v;
    s->histogram[bin_of(x)]++;
    o->sum += v;
    if (x > o->max) {
        o->max = x;
        o->peak = position;
    }
}

static void add_row(gatherer *g, int block, int row)
{
    int n;
    const sparse_number *number = sparse_row(&n, g->f, block, row);
    for (int i = 0; i < n; i++) {
        int f = number[i].column;
        if (isinf(number[i].value))
            g->lists[block].n_infinite++;
        else
            count_activation(&g->stats_F[f], &g->open_F[f], number[i].value, g->positions_N[row]);
    }
}

static void add_block(void *context, int block)
{
    gatherer *g = context;
    int32_t prompt = g->prompt;
    int tokens = g->open_tokens;
    g->lists[block].n_infinite = 0;
    for (int r = 0; r < g->f->N; r++) {
        if (g->prompts_N[r] != prompt) {
            if (tokens)
                close_prompt(g, block, prompt, tokens);
            prompt = g->prompts_N[r];
            tokens = 0;
        }
        if (!g->counted_N[r])
            continue;
        tokens++;
        add_row(g, block, r);
    }
}

size_t gatherer_add(gatherer *g, const sparse_rows *f, const int32_t *prompts_N,
                    const int32_t *positions_N, const bool *counted_N)
{
    g->f = f;
    g->prompts_N = prompts_N;
    g->positions_N = positions_N;
    g->counted_N = counted_N;
    pool_run(g->workers, g->n_blocks, add_block, g);
    for (int r = 0; r < f->N; r++) {
        if (prompts_N[r] != g->prompt) {
            g->prompt = prompts_N[r];
            g->open_tokens = 0;
        }
        g->open_tokens += counted_N[r];
        g->n_tokens += counted_N[r];
        g->n_special += !counted_N[r];
    }
    size_t infinite = 0;
    for (int b = 0; b < g->n_blocks; b++)
        infinite += g->lists[b].n_infinite;
    return infinite;
}

void gatherer_put(str *to, const gatherer *g)
{
    size_t F = (size_t)g->n_features;
    packed_put(to, &g->prompt, 1, sizeof g->prompt);
    packed_put(to, &g->open_tokens, 1, sizeof g->open_tokens);
    packed_put(to, &g->n_tokens, 1, sizeof g->n_tokens);
    packed_put(to, &g->n_special, 1, sizeof g->n_special);
    packed_put(to, g->stats_F, F, sizeof *g->stats_F);
    packed_put(to, g->open_F, F, sizeof *g->open_F);
    for (int b = 0; b < g->n_blocks; b++) {
        const entry_list *l = &g->lists[b];
        packed_put(to, &l->n, 1, sizeof l->n);
        packed_put(to, l->entries, l->n, sizeof *l->entries);
        packed_put(to, l->features, l->n, sizeof *l->features);
    }
}

static bool get_list(entry_list *l, packed_reader *from, int n_features)
{
    size_t n;
    packed_get(from, &n, 1, sizeof n);
    if (n > from->left / (sizeof *l->entries + sizeof *l->features))
        return false;
    l->n = l->capacity = n;
    l->entries = mem_small(n, sizeof *l->entries);
    l->features = mem_small(n, sizeof *l->features);
    packed_get(from, l->entries, n, sizeof *l->entries);
    packed_get(from, l->features, n, sizeof *l->features);
    for (size_t i = 0; i < n; i++)
        if (l->features[i] < 0 || l->features[i] >= n_features)
            return false;
    return true;
}

bool gatherer_get(gatherer *g, packed_reader *from)
{
    size_t F = (size_t)g->n_features;
    packed_get(from, &g->prompt, 1, sizeof g->prompt);
    packed_get(from, &g->open_tokens, 1, sizeof g->open_tokens);
    packed_get(from, &g->n_tokens, 1, sizeof g->n_tokens);
    packed_get(from, &g->n_special, 1, sizeof g->n_special);
    packed_get(from, g->stats_F, F, sizeof *g->stats_F);
    packed_get(from, g->open_F, F, sizeof *g->open_F);
    for (int b = 0; b < g->n_blocks; b++)
        if (!get_list(&g->lists[b], from, g->n_features))
            return false;
    return !from->short_read;
}

static void close_last(void *context, int block)
{
    gatherer *g = context;
    close_prompt(g, block, g->prompt, g->open_tokens);
}

err_code gatherer_finish(collection *out, gatherer *g, int n_prompts, err *e)
{
    if (g->open_tokens)
        pool_run(g->workers, g->n_blocks, close_last, g);
    size_t total = 0;
    for (int b = 0; b < g->n_blocks; b++)
        total += g->lists[b].n;

    collection c = {.n_features = g->n_features,
                    .n_prompts = n_prompts,
                    .n_tokens = g->n_tokens,
                    .n_special = g->n_special};
    c.first_F = mem_small((size_t)g->n_features + 1, sizeof *c.first_F);
    c.entries = mem_array(total, sizeof *c.entries, "activations by feature and prompt", e);
    if (!c.entries) {
        collection_release(&c);
        return e->code;
    }
    for (int b = 0; b < g->n_blocks; b++)
        for (size_t i = 0; i < g->lists[b].n; i++)
            c.first_F[g->lists[b].features[i] + 1]++;
    for (int f = 0; f < g->n_features; f++)
        c.first_F[f + 1] += c.first_F[f];
    size_t *next = mem_small((size_t)g->n_features + 1, sizeof *next);
    memcpy(next, c.first_F, ((size_t)g->n_features + 1) * sizeof *next);
    for (int b = 0; b < g->n_blocks; b++)
        for (size_t i = 0; i < g->lists[b].n; i++)
            c.entries[next[g->lists[b].features[i]]++] = g->lists[b].entries[i];
    mem_free(next);

    c.stats_F = g->stats_F;
    g->stats_F = NULL;
    *out = c;
    return OK;
}

moments stats_moments(const feature_stats *s)
{
    const double undefined = (double)NAN;
    moments m = {undefined, undefined, undefined, undefined};
    if (s->n_active == 0)
        return m;
    double n = (double)s->n_active, m1 = s->powers[0] / n, m2 = s->powers[1] / n;
    double m3 = s->powers[2] / n, m4 = s->powers[3] / n, variance = m2 - m1 * m1;
    m.mean = s->first + m1;
    m.variance = variance > 0 ? variance : 0;
    if (m.variance == 0)
        return m;
    m.skewness = (m3 - 3 * m1 * m2 + 2 * m1 * m1 * m1) / pow(variance, 1.5);
    m.kurtosis =
        (m4 - 4 * m1 * m3 + 6 * m1 * m1 * m2 - 3 * m1 * m1 * m1 * m1) / (variance * variance);
    return m;
}

float stats_value(const prompt_activation *a, prompt_statistic which)
{
    return which == PROMPT_MEAN ? a->mean : a->max;
}

double stats_entropy(const collection *c, int feature, prompt_statistic which)
{
    const prompt_activation *a = collection_entries(c, feature);
    size_t n = collection_count(c, feature);
    double total = 0, weighted = 0;
    for (size_t i = 0; i < n; i++) {
        double v = (double)stats_value(&a[i], which);
        total += v;
        weighted += v > 0 ? v * log(v) : 0; /* a mean may be too small for a float */
    }
    /* -sum (v/t) log(v/t) = log t - (sum v log v) / t */
    return total > 0 ? fmax(0, log(total) - weighted / total) : 0;
}

double stats_prompt_share(const collection *c, int feature, prompt_statistic which,
                          double threshold)
{
    const prompt_activation *a = collection_entries(c, feature);
    size_t active = 0;
    for (size_t i = 0; i < collection_count(c, feature); i++)
        active += (double)stats_value(&a[i], which) > threshold;
    return c->n_prompts ? (double)active / c->n_prompts : 0;
}
