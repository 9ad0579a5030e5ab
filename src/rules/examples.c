/* Counter-examples and near misses. */
#include "rules/examples.h"
#include "base/memory.h"
#include "rules/bits.h"
#include <stdlib.h>

typedef struct found_position {
    uint32_t at;
    float rank; /* larger ones first */
} found_position;

static int by_falling_rank(const void *a, const void *b)
{
    const found_position *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank < y->rank ? 1 : -1;
    return (x->at > y->at) - (x->at < y->at);
}

typedef struct finder {
    const rule_text *t;
    const float *prediction_N;
    float *value_N;
    size_t size;
    found_position *found; /* room for the part */
    size_t n_found;
    uint64_t *used; /* documents of the part */
} finder;

static rule_example example_at(const finder *f, size_t i)
{
    size_t at = f->t->first[RULE_REPORT] + i;
    return (rule_example){.prompt = f->t->documents[f->t->document_N[at]].prompt,
                          .position = f->t->place_N[at],
                          .activation = f->value_N[i],
                          .prediction = f->prediction_N[i]};
}

/* Marks the position's document; false when it was marked before. */
static bool use_document(finder *f, size_t i)
{
    size_t document = (size_t)(f->t->document_N[f->t->first[RULE_REPORT] + i] -
                               f->t->first_document[RULE_REPORT]);
    if (bits_get(f->used, document))
        return false;
    bits_set(f->used, document);
    return true;
}

static void forget_documents(finder *f)
{
    int n = f->t->first_document[RULE_PARTS] - f->t->first_document[RULE_REPORT];
    for (int w = 0; w <= n / 64; w++)
        f->used[w] = 0;
}

/* The highest ranks, one of a document. Returns how many. */
static int take_best(uint32_t *taken, finder *f, int n)
{
    int kept = 0;
    qsort(f->found, f->n_found, sizeof *f->found, by_falling_rank);
    forget_documents(f);
    for (size_t i = 0; i < f->n_found && kept < n; i++)
        if (use_document(f, f->found[i].at))
            taken[kept++] = f->found[i].at;
    return kept;
}

typedef enum { FALSE_ALARM, MISSED, STRONGEST } sought;

static void find(finder *f, sought what, float level)
{
    f->n_found = 0;
    for (size_t i = 0; i < f->size; i++) {
        float value = f->value_N[i], prediction = f->prediction_N[i];
        bool wanted = what == FALSE_ALARM ? prediction > 0 && value == 0
                      : what == MISSED    ? value >= level && !(prediction > 0)
                                          : value > 0;
        if (wanted)
            f->found[f->n_found++] = (found_position){
                .at = (uint32_t)i, .rank = what == FALSE_ALARM ? prediction : value};
    }
}

static int keep(rule_example **out, int64_t *all, finder *f, uint32_t *taken, int n, arena *a)
{
    *all = (int64_t)f->n_found;
    int kept = take_best(taken, f, n);
    *out = arena_push(a, (size_t)n, sizeof **out);
    for (int i = 0; i < kept; i++)
        (*out)[i] = example_at(f, taken[i]);
    return kept;
}

/* The different tokens at the strongest activations. */
static int strongest_tokens(int32_t *tokens, finder *f, uint32_t *taken, int n)
{
    find(f, STRONGEST, 0);
    int n_taken = take_best(taken, f, n), n_tokens = 0;
    for (int i = 0; i < n_taken; i++) {
        int32_t token = f->t->token_N[f->t->first[RULE_REPORT] + taken[i]];
        bool known = false;
        for (int k = 0; k < n_tokens && !known; k++)
            known = tokens[k] == token;
        if (!known)
            tokens[n_tokens++] = token;
    }
    return n_tokens;
}

/* The next place of a token, from where_N[*next] on, where the feature is silent in a document not
 * yet used; false when there is none. */
static bool next_silent(size_t *place, finder *f, int32_t token, size_t *next)
{
    const rule_text *t = f->t;
    for (; *next < t->first_V[token + 1]; ++*next) {
        size_t at = t->where_N[*next];
        if (at < t->first[RULE_REPORT])
            continue;
        *place = at - t->first[RULE_REPORT];
        if (f->value_N[*place] == 0 && use_document(f, *place))
            return true;
    }
    return false;
}

static void find_near(rule_examples *out, finder *f, uint32_t *taken, int n, arena *a)
{
    int32_t *tokens = mem_small((size_t)n, sizeof *tokens);
    size_t *next = mem_small((size_t)n, sizeof *next), place;
    int n_tokens = strongest_tokens(tokens, f, taken, n);
    forget_documents(f);
    for (int k = 0; k < n_tokens; k++) {
        next[k] = f->t->first_V[tokens[k]];
        for (size_t i = next[k]; i < f->t->first_V[tokens[k] + 1]; i++) {
            size_t at = f->t->where_N[i];
            out->all_near +=
                at >= f->t->first[RULE_REPORT] && f->value_N[at - f->t->first[RULE_REPORT]] == 0;
        }
    }
    out->near_misses = arena_push(a, (size_t)n, sizeof *out->near_misses);
    for (bool any = true; any && out->n_near < n;) {
        any = false;
        for (int k = 0; k < n_tokens && out->n_near < n; k++)
            if (next_silent(&place, f, tokens[k], &next[k])) {
                out->near_misses[out->n_near++] = example_at(f, place);
                any = true;
            }
    }
    mem_free(tokens);
    mem_free(next);
}

void rule_examples_find(rule_examples *out, const rule_text *t, const rule_target *target,
                        const float *prediction_N, int n, arena *a)
{
    size_t size = rule_part_size(t, RULE_REPORT);
    int documents = t->first_document[RULE_PARTS] - t->first_document[RULE_REPORT];
    finder f = {.t = t,
                .prediction_N = prediction_N,
                .size = size,
                .value_N = mem_small(size, sizeof *f.value_N),
                .found = mem_small(size, sizeof *f.found),
                .used = mem_small((size_t)documents / 64 + 1, sizeof *f.used)};
    for (size_t i = target->first[RULE_REPORT]; i < target->first[RULE_PARTS]; i++)
        f.value_N[target->firings[i].at - t->first[RULE_REPORT]] = target->firings[i].value;
    uint32_t *taken = mem_small((size_t)n, sizeof *taken);
    *out = (rule_examples){.n_false = 0};
    find(&f, FALSE_ALARM, target->level);
    out->n_false = keep(&out->false_alarms, &out->all_false, &f, taken, n, a);
    find(&f, MISSED, target->level);
    out->n_missed = keep(&out->missed, &out->all_missed, &f, taken, n, a);
    find_near(out, &f, taken, n, a);
    mem_free(taken);
    mem_free(f.value_N);
    mem_free(f.found);
    mem_free(f.used);
}
