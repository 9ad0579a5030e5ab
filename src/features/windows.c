/* The text that ends at a feature's strongest tokens, cut to one length: where a search starts. */
#include "base/memory.h"
#include "features/peaks.h"
#include <string.h>

/* Where a window of `length` tokens begins that ends at the peak, or as near behind it as the
 * prompt's beginning allows; -1 when the prompt is too short or a special token lies inside. */
static int window_start(const prompt_peak *peak, const prompt_set *p, const tokenizer *t,
                        int length)
{
    int skip = p->bos >= 0, start = peak->position + 1 - length;
    const int32_t *tokens = prompts_tokens(p, peak->prompt);
    if (start < skip)
        start = skip;
    if (start + length > prompts_length(p, peak->prompt))
        return -1;
    for (int i = start; i < start + length; i++)
        if (tokenizer_is_special(t, tokens[i]))
            return -1;
    return start;
}

int survey_windows(int32_t **out_WL, const survey *s, int which, const prompt_set *p,
                   const tokenizer *t, int length, int most, arena *a)
{
    prompt_peak *peaks;
    int n_peaks = find_peaks(&peaks, s, which), n = 0;
    size_t bytes = (size_t)length * sizeof **out_WL;
    *out_WL = arena_push(a, (size_t)most, bytes);
    for (int i = 0; i < n_peaks && n < most; i++) {
        int start = window_start(&peaks[i], p, t, length);
        if (start < 0)
            continue;
        const int32_t *window = prompts_tokens(p, peaks[i].prompt) + start;
        bool repeated = false;
        for (int k = 0; k < n && !repeated; k++)
            repeated = !memcmp(ROW(*out_WL, k, length), window, bytes);
        if (!repeated)
            memcpy(ROW(*out_WL, n++, length), window, bytes);
    }
    mem_free(peaks);
    return n;
}
