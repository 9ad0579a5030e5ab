/* Choosing contexts out of a survey: the strongest, and a sample of every tenth. */
#include "base/memory.h"
#include "base/rng.h"
#include "features/peaks.h"
#include "features/survey.h"
#include <string.h>

/* Three quarters of the window before the peak: what comes before explains an activation, what
 * comes after cannot (attention is causal) but helps to read. */
static feature_context cut(const prompt_peak *c, int decile, const survey *s, int which,
                           const prompt_set *p, int window, arena *a)
{
    int length = prompts_length(p, c->prompt), skip = p->bos >= 0;
    int start = c->position - window * 3 / 4;
    if (start > length - window)
        start = length - window;
    if (start < skip)
        start = skip;
    int n = length - start < window ? length - start : window;
    feature_context out = {.prompt = c->prompt,
                           .start = start,
                           .n_tokens = n,
                           .peak = c->position - start,
                           .decile = decile,
                           .activations = arena_push(a, (size_t)n, sizeof(float))};
    for (size_t i = c->first; i < c->first + c->n; i++) {
        int at = s->active[which][i].position - start;
        if (at >= 0 && at < n)
            out.activations[at] = s->active[which][i].value;
    }
    return out;
}

static bool same_words(const feature_context *a, const feature_context *b, const prompt_set *p)
{
    return a->n_tokens == b->n_tokens &&
           !memcmp(prompts_tokens(p, a->prompt) + a->start, prompts_tokens(p, b->prompt) + b->start,
                   (size_t)a->n_tokens * sizeof(int32_t));
}

int survey_contexts(feature_context **out, const survey *s, int which, const prompt_set *p,
                    const context_options *o, arena *a)
{
    prompt_peak *found;
    int n_found = find_peaks(&found, s, which), n = 0;
    feature_context *made =
        arena_push(a, (size_t)o->top + 10 * (size_t)o->per_decile + 1, sizeof *made);
    for (int i = 0; i < n_found && n < o->top; i++) {
        feature_context c = cut(&found[i], 0, s, which, p, o->window, a);
        bool repeated = false;
        for (int k = 0; k < n && !repeated; k++)
            repeated = same_words(&c, &made[k], p);
        if (!repeated)
            made[n++] = c;
    }
    rng feature_stream = rng_stream(o->seed, "contexts");
    rng r = rng_split(&feature_stream, (uint64_t)s->features[which]);
    for (int d = 1; d <= 10; d++) {
        /* Rank 0 is the strongest, decile 10. */
        int low = (int)((int64_t)n_found * (10 - d) / 10);
        int high = (int)((int64_t)n_found * (11 - d) / 10);
        for (int k = low; k < high && k < low + o->per_decile; k++) {
            /* Drawn ones go to the front, so that none is drawn twice. */
            int at = k + (int)rng_below(&r, (uint32_t)(high - k));
            prompt_peak drawn = found[at];
            found[at] = found[k];
            found[k] = drawn;
            made[n++] = cut(&drawn, d, s, which, p, o->window, a);
        }
    }
    mem_free(found);
    *out = made;
    return n;
}
