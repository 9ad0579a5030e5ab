/* F1 of every feature for every concept, over every threshold. */
#include "train/concepts.h"
#include "base/memory.h"
#include "compute/sparse_rows.h"
#include <stdlib.h>
#include <string.h>

enum { CONCEPT_BITS = 128, ENCODE_ROWS = 512 };

/* ---- the sample
 * ---------------------------------------------------------------------------------- */

typedef struct found {
    int feature, token;
    float value;
} found;

typedef struct collector {
    concept_sample *sample;
    found *list;
    size_t n, capacity;
    sparse_rows *active;
} collector;

static void add_block(collector *c, int block, int row)
{
    int n;
    const sparse_number *number = sparse_row(&n, c->active, block, row);
    for (int i = 0; i < n; i++) {
        if (c->n == c->capacity) {
            c->capacity = c->capacity ? 2 * c->capacity : 1 << 16;
            c->list = mem_grow(c->list, c->capacity, sizeof *c->list);
        }
        c->list[c->n++] = (found){number[i].column, c->sample->n_tokens, number[i].value};
    }
}

static void add_firings(collector *c, int rows, const int32_t *tokens, uint64_t (*concepts)[2])
{
    concept_sample *s = c->sample;
    for (int n = 0; n < rows; n++) {
        if (tokens[n] == TEXT_BOS)
            continue;
        for (int b = 0; b < c->active->blocks; b++)
            add_block(c, b, n);
        memcpy(s->concepts_N[s->n_tokens++], concepts[n], sizeof *concepts);
    }
}

static int by_value(const void *a, const void *b)
{
    const concept_firing *p = a, *q = b;
    return p->value != q->value ? (p->value < q->value ? 1 : -1)
                                : (p->token > q->token) - (p->token < q->token);
}

static void sort_firings(collector *c)
{
    concept_sample *s = c->sample;
    for (size_t i = 0; i < c->n; i++)
        s->start_F[c->list[i].feature + 1]++;
    for (int f = 0; f < s->F; f++)
        s->start_F[f + 1] += s->start_F[f];
    size_t *next_F = mem_small((size_t)s->F, sizeof *next_F);
    memcpy(next_F, s->start_F, (size_t)s->F * sizeof *next_F);
    for (size_t i = 0; i < c->n; i++)
        s->firings[next_F[c->list[i].feature]++] =
            (concept_firing){c->list[i].token, c->list[i].value};
    mem_free(next_F);
    for (int f = 0; f < s->F; f++)
        qsort(s->firings + s->start_F[f], s->start_F[f + 1] - s->start_F[f], sizeof *s->firings,
              by_value);
}

static err_code collect(collector *c, model *m, sae *s, const hook *h, const text_stream *text,
                        uint64_t first, int windows, int part, err *e)
{
    int T = text->context;
    size_t rows = (size_t)part * (size_t)T;
    int32_t *tokens = mem_small(rows, sizeof *tokens);
    uint64_t(*concepts)[2] = mem_small(rows, sizeof *concepts);
    forward *pass = NULL;
    err_code rc = forward_new(&pass, m, part, T, h, FORWARD_ONLY, e);
    for (int w = 0; w < windows && !rc; w += part) {
        int B = windows - w < part ? windows - w : part;
        rc = text_windows(tokens, concepts, text, first + (uint64_t)w, B, e);
        if (!rc)
            rc = forward_tokens(pass, tokens, B, T, h, e);
        for (int at = 0; at < B * T && !rc; at += ENCODE_ROWS) {
            int n = B * T - at < ENCODE_ROWS ? B * T - at : ENCODE_ROWS;
            sae_encode_sparse(c->active, s, ROW(forward_hook(pass), at, h->width), n);
            rc = sparse_rows_arrive(c->active, e);
            if (!rc)
                add_firings(c, n, tokens + at, concepts + at);
        }
    }
    forward_free(pass);
    mem_free(concepts);
    mem_free(tokens);
    return rc;
}

void concept_sample_release(concept_sample *s)
{
    mem_free(s->concepts_N);
    mem_free(s->start_F);
    mem_free(s->firings);
    *s = (concept_sample){0};
}

