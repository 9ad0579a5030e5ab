/* Where members come from: windows of the data, beams, relaxed readings, chance. */
#include "base/memory.h"
#include "invert/search_state.h"
#include <math.h>
#include <string.h>

enum { BEAM_WIDTH = 4, BEAM_TOKENS = 64 /* of each kind that a beam is continued with */ };

static void random_tokens(int32_t *tokens, int n, const token_table *t, rng *r)
{
    for (int i = 0; i < n; i++)
        tokens[i] = t->ids[rng_below(r, (uint32_t)t->n)];
}

/* ---- windows -----------------------------------------------------------------------------------
 */

static bool window_respells(const search_state *s, const int32_t *window)
{
    int32_t *tokens = mem_small((size_t)s->o->length, sizeof *tokens);
    candidate c = {.tokens_L = tokens, .position = s->o->length - 1};
    memcpy(tokens, window, (size_t)s->o->length * sizeof *tokens);
    bool same = candidate_respells(s, &c);
    mem_free(tokens);
    return same;
}

/* Those that can be written as text first. */
static void add_windows(search_state *s)
{
    int added = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < s->job->n_windows && added < s->o->starts[START_WINDOW]; i++) {
            const int32_t *window = ROW(s->job->windows_WL, i, s->o->length);
            if (window_respells(s, window) == (pass == 0))
                state_add(s, window, START_WINDOW, added++);
        }
}

/* ---- beams -------------------------------------------------------------------------------------
 */

/* Grown from the left: a beam's value is that of its last token, since what follows cannot change
 * it and what precedes it is what it needs. */
typedef struct beams {
    search_state *s;
    scorer *sc;
    candidate width[BEAM_WIDTH], *children, *list[BEAM_WIDTH];
    candidate **pointers;
    int n, n_children, most;
    candidate best; /* of any length */
    float *log_p_n; /* of the whole table, a row for each beam */
    arena memory;
} beams;

static int32_t *beam_tokens(beams *b)
{
    return arena_push(&b->memory, (size_t)b->s->o->length, sizeof(int32_t));
}

static void beams_open(beams *b, search_state *s, scorer *sc)
{
    *b = (beams){.s = s, .sc = sc, .most = BEAM_WIDTH * 2 * BEAM_TOKENS};
    for (int i = 0; i < BEAM_WIDTH; i++) {
        b->width[i] = (candidate){.tokens_L = beam_tokens(b), .which = s->which};
        b->list[i] = &b->width[i];
    }
    b->children = arena_push(&b->memory, (size_t)b->most, sizeof *b->children);
    b->pointers = arena_push(&b->memory, (size_t)b->most, sizeof *b->pointers);
    for (int i = 0; i < b->most; i++) {
        b->children[i] = (candidate){.tokens_L = beam_tokens(b)};
        b->pointers[i] = &b->children[i];
    }
    b->best = (candidate){.tokens_L = beam_tokens(b), .value = -INFINITY};
}

static void add_continuation(beams *b, int parent, int position, int32_t token)
{
    candidate *c = &b->children[b->n_children];
    for (int k = 0; k < b->n_children; k++)
        if (b->children[k].parent == parent && b->children[k].tokens_L[position] == token)
            return;
    candidate_copy(c, &b->width[parent], b->s->o->length);
    c->tokens_L[position] = token;
    c->parent = parent;
    c->first = position;
    c->start = START_BEAM;
    b->n_children++;
}

/* The tokens that the model expects most at `position` of beam i. */
static void add_expected(beams *b, int i, int position)
{
    const token_table *t = b->s->set->table;
    float *log_p = ROW(b->log_p_n, i, t->n);
    for (int k = 0; k < BEAM_TOKENS && k < t->n; k++) {
        int best = 0;
        for (int v = 1; v < t->n; v++)
            if (log_p[v] > log_p[best])
                best = v;
        add_continuation(b, i, position, t->ids[best]);
        log_p[best] = -INFINITY;
    }
}

/* What the model expects in the place of each beam's last token. */
static err_code expect(beams *b, err *e)
{
    const token_table *t = b->s->set->table;
    if (!b->log_p_n)
        b->log_p_n = mem_array((size_t)BEAM_WIDTH * (size_t)t->n, sizeof *b->log_p_n,
                               "what the model expects of beams", e);
    return b->log_p_n ? scorer_expected(b->sc, b->list, b->n, t->ids, t->n, b->log_p_n, e)
                      : e->code;
}

/* The BEAM_WIDTH best children, no two the same, become the beams. */
static void choose(beams *b)
{
    b->n = 0;
    while (b->n < BEAM_WIDTH) {
        candidate *best = NULL;
        for (int k = 0; k < b->n_children; k++)
            if (!isnan(b->children[k].value) && (!best || b->children[k].value > best->value))
                best = &b->children[k];
        if (!best)
            break;
        candidate_copy(&b->width[b->n++], best, b->s->o->length);
        if (best->value > b->best.value && candidate_respells(b->s, best))
            candidate_copy(&b->best, best, b->s->o->length);
        best->value = NAN;
    }
}

