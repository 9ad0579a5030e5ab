/* The positions of a search and the tokens in view of them. */
#include "base/memory.h"
#include "rules/bits.h"
#include "rules/seek.h"
#include <string.h>

enum { MOST_HITS = 1500, MOST_MISSES = 1500 }; /* positions looked at one by one, of each sort */

void rule_search_open(rule_search *s, const rule_text *t, const rule_fit_options *o, arena *a)
{
    size_t v = (size_t)t->V;
    *s = (rule_search){.t = t,
                       .o = o,
                       .memory = a,
                       .words = rule_bit_words(t, RULE_FIT),
                       .tally_V = mem_small(v, sizeof *s->tally_V),
                       .stamp_V = mem_small(v, sizeof *s->stamp_V),
                       .slot_V = mem_small(v, sizeof *s->slot_V),
                       .touched = mem_small(v, sizeof *s->touched)};
    memset(s->slot_V, 0xff, v * sizeof *s->slot_V);
}

void rule_search_close(rule_search *s)
{
    mem_free(s->tally_V);
    mem_free(s->stamp_V);
    mem_free(s->slot_V);
    mem_free(s->touched);
    *s = (rule_search){0};
}

double rule_search_f1(const rule_search *s, double tp, double fp)
{
    double before_tp = s->alone ? 0 : (double)s->tp, before_fp = s->alone ? 0 : (double)s->fp;
    double sought = (double)s->n_active - (s->alone ? (double)s->tp : 0);
    double sum = before_tp + before_fp + tp + fp + sought;
    return sum > 0 ? 2 * (before_tp + tp) / sum : 0;
}

/* ---- positions --------------------------------------------------------------------------------
 */

/* Every how many of n one is taken, so that at most `most` are. */
static int64_t stride(int64_t n, int64_t most)
{
    return n > most ? (n + most - 1) / most : 1;
}

void rule_scope_make(rule_scope *out, const rule_search *s, const uint64_t *bits, bool whole)
{
    int64_t hits = bits_count_both(bits, s->active, s->words);
    int64_t misses = bits_count(bits, s->words) - hits;
    int64_t hit_stride = stride(hits, MOST_HITS), miss_stride = stride(misses, MOST_MISSES);
    *out = (rule_scope){.whole = whole,
                        .at = mem_small(MOST_HITS + MOST_MISSES, sizeof *out->at),
                        .active = mem_small(MOST_HITS + MOST_MISSES, sizeof *out->active),
                        .hits = (double)hits,
                        .misses = (double)misses};
    int64_t seen[2] = {0, 0}, taken[2] = {0, 0};
    for (size_t w = 0; w < s->words; w++)
        for (uint64_t left = bits[w]; left; left &= left - 1) {
            size_t at = 64 * w + (size_t)__builtin_ctzll(left);
            bool active = bits_get(s->active, at);
            if (seen[active]++ % (active ? hit_stride : miss_stride))
                continue;
            taken[active]++;
            out->at[out->n] = (uint32_t)at;
            out->active[out->n++] = active;
        }
    out->hit_weight = taken[1] ? out->hits / (double)taken[1] : 0;
    out->miss_weight = taken[0] ? out->misses / (double)taken[0] : 0;
}

void rule_scope_release(rule_scope *c)
{
    mem_free(c->at);
    mem_free(c->active);
    *c = (rule_scope){0};
}

/* ---- tokens in view ---------------------------------------------------------------------------
 */

static void touch(rule_search *s, int32_t token, double hits, double misses)
{
    token_tally *t = &s->tally_V[token];
    if (t->hits == 0 && t->misses == 0)
        s->touched[s->n_touched++] = token;
    t->hits += hits;
    t->misses += misses;
}

/* The first and one past the last position in view of `at`. */
static void view_range(size_t *from, size_t *to, const rule_text *t, size_t at, rule_view view)
{
    size_t depth = (size_t)rule_text_depth(t, at);
    if (view.distance >= 0) {
        bool inside = (size_t)view.distance <= depth;
        *from = inside ? at - (size_t)view.distance : at;
        *to = inside ? *from + 1 : *from;
    } else {
        *from = at - (depth < (size_t)view.window ? depth : (size_t)view.window);
        *to = at;
    }
}

static void tally_each(rule_search *s, const rule_scope *c, rule_view view)
{
    for (int i = 0; i < c->n; i++) {
        size_t from, to;
        view_range(&from, &to, s->t, c->at[i], view);
        bool hit = c->active[i];
        if (!hit && c->whole)
            continue;
        s->stamp++;
        for (size_t k = from; k < to; k++) {
            int32_t token = s->t->token_N[k];
            if (s->stamp_V[token] == s->stamp)
                continue;
            s->stamp_V[token] = s->stamp;
            touch(s, token, hit ? c->hit_weight : 0, hit ? 0 : c->miss_weight);
        }
    }
}

/* Calls for each document with positions of the scope: c->at[first .. end-1] lie in it. */
typedef void document_visit(void *context, const rule_document *d, int first, int end);
static void each_document(const rule_text *t, const rule_scope *c, document_visit *visit,
                          void *context)
{
    for (int first = 0, end; first < c->n; first = end) {
        int32_t document = t->document_N[c->at[first]];
        for (end = first + 1; end < c->n && t->document_N[c->at[end]] == document;)
            end++;
        visit(context, &t->documents[document], first, end);
    }
}

