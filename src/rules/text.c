/* The split into parts, tokens end to end, and where each token stands. */
#include "rules/text.h"
#include "base/memory.h"
#include "base/rng.h"
#include "rules/text_parts.h"
#include <stdlib.h>
#include <string.h>

const int rule_windows[RULE_WINDOWS] = {4, 8, 32, RULE_WHOLE};

rule_text_options rule_text_defaults(uint64_t seed)
{
    return (rule_text_options){
        .seed = seed, .fit_share = 0.5, .choose_share = 0.2, .most_tokens = 400000};
}

static int counted_tokens(const prompt_set *p, const tokenizer *t, int prompt)
{
    int n = 0;
    for (int i = 0; i < prompts_length(p, prompt); i++)
        n += !tokenizer_is_special(t, prompts_tokens(p, prompt)[i]);
    return n;
}

static int by_prompt(const void *a, const void *b)
{
    const rule_document *x = a, *y = b;
    return (x->prompt > y->prompt) - (x->prompt < y->prompt);
}

/* Documents in drawn order until they hold enough tokens. */
static size_t draw_documents(rule_text *t, const rule_text_options *o)
{
    const prompt_set *p = t->prompts;
    int *order = mem_small((size_t)p->n, sizeof *order);
    for (int i = 0; i < p->n; i++)
        order[i] = i;
    rng r = rng_stream(o->seed, "rule documents");
    rng_shuffle(&r, order, p->n);
    size_t held = 0;
    for (int i = 0; i < p->n; i++) {
        int n = counted_tokens(p, t->tokenizer, order[i]);
        if (n && held >= o->most_tokens) {
            t->n_left_out++;
        } else if (n) {
            t->documents[t->n_documents++] = (rule_document){.prompt = order[i], .n = n};
            held += (size_t)n;
        }
    }
    mem_free(order);
    return held;
}

static int share_of(int n, double share)
{
    int taken = (int)((double)n * share + 0.5);
    return taken > 0 || n < RULE_PARTS ? taken : 1;
}

static void split(rule_text *t, const rule_text_options *o)
{
    int n = t->n_documents, choose = share_of(n, o->choose_share);
    int fit = share_of(n, o->fit_share);
    if (n >= RULE_PARTS && fit + choose >= n) /* leave one to report on */
        fit = n - choose - 1 > 0 ? n - choose - 1 : 1;
    if (fit + choose > n)
        choose = n - fit;
    t->first_document[RULE_CHOOSE] = fit;
    t->first_document[RULE_REPORT] = fit + choose;
    t->first_document[RULE_PARTS] = n;
    for (int part = 0; part < RULE_PARTS; part++)
        qsort(t->documents + t->first_document[part],
              (size_t)(t->first_document[part + 1] - t->first_document[part]), sizeof *t->documents,
              by_prompt);
}

static void flatten(rule_text *t)
{
    size_t at = 0;
    for (int d = 0, part = 0; d < t->n_documents; d++) {
        for (; d == t->first_document[part + 1]; part++)
            t->first[part + 1] = at;
        rule_document *document = &t->documents[d];
        document->first = at;
        t->document_of[document->prompt] = d;
        const int32_t *tokens = prompts_tokens(t->prompts, document->prompt);
        for (int i = 0; i < prompts_length(t->prompts, document->prompt); i++) {
            if (tokenizer_is_special(t->tokenizer, tokens[i]))
                continue;
            t->token_N[at] = tokens[i];
            t->document_N[at] = d;
            t->place_N[at++] = i;
        }
    }
    for (int part = 0; part < RULE_PARTS; part++)
        if (t->first_document[part + 1] == t->n_documents)
            t->first[part + 1] = at;
}

/* A counting sort by token. */
static void index_tokens(rule_text *t)
{
    size_t n = t->first[RULE_PARTS];
    for (size_t i = 0; i < n; i++)
        t->first_V[t->token_N[i] + 1]++;
    for (int v = 0; v < t->V; v++)
        t->first_V[v + 1] += t->first_V[v];
    size_t *next_V = mem_small((size_t)t->V, sizeof *next_V);
    memcpy(next_V, t->first_V, (size_t)t->V * sizeof *next_V);
    for (size_t i = 0; i < n; i++)
        t->where_N[next_V[t->token_N[i]]++] = (uint32_t)i;
    mem_free(next_V);
}

typedef struct counted_token {
    int32_t token;
    uint32_t n;
} counted_token;

static int by_falling_count(const void *a, const void *b)
{
    const counted_token *x = a, *y = b;
    if (x->n != y->n)
        return x->n < y->n ? 1 : -1;
    return (x->token > y->token) - (x->token < y->token);
}

static void count_fit_part(rule_text *t)
{
    for (size_t i = 0; i < t->first[RULE_CHOOSE]; i++)
        t->n_used += t->count_V[t->token_N[i]]++ == 0;
    counted_token *counted = mem_small((size_t)t->n_used, sizeof *counted);
    int n = 0;
    for (int v = 0; v < t->V; v++)
        if (t->count_V[v])
            counted[n++] = (counted_token){v, t->count_V[v]};
    qsort(counted, (size_t)n, sizeof *counted, by_falling_count);
    for (int i = 0; i < n; i++)
        t->used[i] = counted[i].token;
    mem_free(counted);
}

/* Every occurrence makes its token near to the positions after it, as far as the window and the
 * document go, less those that the occurrence before it had reached. */
