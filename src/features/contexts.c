/* Choosing contexts out of a survey. */
#include "features/contexts.h"
#include "base/memory.h"
#include "base/rng.h"
#include "features/peaks.h"
#include <math.h>
#include <string.h>

enum { DECILES = 10, CHARACTER = 4 /* bytes, so tokens, of a UTF-8 character at most */ };

/* What contexts are cut from. */
typedef struct cutter {
    const survey *s;
    int which, window;
    const prompt_set *p;
    const tokenizer *tokenizer;
    arena *a;
} cutter;

static cutter cutter_of(const survey *s, int which, const prompt_set *p, const context_options *o,
                        arena *a)
{
    return (cutter){s, which, o->window, p, o->tokenizer, a};
}

/* Whether the token begins with a byte that continues a UTF-8 character. */
static bool continues(const cutter *k, int32_t token)
{
    const char *bytes;
    size_t n;
    tokenizer_bytes(k->tokenizer, token, &bytes, &n);
    return n && ((unsigned char)bytes[0] & 0xC0) == 0x80;
}

/* Three quarters of the window before the peak: what comes before explains an activation, what
 * comes after cannot (attention is causal) but helps to read. */
static feature_context cut(const prompt_peak *c, const cutter *k)
{
    int length = prompts_length(k->p, c->prompt), skip = k->p->bos >= 0;
    int start = c->position - k->window * 3 / 4;
    if (start > length - k->window)
        start = length - k->window;
    if (start < skip)
        start = skip;
    int end = length - start < k->window ? length : start + k->window;
    const int32_t *tokens = prompts_tokens(k->p, c->prompt);
    for (int i = 1; i < CHARACTER && start > skip && continues(k, tokens[start]); i++)
        start--;
    for (int i = 1; i < CHARACTER && end < length && continues(k, tokens[end]); i++)
        end++;
    int n = end - start;
    feature_context out = {.prompt = c->prompt,
                           .start = start,
                           .n_tokens = n,
                           .peak = c->position - start,
                           .activations = arena_push(k->a, (size_t)n, sizeof(float))};
    for (size_t i = c->first; i < c->first + c->n; i++) {
        int at = k->s->active[k->which][i].position - start;
        if (at >= 0 && at < n)
            out.activations[at] = k->s->active[k->which][i].value;
    }
    return out;
}

/* The first activation of the prompt or of a later one. */
static size_t first_of(const survey *s, int which, int prompt)
{
    size_t low = 0, high = s->n_active[which];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->active[which][middle].prompt < prompt)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

feature_context survey_context(const survey *s, int which, const prompt_set *p, int prompt,
                               int position, const context_options *o, arena *a)
{
    prompt_peak at = {.prompt = prompt, .position = position, .first = first_of(s, which, prompt)};
    at.n = first_of(s, which, prompt + 1) - at.first;
    cutter k = cutter_of(s, which, p, o, a);
    return cut(&at, &k);
}

static bool same_words(const feature_context *a, const feature_context *b, const prompt_set *p)
{
    return a->n_tokens == b->n_tokens &&
           !memcmp(prompts_tokens(p, a->prompt) + a->start, prompts_tokens(p, b->prompt) + b->start,
                   (size_t)a->n_tokens * sizeof(int32_t));
}

/* Adds the context unless its words are there already. */
static int add_context(feature_context *list, int n, const prompt_peak *peak, const cutter *k)
{
    feature_context c = cut(peak, k);
    for (int i = 0; i < n; i++)
        if (same_words(&c, &list[i], k->p))
            return n;
    list[n] = c;
    return n + 1;
}

int survey_top_contexts(feature_context **out, const survey *s, int which, const prompt_set *p,
                        const context_options *o, arena *a)
{
    cutter k = cutter_of(s, which, p, o, a);
    prompt_peak *found;
    int n_found = find_peaks(&found, s, which), n = 0;
    *out = arena_push(a, (size_t)o->top + 1, sizeof **out);
    for (int i = 0; i < n_found && n < o->top; i++)
        n = add_context(*out, n, &found[i], &k);
    mem_free(found);
    return n;
}