err_code concept_sample_make(concept_sample *out, model *m, sae *s, const hook *h,
                             const text_stream *text, uint64_t first, int windows, int part, err *e)
{
    backend *be = model_backend(m);
    size_t F = (size_t)sae_describe(s)->d_sae;
    size_t tokens = (size_t)windows * (size_t)text->context;
    *out = (concept_sample){.F = (int)F};
    collector c = {.sample = out};
    out->concepts_N = mem_array(tokens, sizeof *out->concepts_N, "concepts", e);
    out->start_F = mem_array(F + 1, sizeof *out->start_F, "concepts", e);
    err_code rc = out->concepts_N && out->start_F ? OK : e->code;
    if (!rc)
        rc = sparse_rows_new(&c.active, be, ENCODE_ROWS, (int)F, e);
    if (!rc)
        rc = collect(&c, m, s, h, text, first, windows, part, e);
    if (!rc) {
        out->firings = mem_array(c.n, sizeof *out->firings, "feature activations", e);
        rc = out->firings ? OK : e->code;
    }
    if (!rc)
        sort_firings(&c);
    mem_free(c.list);
    sparse_rows_free(c.active);
    if (rc)
        concept_sample_release(out);
    return rc;
}

/* ---- matching
 * ------------------------------------------------------------------------------------ */

typedef struct candidate {
    float f1, threshold;
} candidate;

typedef struct matching {
    const concept_sample *sample;
    int positives[CONCEPT_BITS];
    candidate *best_FC;
} matching;

static bool has_concept(const uint64_t bits[2], int c)
{
    return bits[c / 64] >> (c % 64) & 1;
}

static void count_positives(int positives[CONCEPT_BITS], const concept_sample *s)
{
    memset(positives, 0, CONCEPT_BITS * sizeof *positives);
    for (int n = 0; n < s->n_tokens; n++)
        for (int c = 0; c < CONCEPT_BITS; c++)
            positives[c] += has_concept(s->concepts_N[n], c);
}

/* Going down the thresholds, F1 of a concept rises only where a token that has it joins; so only
 * the concepts of the tokens that just joined are looked at. */
static void match_feature(void *context, int f)
{
    const matching *m = context;
    const concept_sample *s = m->sample;
    candidate *best_C = ROW(m->best_FC, f, CONCEPT_BITS);
    int hits[CONCEPT_BITS] = {0}, predicted = 0;
    uint64_t joined[2] = {0};
    for (size_t i = s->start_F[f]; i < s->start_F[f + 1]; i++) {
        const uint64_t *bits = s->concepts_N[s->firings[i].token];
        predicted++;
        for (int word = 0; word < 2; word++) {
            joined[word] |= bits[word];
            for (uint64_t left = bits[word]; left; left &= left - 1)
                hits[64 * word + __builtin_ctzll(left)]++;
        }
        float value = s->firings[i].value;
        if (i + 1 < s->start_F[f + 1] && s->firings[i + 1].value == value)
            continue;
        for (int word = 0; word < 2; word++) {
            for (; joined[word]; joined[word] &= joined[word] - 1) {
                int c = 64 * word + __builtin_ctzll(joined[word]);
                float f1 = (float)(2.0 * hits[c] / (predicted + m->positives[c]));
                if (f1 > best_C[c].f1)
                    best_C[c] = (candidate){f1, value};
            }
        }
    }
}

static void measure(concept_match *match, int c, const concept_sample *s, int positives)
{
    int hits = 0, predicted = 0;
    size_t end = match->feature >= 0 ? s->start_F[match->feature + 1] : 0;
    for (size_t i = match->feature >= 0 ? s->start_F[match->feature] : 0; i < end; i++) {
        if (s->firings[i].value < match->threshold)
            break;
        predicted++;
        hits += has_concept(s->concepts_N[s->firings[i].token], c);
    }
    match->positives = positives;
    match->precision = predicted ? (double)hits / predicted : 0;
    match->recall = positives ? (double)hits / positives : 0;
    match->f1 = predicted + positives ? 2.0 * hits / (predicted + positives) : 0;
}

void concept_match_all(concept_match *matches, int n_concepts, const concept_sample *chosen_on,
                       const concept_sample *held_out, pool *p)
{
    matching m = {.sample = chosen_on,
                  .best_FC = mem_small((size_t)chosen_on->F * CONCEPT_BITS, sizeof(candidate))};
    int positives[CONCEPT_BITS];
    count_positives(m.positives, chosen_on);
    count_positives(positives, held_out);
    pool_run(p, chosen_on->F, match_feature, &m);
    for (int c = 0; c < n_concepts; c++) {
        concept_match best = {.feature = -1};
        for (int f = 0; f < chosen_on->F; f++) {
            candidate here = ROW(m.best_FC, f, CONCEPT_BITS)[c];
            if ((double)here.f1 > best.chosen_f1) {
                best.feature = f;
                best.threshold = here.threshold;
                best.chosen_f1 = (double)here.f1;
            }
        }
        measure(&best, c, held_out, positives[c]);
        matches[c] = best;
    }
    mem_free(m.best_FC);
}