static void count_near(rule_text *t)
{
    size_t *reached_V = mem_small((size_t)t->V, sizeof *reached_V);
    for (int w = 0; w < RULE_WINDOWS; w++) {
        uint32_t *near_V = ROW(t->near_WV, w, t->V);
        memset(reached_V, 0, (size_t)t->V * sizeof *reached_V);
        for (size_t i = 0; i < t->first[RULE_CHOOSE]; i++) {
            const rule_document *d = &t->documents[t->document_N[i]];
            size_t from = i + 1, end = d->first + (size_t)d->n;
            size_t to = end - from < (size_t)rule_windows[w] ? end : from + (size_t)rule_windows[w];
            size_t *reached = &reached_V[t->token_N[i]];
            if (from < *reached)
                from = *reached;
            if (to > from)
                near_V[t->token_N[i]] += (uint32_t)(to - from);
            *reached = to;
        }
    }
    mem_free(reached_V);
}

static err_code reserve(rule_text *t, size_t n, err *e)
{
    size_t v = (size_t)t->V;
    t->token_N = mem_array(n, sizeof *t->token_N, "tokens of the rules", e);
    t->document_N = mem_array(n, sizeof *t->document_N, "documents of the rules' tokens", e);
    t->place_N = mem_array(n, sizeof *t->place_N, "places of the rules' tokens", e);
    t->flags_N = mem_array(n, sizeof *t->flags_N, "marks of the rules' tokens", e);
    t->where_N = mem_array(n, sizeof *t->where_N, "index of the rules' tokens", e);
    t->classes_V = mem_array(v, sizeof *t->classes_V, "classes of the vocabulary", e);
    t->first_V = mem_array(v + 1, sizeof *t->first_V, "index of the vocabulary", e);
    t->used = mem_array(v, sizeof *t->used, "frequent tokens of the vocabulary", e);
    t->count_V = mem_array(v, sizeof *t->count_V, "counts of the vocabulary", e);
    t->near_WV = mem_array(v * RULE_WINDOWS, sizeof *t->near_WV, "windows of the vocabulary", e);
    bool all = t->token_N && t->document_N && t->place_N && t->flags_N && t->where_N &&
               t->classes_V && t->first_V && t->used && t->count_V && t->near_WV;
    return all ? OK : e->code;
}

/* Documents in drawn order, and room for their tokens. */
static err_code start(rule_text *out, const prompt_set *p, const tokenizer *t,
                      const rule_text_options *o, err *e)
{
    *out = (rule_text){.prompts = p, .tokenizer = t, .V = tokenizer_size(t)};
    out->documents = mem_small((size_t)p->n, sizeof *out->documents);
    out->document_of = mem_small((size_t)p->n, sizeof *out->document_of);
    for (int i = 0; i < p->n; i++)
        out->document_of[i] = -1;
    size_t n = draw_documents(out, o);
    err_code rc = OK;
    if (!n)
        rc = err_set(e, E_DATA, "rules: no prompt has a token that counts");
    else if (n > INT32_MAX)
        rc = err_set(e, E_DATA, "rules: %zu tokens; they work with %d at most", n, INT32_MAX);
    else
        rc = reserve(out, n, e);
    if (rc)
        rule_text_release(out);
    return rc;
}

err_code rule_text_make(rule_text *out, const prompt_set *p, const tokenizer *t,
                        const rule_text_options *o, err *e)
{
    if (!(o->fit_share > 0 && o->choose_share > 0 && o->fit_share + o->choose_share < 1))
        return err_set(e, E_CONFIG,
                       "rules: %g of the text to fit on and %g to choose on leave a part empty",
                       o->fit_share, o->choose_share);
    err_code rc = start(out, p, t, o, e);
    if (rc)
        return rc;
    split(out, o);
    flatten(out);
    index_tokens(out);
    count_fit_part(out);
    count_near(out);
    rule_text_mark(out);
    bool *used_V = mem_small((size_t)out->V, sizeof *used_V);
    for (int v = 0; v < out->V; v++)
        used_V[v] = out->first_V[v + 1] > out->first_V[v];
    rule_text_classify(out, used_V);
    mem_free(used_V);
    rc = rule_text_keep_bits(out, e);
    if (rc)
        rule_text_release(out);
    return rc;
}

err_code rule_text_alike(rule_text *out, const rule_text *like, const prompt_set *p, err *e)
{
    const rule_text_options all = {.most_tokens = SIZE_MAX};
    err_code rc = start(out, p, like->tokenizer, &all, e);
    if (rc)
        return rc;
    for (int part = RULE_CHOOSE; part <= RULE_PARTS; part++)
        out->first_document[part] = out->n_documents;
    qsort(out->documents, (size_t)out->n_documents, sizeof *out->documents, by_prompt);
    flatten(out);
    index_tokens(out);
    rule_text_mark(out);
    memcpy(out->classes_V, like->classes_V, (size_t)like->V * sizeof *like->classes_V);
    memcpy(out->affixes, like->affixes, sizeof like->affixes);
    out->n_affixes = like->n_affixes;
    rc = rule_text_keep_bits(out, e);
    if (rc)
        rule_text_release(out);
    return rc;
}

void rule_text_release(rule_text *t)
{
    mem_free(t->documents);
    mem_free(t->document_of);
    mem_free(t->token_N);
    mem_free(t->document_N);
    mem_free(t->place_N);
    mem_free(t->flags_N);
    mem_free(t->classes_V);
    mem_free(t->first_V);
    mem_free(t->where_N);
    mem_free(t->used);
    mem_free(t->count_V);
    mem_free(t->near_WV);
    mem_free(t->fit_bits);
    *t = (rule_text){0};
}
