/* A batch is as long as its longest prompt; shorter ones are padded on the right, where causal
 * attention cannot see the padding, and their padded rows are not handed over. */
#include "features/batch.h"
#include "base/memory.h"

static int longest_in(const prompt_set *p, int first, int count)
{
    int longest = 1;
    for (int i = first; i < first + count; i++)
        if (prompts_length(p, i) > longest)
            longest = prompts_length(p, i);
    return longest;
}

static void fill_batch(int32_t *tokens_BT, const prompt_set *p, int first, int count, int T)
{
    for (int b = 0; b < count; b++) {
        const int32_t *tokens = prompts_tokens(p, first + b);
        for (int t = 0; t < T; t++)
            ROW(tokens_BT, b, T)[t] = t < prompts_length(p, first + b) ? tokens[t] : tokens[0];
    }
}

err_code scan_prompts(const scan_source *source, scan_visitor *visit, void *context, err *e)
{
    const prompt_set *p = source->prompts;
    int B = source->batch_size < p->n ? source->batch_size : p->n, T = prompts_longest(p);
    forward *f = NULL;
    int32_t *tokens_BT =
        mem_array((size_t)B * (size_t)T, sizeof *tokens_BT, "a batch of prompts", e);
    if (!tokens_BT)
        return e->code;
    err_code rc = forward_new(&f, source->model, B, T, source->hook, FORWARD_ONLY, e);
    progress bar = progress_start(source->reporter, source->name, p->n);
    /* In the same batches wherever it begins. */
    for (int first = source->first / B * B; first < p->n && !rc; first += B) {
        int count = p->n - first < B ? p->n - first : B;
        int length = longest_in(p, first, count);
        fill_batch(tokens_BT, p, first, count, length);
        rc = forward_tokens(f, tokens_BT, count, length, source->hook, e);
        int begun = first < source->first ? source->first - first : 0;
        for (int b = begun; b < count && !rc; b++) {
            rc = visit(context, first + b,
                       forward_hook(f) + (size_t)b * (size_t)length * (size_t)source->hook->width,
                       prompts_length(p, first + b), e);
            if (!rc) /* a batch of a large model takes more than a moment */
                rc = cancel_check(e);
        }
        progress_step(&bar, first + count, NULL);
    }
    progress_end(&bar);
    forward_free(f);
    mem_free(tokens_BT);
    return rc;
}
