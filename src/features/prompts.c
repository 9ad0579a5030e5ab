/* Prompts: text in, tokens end to end. */
#include "features/prompts.h"
#include "base/memory.h"
#include <string.h>

static void reserve(prompt_set *p, size_t tokens)
{
    size_t used = p->n ? p->first[p->n] : 0;
    if (tokens > p->token_capacity - used) {
        size_t capacity = 2 * p->token_capacity + tokens + 1024;
        p->tokens = mem_grow(p->tokens, capacity, sizeof *p->tokens);
        p->token_capacity = capacity;
    }
    if (p->n + 1 >= p->prompt_capacity) {
        p->prompt_capacity = 2 * p->prompt_capacity + 64;
        p->first = mem_grow(p->first, (size_t)p->prompt_capacity + 1, sizeof *p->first);
        p->first[0] = 0;
    }
}

err_code prompts_add(prompt_set *p, const tokenizer *t, const char *text, size_t n, err *e)
{
    token_list list = {0};
    err_code rc = tokenizer_encode(&list, t, text, n, e);
    if (rc)
        goto out;
    if (list.n < (size_t)p->min_tokens) {
        p->n_short++;
        goto out;
    }
    size_t kept = list.n;
    if (kept > (size_t)p->max_tokens) {
        kept = (size_t)p->max_tokens;
        p->n_cut++;
    }
    reserve(p, kept + 1);
    size_t at = p->first[p->n];
    if (p->bos >= 0)
        p->tokens[at++] = p->bos;
    for (size_t i = 0; i < kept; i++)
        p->tokens[at++] = list.ids[i];
    p->first[++p->n] = at;
out:
    token_list_release(&list);
    return rc;
}

void prompts_release(prompt_set *p)
{
    mem_free(p->tokens);
    mem_free(p->first);
    *p = (prompt_set){0};
}

int prompts_length(const prompt_set *p, int i)
{
    return (int)(p->first[i + 1] - p->first[i]);
}

const int32_t *prompts_tokens(const prompt_set *p, int i)
{
    return p->tokens + p->first[i];
}

int prompts_longest(const prompt_set *p)
{
    int longest = 0;
    for (int i = 0; i < p->n; i++)
        if (prompts_length(p, i) > longest)
            longest = prompts_length(p, i);
    return longest;
}

void prompts_counted(bool *counted_T, const prompt_set *p, const tokenizer *t, int i)
{
    const int32_t *tokens = prompts_tokens(p, i);
    for (int k = 0; k < prompts_length(p, i); k++)
        counted_T[k] = !tokenizer_is_special(t, tokens[k]);
}
