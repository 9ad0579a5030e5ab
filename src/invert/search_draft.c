/* Searches under way as bytes. A state's children are made and measured within a step, so there are
 * none between two. */
#include "base/memory.h"
#include "base/progress.h"
#include "invert/search_packed.h"
#include "invert/search_run.h"
#include <string.h>

/* ---- putting ----------------------------------------------------------------------------------
 */

static void put_candidate(str *to, const candidate *c, int L)
{
    candidate plain = *c;
    plain.tokens_L = NULL;
    packed_put(to, &plain, 1, sizeof plain);
    packed_put(to, c->tokens_L, (size_t)L, sizeof *c->tokens_L);
}

static void put_member(str *to, const search_state *t, const member *m)
{
    size_t L = (size_t)t->o->length, lists = L * (size_t)t->K;
    put_candidate(to, &m->at, t->o->length);
    put_candidate(to, &m->best, t->o->length);
    packed_put(to, m->top_LK, lists, sizeof *m->top_LK);
    packed_put(to, m->log_p_LK, lists, sizeof *m->log_p_LK);
    packed_put(to, m->loss_L, L, sizeof *m->loss_L);
    packed_put(to, m->sweep.swaps, L, sizeof *m->sweep.swaps);
    const int counts[] = {m->fresh,         m->sweep.tokens, m->sweep.settled,
                          m->sweep.n_swaps, m->stalled,      m->n_restarted};
    packed_put(to, counts, COUNT_OF(counts), sizeof *counts);
    packed_put(to, &m->toll, 1, sizeof m->toll);
    packed_put(to, &m->first_value, 1, sizeof m->first_value);
    packed_put(to, &m->first_gradient, 1, sizeof m->first_gradient);
}

static void put_state(str *to, const search_state *t)
{
    const int counts[] = {t->which,      (int)t->phase, t->iteration, t->n_members,
                          t->kicks_left, t->certifying, t->starting,  t->front.n};
    packed_put(to, counts, COUNT_OF(counts), sizeof *counts);
    packed_put(to, &t->random, 1, sizeof t->random);
    search_job_put(to, t->job);
    for (int i = 0; i < t->n_members; i++)
        put_member(to, t, &t->members[i]);
    for (int lane = 0; lane < LANES; lane++) {
        const seen_set *seen = &t->seen[lane];
        put_candidate(to, &t->lane_best[lane], t->o->length);
        packed_put(to, &seen->n, 1, sizeof seen->n);
        packed_put(to, &seen->capacity, 1, sizeof seen->capacity);
        packed_put(to, seen->slots, seen->capacity, sizeof *seen->slots);
    }
    for (int i = 0; i < t->front.n; i++)
        search_point_put(to, &t->front.points[i]);
}

static void put_relaxed(str *to, const relaxed_job *job)
{
    size_t R = (size_t)job->restarts;
    packed_put(to, job->tokens_RL, R * (size_t)job->length, sizeof *job->tokens_RL);
    packed_put(to, job->value_R, R, sizeof *job->value_R);
    packed_put(to, job->relaxed_R, R, sizeof *job->relaxed_R);
    packed_put(to, job->first_gradient_R, R, sizeof *job->first_gradient_R);
}

static bool is_under_way(const search_run *s, int job)
{
    for (int i = 0; i < s->n_states; i++)
        if (s->states[i].which == job)
            return true;
    return false;
}

void search_run_put(str *to, const search_run *s)
{
    const int counts[] = {s->n_relaxed, s->next_job, s->n_states};
    double elapsed = clock_seconds() - s->began;
    packed_put(to, counts, COUNT_OF(counts), sizeof *counts);
    packed_put(to, &elapsed, 1, sizeof elapsed);
    scorer_put_counts(to, s->scorer);
    for (int i = 0; i < s->n_relaxed; i++)
        put_relaxed(to, &s->relaxed[i]);
    for (int i = 0; i < s->n_states; i++)
        put_state(to, &s->states[i]);
    for (int i = 0; i < s->next_job; i++)
        if (!is_under_way(s, i))
            search_job_put(to, &s->jobs[i]);
}

/* ---- getting: false when the bytes are not such ------------------------------------------------
 */

static bool get_candidate(packed_reader *r, candidate *c, const search_state *t)
{
    int32_t *own = c->tokens_L;
    packed_get(r, c, 1, sizeof *c);
    c->tokens_L = own;
    packed_get(r, own, (size_t)t->o->length, sizeof *own);
    return c->which == t->which && c->position >= -1 && c->position < t->o->length &&
           token_table_knows(t->set->table, own, t->o->length);
}

static bool are_swaps(const sweep_swap *swaps, int n, const search_state *t)
{
    for (int i = 0; i < n; i++)
        if (swaps[i].position < 0 || swaps[i].position >= t->o->length ||
            !token_table_knows(t->set->table, &swaps[i].token, 1))
            return false;
    return true;
}

