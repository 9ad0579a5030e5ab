/* Counting sort of the places by their token. */
#include "features/text_index.h"
#include "base/memory.h"

typedef void place_visitor(text_index *x, int32_t token, token_place place);

static void count_place(text_index *x, int32_t token, token_place place)
{
    x->first[token + 1]++;
    x->n_at[place.position]++;
}

/* first[v + 1] is where the next place of v goes, and so ends as where they end. */
static void put_place(text_index *x, int32_t token, token_place place)
{
    x->places[x->first[token + 1]++] = place;
}

static void visit(text_index *x, const prompt_set *p, const tokenizer *t, place_visitor *take)
{
    bool *counted_T = mem_small((size_t)x->longest + 1, sizeof *counted_T);
    for (int i = 0; i < p->n; i++) {
        prompts_counted(counted_T, p, t, i);
        const int32_t *tokens = prompts_tokens(p, i);
        for (int k = 0; k < prompts_length(p, i); k++)
            if (counted_T[k])
                take(x, tokens[k], (token_place){.prompt = i, .position = k});
    }
    mem_free(counted_T);
}

void text_index_make(text_index *out, const prompt_set *p, const tokenizer *t, int V)
{
    *out = (text_index){.longest = prompts_longest(p)};
    out->first = mem_small((size_t)V + 1, sizeof *out->first);
    out->n_at = mem_small((size_t)out->longest + 1, sizeof *out->n_at);
    visit(out, p, t, count_place);
    size_t before = 0;
    for (int v = 0; v < V; v++) {
        size_t here = out->first[v + 1];
        out->first[v + 1] = before;
        before += here;
    }
    out->n = before;
    out->places = mem_small(before + 1, sizeof *out->places);
    visit(out, p, t, put_place);
}

void text_index_release(text_index *x)
{
    mem_free(x->first);
    mem_free(x->places);
    mem_free(x->n_at);
    *x = (text_index){0};
}
