/* Counted on text that the world writes. */
#include "train/token_concepts.h"
#include "base/memory.h"
#include <string.h>

static const double LEAST_SHARE = 0.5;

static err_code count_document(token_concepts *out, const tokenizer *t, const world_text *text,
                               err *e)
{
    token_list list = {0};
    err_code rc = tokenizer_encode(&list, t, text->text.data, text->text.len, e);
    uint64_t(*concepts_N)[2] = mem_small(list.n, sizeof *concepts_N);
    uint32_t *end_N = mem_small(list.n, sizeof *end_N);
    for (size_t i = 0; i < list.n; i++)
        end_N[i] = (uint32_t)list.ends[i];
    if (!rc)
        world_label_tokens(concepts_N, text, end_N, (int)list.n);
    for (size_t i = 0; i < list.n && !rc; i++) {
        out->count_V[list.ids[i]]++;
        for (int c = 0; c < out->n_concepts; c++)
            if (concepts_N[i][c / 64] >> (c % 64) & 1)
                ROW(out->carries_VC, list.ids[i], out->n_concepts)[c]++;
    }
    mem_free(end_N);
    mem_free(concepts_N);
    token_list_release(&list);
    return rc;
}

err_code token_concepts_count(token_concepts *out, const tokenizer *t, uint64_t seed, int documents,
                              err *e)
{
    *out = (token_concepts){.V = tokenizer_size(t)};
    world_concepts(&out->n_concepts);
    out->count_V = mem_small((size_t)out->V, sizeof *out->count_V);
    out->carries_VC = mem_small((size_t)out->V * (size_t)out->n_concepts, sizeof *out->carries_VC);
    world *w = world_new();
    world_text text = {0};
    err_code rc = OK;
    for (int i = 0; i < documents && !rc; i++) {
        world_document(&text, w, seed, (uint64_t)i);
        rc = count_document(out, t, &text, e);
    }
    world_text_release(&text);
    world_free(w);
    if (rc)
        token_concepts_release(out);
    return rc;
}

void token_concepts_release(token_concepts *t)
{
    mem_free(t->carries_VC);
    mem_free(t->count_V);
    *t = (token_concepts){0};
}

bool token_concepts_belongs(const token_concepts *t, int token, int concept)
{
    int64_t n = t->count_V[token];
    return n > 0 &&
           (double)ROW(t->carries_VC, token, t->n_concepts)[concept] >= LEAST_SHARE * (double)n;
}

bool token_concepts_has_words(const token_concepts *t, int concept)
{
    for (int v = 0; v < t->V; v++)
        if (token_concepts_belongs(t, v, concept))
            return true;
    return false;
}

int world_concept_number(const char *name)
{
    int n;
    const world_concept *list = world_concepts(&n);
    for (int c = 0; c < n; c++)
        if (!strcmp(list[c].name, name))
            return c;
    return -1;
}