static bool get_member(packed_reader *r, search_state *t, member *m)
{
    size_t L = (size_t)t->o->length, lists = L * (size_t)t->K;
    int counts[6];
    if (!get_candidate(r, &m->at, t) || !get_candidate(r, &m->best, t))
        return false;
    packed_get(r, m->top_LK, lists, sizeof *m->top_LK);
    packed_get(r, m->log_p_LK, lists, sizeof *m->log_p_LK);
    packed_get(r, m->loss_L, L, sizeof *m->loss_L);
    packed_get(r, m->sweep.swaps, L, sizeof *m->sweep.swaps);
    packed_get(r, counts, COUNT_OF(counts), sizeof *counts);
    packed_get(r, &m->toll, 1, sizeof m->toll);
    packed_get(r, &m->first_value, 1, sizeof m->first_value);
    packed_get(r, &m->first_gradient, 1, sizeof m->first_gradient);
    m->fresh = counts[0];
    m->sweep.tokens = counts[1];
    m->sweep.settled = counts[2];
    m->sweep.n_swaps = counts[3];
    m->stalled = counts[4];
    m->n_restarted = counts[5];
    return m->sweep.tokens >= 0 && m->sweep.tokens <= t->K && m->sweep.n_swaps >= 0 &&
           are_swaps(m->sweep.swaps, t->o->length, t) &&
           token_table_knows(t->set->table, m->top_LK, t->o->length * t->K);
}

static bool get_seen(packed_reader *r, seen_set *seen)
{
    size_t capacity;
    packed_get(r, &seen->n, 1, sizeof seen->n);
    packed_get(r, &capacity, 1, sizeof capacity);
    if (capacity > r->left / sizeof *seen->slots || capacity & (capacity - 1) ||
        seen->n > capacity / 2)
        return false;
    seen->capacity = capacity;
    seen->slots = mem_small(capacity, sizeof *seen->slots);
    packed_get(r, seen->slots, capacity, sizeof *seen->slots);
    return true;
}

/* Points of the front keep their own tokens. */
static bool get_front(packed_reader *r, search_state *t, int n)
{
    for (t->front.n = 0; t->front.n < n; t->front.n++) {
        search_point *own = &t->front.points[t->front.n], read;
        search_point_get(r, &read, &t->memory);
        if (!read.tokens || read.length > t->o->length)
            return false;
        memcpy(own->tokens, read.tokens, (size_t)read.length * sizeof *own->tokens);
        read.tokens = own->tokens;
        *own = read;
    }
    return true;
}

/* A job that is not finished: its curve still grows. */
static bool get_job(packed_reader *r, const search_run *s, search_job *job)
{
    search_curve_point *room = job->curve;
    if (!search_job_get(r, job, s->memory) || job->n_curve > search_curve_room(s->o))
        return false;
    memcpy(room, job->curve, (size_t)job->n_curve * sizeof *room);
    job->curve = room;
    return true;
}

static bool get_state(packed_reader *r, search_run *s)
{
    int counts[8];
    packed_get(r, counts, COUNT_OF(counts), sizeof *counts);
    if (counts[0] < 0 || counts[0] >= s->next_job || counts[1] < 0 || counts[1] >= PHASE_DONE)
        return false;
    search_state *t = search_run_open(s, counts[0]);
    t->phase = (search_phase)counts[1];
    t->iteration = counts[2];
    t->n_members = counts[3];
    t->kicks_left = counts[4];
    t->certifying = counts[5];
    t->starting = counts[6];
    packed_get(r, &t->random, 1, sizeof t->random);
    bool fits = get_job(r, s, t->job) && t->n_members >= 0 && t->n_members <= t->most_members &&
                counts[7] >= 0 && counts[7] <= t->front.most;
    for (int i = 0; fits && i < t->n_members; i++)
        fits = get_member(r, t, &t->members[i]);
    for (int lane = 0; fits && lane < LANES; lane++)
        fits = get_candidate(r, &t->lane_best[lane], t) && get_seen(r, &t->seen[lane]);
    return fits && get_front(r, t, counts[7]);
}

static bool get_relaxed(packed_reader *r, relaxed_job *job, const token_table *t, arena *a)
{
    size_t R = (size_t)job->restarts;
    relaxed_make_results(job, a);
    packed_get(r, job->tokens_RL, R * (size_t)job->length, sizeof *job->tokens_RL);
    packed_get(r, job->value_R, R, sizeof *job->value_R);
    packed_get(r, job->relaxed_R, R, sizeof *job->relaxed_R);
    packed_get(r, job->first_gradient_R, R, sizeof *job->first_gradient_R);
    return token_table_knows(t, job->tokens_RL, job->restarts * job->length);
}

static bool get_run(packed_reader *r, search_run *s)
{
    int counts[3];
    double elapsed;
    packed_get(r, counts, COUNT_OF(counts), sizeof *counts);
    packed_get(r, &elapsed, 1, sizeof elapsed);
    scorer_get_counts(r, s->scorer);
    bool fits = counts[0] >= 0 && counts[0] <= (s->relaxed ? s->n_jobs : 0) && counts[1] >= 0 &&
                counts[1] <= s->n_jobs && counts[2] >= 0 && counts[2] <= counts[1] &&
                counts[2] <= s->o->batch_features;
    s->next_job = fits ? counts[1] : 0;
    s->began = clock_seconds() - elapsed;
    for (int i = 0; fits && i < counts[0]; i++, s->n_relaxed++)
        fits = get_relaxed(r, &s->relaxed[i], s->set->table, s->memory);
    for (int i = 0; fits && i < counts[2]; i++)
        fits = get_state(r, s);
    for (int i = 0; fits && i < s->next_job; i++)
        if (!is_under_way(s, i)) {
            fits = search_job_get(r, &s->jobs[i], s->memory);
            s->n_done++;
        }
    return fits;
}

err_code search_run_get(search_run *s, err *e)
{
    const draft *d = s->set->draft;
    packed_reader r = packed_read(&d->state);
    bool fits = get_run(&r, s);
    return draft_accept(d, &r, fits, "these searches", e);
}