/* Up to `most` contexts, drawn from n peaks, which are put into another order. */
static void draw(context_group *g, prompt_peak *peaks, int n, int most, rng *r, const cutter *k)
{
    g->contexts = arena_push(k->a, (size_t)most + 1, sizeof *g->contexts);
    for (int i = 0; i < n && g->n_contexts < most; i++) {
        /* Drawn ones go to the front, so that none is drawn twice. */
        int at = i + (int)rng_below(r, (uint32_t)(n - i));
        prompt_peak drawn = peaks[at];
        peaks[at] = peaks[i];
        peaks[i] = drawn;
        g->n_contexts = add_context(g->contexts, g->n_contexts, &drawn, k);
    }
}

static rng stream_of(const char *name, const context_options *o, const survey *s, int which)
{
    rng all = rng_stream(o->seed, name);
    return rng_split(&all, (uint64_t)s->features[which]);
}

int survey_deciles(context_group **out, const survey *s, int which, const prompt_set *p,
                   const context_options *o, arena *a)
{
    cutter k = cutter_of(s, which, p, o, a);
    rng r = stream_of("contexts", o, s, which);
    prompt_peak *found;
    int n_found = find_peaks(&found, s, which), n = 0;
    *out = arena_push(a, DECILES, sizeof **out);
    for (int d = 1; d <= DECILES; d++) {
        /* Rank 0 is the strongest, decile 10. */
        int first = (int)((int64_t)n_found * (DECILES - d) / DECILES);
        int end = (int)((int64_t)n_found * (DECILES + 1 - d) / DECILES);
        if (first == end)
            continue;
        context_group *g = &(*out)[n++];
        g->n_prompts = end - first;
        g->high = (double)found[first].max;
        g->low = (double)found[end - 1].max;
        for (int i = first; i < end; i++)
            g->n_tokens += (int64_t)found[i].n;
        draw(g, found + first, end - first, o->per_decile, &r, &k);
    }
    mem_free(found);
    return n;
}

static int interval_of(double value, double max)
{
    int i = (int)ceil(value / max * CONTEXT_INTERVALS) - 1;
    return i < 0 ? 0 : i < CONTEXT_INTERVALS ? i : CONTEXT_INTERVALS - 1;
}

/* The strongest token that each prompt has in the interval, in the order of the text. `of` is a
 * prompt's peak, of which only prompt, first and n are read. */
static bool strongest_within(prompt_peak *out, const prompt_peak *of, context_group *g,
                             int interval, double max, const cutter *k)
{
    *out = (prompt_peak){.prompt = of->prompt, .first = of->first, .n = of->n};
    for (size_t i = of->first; i < of->first + of->n; i++) {
        const token_activation *t = &k->s->active[k->which][i];
        if (interval_of((double)t->value, max) != interval)
            continue;
        g->n_tokens++;
        if (t->value > out->max) {
            out->max = t->value;
            out->position = t->position;
        }
    }
    return out->max > 0;
}

int survey_intervals(context_group **out, const survey *s, int which, const prompt_set *p,
                     const context_options *o, arena *a)
{
    cutter k = cutter_of(s, which, p, o, a);
    rng r = stream_of("intervals", o, s, which);
    prompt_peak *found;
    int n_found = find_peaks(&found, s, which);
    double max = n_found ? (double)found[0].max : 0;
    prompt_peak *within = mem_small((size_t)n_found + 1, sizeof *within);
    *out = arena_push(a, CONTEXT_INTERVALS, sizeof **out);
    for (int i = 0; i < CONTEXT_INTERVALS && n_found; i++) {
        context_group *g = &(*out)[i];
        g->low = max * i / CONTEXT_INTERVALS;
        g->high = max * (i + 1) / CONTEXT_INTERVALS;
        for (int q = 0; q < n_found; q++)
            g->n_prompts += strongest_within(&within[g->n_prompts], &found[q], g, i, max, &k);
        draw(g, within, g->n_prompts, o->per_interval, &r, &k);
    }
    mem_free(found);
    mem_free(within);
    return n_found ? CONTEXT_INTERVALS : 0;
}