static err_code grow(beams *b, int position, err *e)
{
    const search_job *job = b->s->job;
    bool with_model = position > 0 || b->s->set->bos >= 0;
    err_code rc = OK;
    b->n_children = 0;
    for (int i = 0; i < b->n; i++)
        b->width[i].tokens_L[position] = job->single_S[0];
    rc = scorer_parents(b->sc, b->list, b->n, position + 1, READ_LAST, NULL, e);
    if (!rc && with_model)
        rc = expect(b, e);
    for (int i = 0; i < b->n && !rc; i++) {
        for (int k = 0; k < job->n_singles && k < BEAM_TOKENS; k++)
            add_continuation(b, i, position, job->single_S[k]);
        if (with_model)
            add_expected(b, i, position);
    }
    if (!rc)
        rc = scorer_children(b->sc, b->pointers, b->n_children, e);
    if (!rc)
        choose(b);
    return rc;
}

/* The best beam of any length, then the best of full length; the rest of the former is chance. */
static err_code add_beams(search_state *s, scorer *sc, err *e)
{
    int wanted = s->o->starts[START_BEAM], L = s->o->length;
    if (wanted == 0 || s->job->n_singles == 0)
        return OK;
    beams b;
    beams_open(&b, s, sc);
    b.n = 1;
    err_code rc = OK;
    for (int position = 0; position < L && !rc; position++)
        rc = grow(&b, position, e);
    rng starts = rng_split(&s->random, START_BEAM << 16);
    bool whole = s->o->readout == READ_LAST || !(b.best.value > -INFINITY);
    for (int k = 0; k < wanted && !rc; k++) {
        const candidate *c = k == 0 && !whole ? &b.best : &b.width[(k - !whole) % b.n];
        member *m = state_add(s, c->tokens_L, START_BEAM, k);
        if (c == &b.best)
            random_tokens(m->at.tokens_L + c->position + 1, L - 1 - c->position, s->set->table,
                          &starts);
    }
    mem_free(b.log_p_n);
    arena_release(&b.memory);
    return rc;
}

/* ---- what the data and single tokens reach ------------------------------------------------------
 */

/* Every window as it is: the best of them is what the search is compared with, and all of them are
 * where the front begins, since nothing reads more like text. */
static err_code measure_windows(search_state *s, scorer *sc, arena *a, err *e)
{
    search_job *job = s->job;
    int L = s->o->length, n = job->n_windows;
    candidate *windows = mem_small((size_t)n, sizeof *windows);
    candidate **list = mem_small((size_t)n, sizeof *list), *best = NULL;
    for (int i = 0; i < n; i++) {
        windows[i] = (candidate){.tokens_L = arena_push(&s->memory, (size_t)L, sizeof(int32_t)),
                                 .which = s->which,
                                 .start = START_WINDOW,
                                 .restart = i};
        memcpy(windows[i].tokens_L, ROW(job->windows_WL, i, L), (size_t)L * sizeof(int32_t));
        list[i] = &windows[i];
    }
    err_code rc = OK;
    for (int first = 0; first < n && !rc; first += s->most_members) {
        int count = n - first < s->most_members ? n - first : s->most_members;
        rc = scorer_parents(sc, list + first, count, L, s->o->readout, NULL, e);
    }
    if (!rc)
        rc = scorer_cross_entropy(sc, list, n, NULL, 0, NULL, NULL, e);
    for (int i = 0; i < n && !rc; i++) {
        state_offer_to_front(s, list[i]);
        if (!best || list[i]->value > best->value)
            best = list[i];
    }
    job->window = result_point(best, a);
    mem_free(list);
    mem_free(windows);
    return rc;
}

static err_code measure_single(search_state *s, scorer *sc, arena *a, err *e)
{
    candidate c = {.tokens_L = arena_push(&s->memory, (size_t)s->o->length, sizeof(int32_t)),
                   .which = s->which,
                   .start = START_BEAM,
                   .cross_entropy = (double)NAN};
    candidate *list[] = {&c};
    s->job->single = result_point(NULL, a);
    if (s->job->n_singles == 0)
        return OK;
    c.tokens_L[0] = s->job->single_S[0];
    err_code rc = scorer_parents(sc, list, 1, 1, READ_MAX, NULL, e);
    if (!rc)
        rc = scorer_cross_entropy(sc, list, 1, NULL, 0, NULL, NULL, e);
    s->job->single = result_point(&c, a);
    return rc;
}

/* ---- all ---------------------------------------------------------------------------------------
 */

err_code state_start(search_state *s, scorer *sc, const relaxed_job *relaxed, arena *a, err *e)
{
    const search_options *o = s->o;
    add_windows(s);
    err_code rc = measure_windows(s, sc, a, e);
    if (!rc)
        rc = measure_single(s, sc, a, e);
    if (!rc)
        rc = add_beams(s, sc, e);
    for (int k = 0; k < o->starts[START_RELAXED]; k++)
        state_add(s, ROW(relaxed->tokens_RL, k, o->length), START_RELAXED, k);
    rng starts = rng_split(&s->random, START_RANDOM << 16);
    int32_t *tokens = mem_small((size_t)o->length, sizeof *tokens);
    for (int k = 0; k < o->starts[START_RANDOM]; k++) {
        random_tokens(tokens, o->length, s->set->table, &starts);
        state_add(s, tokens, START_RANDOM, k);
    }
    mem_free(tokens);
    return rc;
}
