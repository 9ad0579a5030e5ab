/* Sentence patterns over pairs of top tokens. */
#include "base/memory.h"
#include "explain/explanation.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* %s is a token. The kinds of statement are the original's, the wording is ours. */
static const char *const patterns[][3] = {
    {"This feature looks for ", " near ", "."},
    {"This feature is active on ", " when the text is about ", "."},
    {"This feature stands for ", " as a part of ", "."},
    {"This feature answers to both ", " and ", "."},
};

/* What a pattern is filled with. */
typedef struct word {
    const char *text;
    int32_t token; /* the first with this text */
} word;

/* A token's bytes without blanks at its ends; NULL when nothing is left. */
static const char *word_of(const tokenizer *t, int id, arena *a)
{
    const char *bytes;
    size_t n;
    if (!tokenizer_bytes(t, id, &bytes, &n))
        return NULL;
    while (n && strchr(" \t\r\n", bytes[0]))
        bytes++, n--;
    while (n && strchr(" \t\r\n", bytes[n - 1]))
        n--;
    return n ? arena_strndup(a, bytes, n) : NULL;
}

static int distinct_words(word *words, const tokenizer *t, const int32_t *ids, int n, arena *a)
{
    int count = 0;
    for (int i = 0; i < n; i++) {
        const char *text = word_of(t, ids[i], a);
        bool known = !text;
        for (int k = 0; k < count && !known; k++)
            known = !strcmp(words[k].text, text);
        if (!known)
            words[count++] = (word){.text = text, .token = ids[i]};
    }
    return count;
}

/* The pair as explanation.named. */
static const int32_t *pair_of(word first, word second, arena *a)
{
    int32_t *pair = arena_push(a, 2, sizeof *pair);
    pair[0] = first.token;
    pair[1] = second.token;
    return pair;
}

static err_code fill(explanation *out, const tokenizer *t, const char *const pattern[3], word first,
                     word second, int max_length, arena *a, err *e)
{
    str text = {0};
    token_list list = {0};
    str_add(&text, pattern[0]);
    str_add(&text, first.text);
    str_add(&text, pattern[1]);
    str_add(&text, second.text);
    str_add(&text, pattern[2]);
    err_code rc = tokenizer_encode(&list, t, text.data, text.len, e);
    if (!rc) {
        int n = list.n < (size_t)max_length ? (int)list.n : max_length;
        *out = (explanation){.method = EXPLAIN_TEMPLATE,
                             .tokens = arena_push(a, (size_t)n, sizeof(int32_t)),
                             .length = n,
                             .named = pair_of(first, second, a),
                             .n_named = 2,
                             .free_activation = (double)NAN};
        for (int i = 0; i < n; i++)
            out->tokens[i] = list.ids[i];
    }
    token_list_release(&list);
    str_release(&text);
    return rc;
}

/* The order in which candidates were made is the last key: measured ties stay in place. */
typedef struct candidate {
    explanation made;
    double pre_activation;
    int index;
} candidate;

static int by_falling_activation(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    if (x->pre_activation != y->pre_activation)
        return x->pre_activation < y->pre_activation ? 1 : -1;
    return (x->index > y->index) - (x->index < y->index);
}

static err_code measure(candidate *candidates, int n, const optimise_setting *set, int feature,
                        bool specificity, err *e)
{
    probe_input *inputs = mem_small((size_t)n, sizeof *inputs);
    probe_result *results = mem_small((size_t)n, sizeof *results);
    int *features = mem_small((size_t)n, sizeof *features);
    double *coherence = mem_small((size_t)n, sizeof *coherence);
    for (int i = 0; i < n; i++) {
        features[i] = feature;
        inputs[i] = (probe_input){.tokens_L = candidates[i].made.tokens,
                                  .length = candidates[i].made.length};
    }
    err_code rc = probe_inputs(results, set, inputs, features, n, specificity, e);
    if (!rc && specificity)
        rc = probe_coherence(coherence, set, inputs, n, e);
    for (int i = 0; i < n && !rc; i++) {
        candidates[i].made.activation = (double)results[i].activation;
        candidates[i].made.specificity = results[i].specificity;
        candidates[i].made.coherence = coherence[i];
        candidates[i].pre_activation = (double)results[i].pre_activation;
    }
    mem_free(inputs);
    mem_free(results);
    mem_free(features);
    mem_free(coherence);
    return rc;
}

err_code explain_templates(explanation *out, int *n_out, const optimise_setting *setting,
                           const tokenizer *t, int feature, const int32_t *top_tokens, int n_top,
                           const explain_options *o, arena *a, err *e)
{
    /* A sentence is measured whole; only what the model cannot read is cut. */
    int longest = model_describe(setting->model)->context - (setting->bos >= 0);
    word *words = mem_small((size_t)n_top + 1, sizeof *words);
    int n_words = distinct_words(words, t, top_tokens, n_top, a), n = 0;
    size_t room = COUNT_OF(patterns) * (size_t)n_words * (size_t)n_words;
    candidate *candidates = mem_small(room + 1, sizeof *candidates);
    err_code rc = OK;
    for (size_t p = 0; p < COUNT_OF(patterns); p++)
        for (int i = 0; i < n_words; i++)
            for (int j = 0; j < n_words && !rc; j++) {
                if (i == j)
                    continue;
                candidates[n].index = n;
                rc = fill(&candidates[n++].made, t, patterns[p], words[i], words[j], longest, a, e);
            }
    if (!rc && n)
        rc = measure(candidates, n, setting, feature, false, e);
    qsort(candidates, (size_t)n, sizeof *candidates, by_falling_activation);
    int kept = n < o->keep ? n : o->keep;
    if (!rc && kept)
        rc = measure(candidates, kept, setting, feature, true, e);
    for (int i = 0; i < kept; i++)
        out[i] = candidates[i].made;
    *n_out = rc ? 0 : kept;
    mem_free(candidates);
    mem_free(words);
    return rc;
}