typedef struct from_start {
    rule_search *s;
    const rule_scope *c;
    uint64_t *bits;
    size_t words;
} from_start;

/* A token is in view of every position behind its first place in the document. */
static void tally_document(void *context, const rule_document *d, int first, int end)
{
    from_start *f = context;
    rule_search *s = f->s;
    const rule_scope *c = f->c;
    double hits = 0, misses = 0;
    for (int i = first; i < end; i++) {
        hits += c->active[i] ? c->hit_weight : 0;
        misses += c->active[i] || c->whole ? 0 : c->miss_weight;
    }
    s->stamp++;
    int next = first;
    for (size_t at = d->first; at < c->at[end - 1]; at++) {
        if (c->at[next] == at) {
            hits -= c->active[next] ? c->hit_weight : 0;
            misses -= c->active[next] || c->whole ? 0 : c->miss_weight;
            next++;
        }
        int32_t token = s->t->token_N[at];
        if (s->stamp_V[token] == s->stamp || (hits < 0.5 && misses < 0.5))
            continue;
        s->stamp_V[token] = s->stamp;
        touch(s, token, hits < 0.5 ? 0 : hits, misses < 0.5 ? 0 : misses);
    }
}

static void tally_view(rule_search *s, const rule_scope *c, rule_view view)
{
    from_start f = {.s = s, .c = c};
    if (view.distance < 0 && view.window == RULE_WHOLE)
        each_document(s->t, c, tally_document, &f);
    else
        tally_each(s, c, view);
}

/* How many positions of the fit part see the token. */
static double seen_by(const rule_text *t, int32_t token, rule_view view)
{
    for (int w = 0; w < RULE_WINDOWS && view.distance < 0; w++)
        if (rule_windows[w] == view.window)
            return (double)ROW(t->near_WV, w, t->V)[token];
    /* The few at the very end of documents, that nothing follows, make no difference here. */
    return (double)t->count_V[token];
}

/* Positions that earlier clauses cover do not count as misses: taken off again. */
static void take_off_covered(rule_search *s, rule_view view)
{
    uint64_t *covered = mem_small(s->words, sizeof *covered);
    size_t n = rule_part_size(s->t, RULE_FIT);
    for (size_t w = 0; w < s->words; w++)
        covered[w] = ~s->open[w];
    if (n % 64)
        covered[n / 64] &= ~(uint64_t)0 >> (64 - n % 64);
    rule_scope c;
    rule_scope_make(&c, s, covered, false);
    mem_free(covered);
    for (int i = 0; i < c.n; i++) {
        size_t from, to;
        view_range(&from, &to, s->t, c.at[i], view);
        s->stamp++;
        for (size_t k = from; k < to; k++) {
            int32_t token = s->t->token_N[k];
            token_tally *t = &s->tally_V[token];
            if (s->stamp_V[token] == s->stamp || t->hits == 0)
                continue;
            s->stamp_V[token] = s->stamp;
            t->misses -= c.active[i] ? c.hit_weight : c.miss_weight;
        }
    }
    rule_scope_release(&c);
}

void rule_tally(rule_search *s, const rule_scope *c, rule_view view)
{
    tally_view(s, c, view);
    if (!c->whole)
        return;
    for (int i = 0; i < s->n_touched; i++) {
        token_tally *t = &s->tally_V[s->touched[i]];
        t->misses = seen_by(s->t, s->touched[i], view) - t->hits;
    }
    if (s->tp + s->fp > 0)
        take_off_covered(s, view);
    for (int i = 0; i < s->n_touched; i++)
        if (s->tally_V[s->touched[i]].misses < 0)
            s->tally_V[s->touched[i]].misses = 0;
}

void rule_tally_clear(rule_search *s)
{
    for (int i = 0; i < s->n_touched; i++)
        s->tally_V[s->touched[i]] = (token_tally){0};
    s->n_touched = 0;
}

/* ---- which positions see which token ----------------------------------------------------------
 */

static void mark_document(void *context, const rule_document *d, int first, int end)
{
    from_start *f = context;
    rule_search *s = f->s;
    s->stamp++;
    int next = first;
    for (size_t at = d->first; at < f->c->at[end - 1]; at++) {
        next += f->c->at[next] == at;
        int32_t token = s->t->token_N[at];
        if (s->slot_V[token] < 0 || s->stamp_V[token] == s->stamp)
            continue;
        s->stamp_V[token] = s->stamp;
        bits_set_range(ROW(f->bits, s->slot_V[token], f->words), (size_t)next, (size_t)end);
    }
}

void rule_scope_bits(uint64_t *bits, size_t words, rule_search *s, const rule_scope *c,
                     rule_view view)
{
    if (view.distance < 0 && view.window == RULE_WHOLE) {
        from_start f = {.s = s, .c = c, .bits = bits, .words = words};
        each_document(s->t, c, mark_document, &f);
        return;
    }
    for (int i = 0; i < c->n; i++) {
        size_t from, to;
        view_range(&from, &to, s->t, c->at[i], view);
        for (size_t k = from; k < to; k++) {
            int32_t slot = s->slot_V[s->t->token_N[k]];
            if (slot >= 0)
                bits_set(ROW(bits, slot, words), (size_t)i);
        }
    }
}
