/* The search of many features: those under way take every step together, so that their sequences
 * share the model's products; one that is done makes room for the next that waits. */
#include "invert/search.h"
#include "base/memory.h"
#include "invert/search_run.h"
#include <math.h>
#include <string.h>

/* ---- setting up --------------------------------------------------------------------------------
 */

static void make_relaxed(search_run *s)
{
    const search_options *o = s->o;
    if (o->starts[START_RELAXED] == 0)
        return;
    s->relaxed = arena_push(s->memory, (size_t)s->n_jobs, sizeof *s->relaxed);
    for (int i = 0; i < s->n_jobs; i++)
        s->relaxed[i] = (relaxed_job){.feature = s->jobs[i].feature,
                                      .scale = s->jobs[i].scale,
                                      .length = o->length,
                                      .restarts = o->starts[START_RELAXED],
                                      .seed = s->seed};
}

static err_code run_relaxed(search_run *s, err *e)
{
    if (!s->relaxed)
        return OK;
    optimise_setting setting = *s->set;
    setting.name = "relaxed starts";
    err_code rc =
        relaxed_run(s->relaxed, s->n_jobs, &s->n_relaxed, &setting, &s->o->relaxed, s->memory, e);
    if (rc && draft_is_due(s->set->draft, rc)) {
        search_run_put(draft_room(s->set->draft), s);
        rc = draft_keep(s->set->draft, rc, e);
    }
    return rc;
}

static err_code open_scorer(search_run *s, err *e)
{
    int *features = mem_small((size_t)s->n_jobs, sizeof *features);
    double *scales = mem_small((size_t)s->n_jobs, sizeof *scales);
    for (int i = 0; i < s->n_jobs; i++) {
        features[i] = s->jobs[i].feature;
        scales[i] = s->jobs[i].scale;
    }
    err_code rc =
        scorer_new(&s->scorer, s->set, s->o, features, scales, s->n_jobs, s->most_members, e);
    mem_free(features);
    mem_free(scales);
    return rc;
}

static err_code open_arrays(search_run *s, err *e)
{
    size_t N = (size_t)s->most_members * (size_t)s->o->length, K = (size_t)s->K;
    size_t D = (size_t)s->set->table->D;
    const char *what = "the search's batch";
    s->list = mem_small((size_t)s->most_children + (size_t)s->most_members, sizeof *s->list);
    s->members = mem_small((size_t)s->most_members, sizeof *s->members);
    s->weights = mem_small((size_t)s->most_members, sizeof *s->weights);
    s->loss = mem_small(N, sizeof *s->loss);
    s->d_x_NLD = mem_array(N * D, sizeof(float), what, e);
    s->fresh_x = mem_array(N * D, sizeof(float), what, e);
    s->log_p = mem_array(N * K, sizeof(float), what, e);
    s->top_ids = mem_array(N * K, sizeof(int32_t), what, e);
    return s->d_x_NLD && s->fresh_x && s->log_p && s->top_ids ? OK : e->code;
}

static void close_search(search_run *s)
{
    for (int i = 0; i < s->n_states; i++)
        state_close(&s->states[i]);
    void *arrays[] = {s->states,  s->list,    s->members, s->weights, s->loss,
                      s->d_x_NLD, s->fresh_x, s->log_p,   s->top_ids};
    for (size_t i = 0; i < COUNT_OF(arrays); i++)
        mem_free(arrays[i]);
    scorer_free(s->scorer);
}

/* ---- one step of all features under way
 * ----------------------------------------------------------
 */

static int gather_members(search_run *s)
{
    int n = 0;
    for (int i = 0; i < s->n_states; i++) {
        search_state *t = &s->states[i];
        t->first_parent = n;
        for (int k = 0; k < t->n_members; k++) {
            s->members[n] = &t->members[k];
            s->list[n++] = &t->members[k].at;
        }
    }
    return n;
}

/* The gradient of the whole objective where a phase asks for it. */
static err_code add_cross_entropy(search_run *s, int n, err *e)
{
    bool wanted = false;
    for (int i = 0; i < s->n_states; i++) {
        const search_state *t = &s->states[i];
        for (int k = 0; k < t->n_members; k++) {
            bool weighs = t->phase == PHASE_FRONT;
            s->weights[t->first_parent + k] = weighs ? -t->members[k].toll.weight : 0;
            wanted |= weighs;
        }
    }
    if (!wanted || !s->o->gradient_of_cross_entropy)
        return OK;
    return scorer_cross_entropy_gradient(s->scorer, s->list, s->weights, n, s->d_x_NLD, e);
}

/* Tokens by gradient, of the members that have changed. */
static err_code list_tokens(search_run *s, int n, err *e)
{
    int L = s->o->length, D = s->set->table->D, fresh = 0;
    for (int i = 0; i < n; i++)
        if (s->members[i]->fresh)
            memcpy(ROW(s->fresh_x, fresh++, L * D), ROW(s->d_x_NLD, i, L * D),
                   (size_t)L * (size_t)D * sizeof *s->fresh_x);
    if (fresh == 0)
        return OK;
    err_code rc =
        token_table_largest(s->top_ids, NULL, s->set->table, s->fresh_x, fresh * L, s->K, e);
    fresh = 0;
    for (int i = 0; i < n && !rc; i++)
        if (s->members[i]->fresh)
            memcpy(s->members[i]->top_LK, ROW(s->top_ids, fresh++, L * s->K),
                   (size_t)L * (size_t)s->K * sizeof *s->top_ids);
    return rc;
}

static bool wants_expectations(const search_run *s, const search_state *t)
{
    const search_options *o = s->o;
    if (t->phase == PHASE_FRONT)
        return o->front_share[MOVE_LIKELY] > 0 || !o->cross_entropy_of_all;
    return t->phase == PHASE_CLIMB && o->share[MOVE_LIKELY] > 0;
}

/* What the model expects at each position of the members that have changed. */
static err_code list_expected(search_run *s, err *e)
{
    int L = s->o->length, n = 0;
    size_t lists = (size_t)L * (size_t)s->K;
    member **fresh = mem_small((size_t)s->most_members, sizeof *fresh);
    for (int i = 0; i < s->n_states; i++) {
        search_state *t = &s->states[i];
        for (int k = 0; k < t->n_members && wants_expectations(s, t); k++) {
            if (!t->members[k].fresh)
                continue;
            memcpy(s->top_ids + (size_t)n * lists, t->members[k].top_LK,
                   lists * sizeof *s->top_ids);
            fresh[n] = &t->members[k];
            s->list[n++] = &t->members[k].at;
        }
    }
    err_code rc =
        n ? scorer_cross_entropy(s->scorer, s->list, n, s->top_ids, s->K, s->log_p, s->loss, e)
          : OK;
    for (int i = 0; i < n && !rc; i++) {
        memcpy(fresh[i]->log_p_LK, s->log_p + (size_t)i * lists, lists * sizeof *s->log_p);
        memcpy(fresh[i]->loss_L, ROW(s->loss, i, L), (size_t)L * sizeof *s->loss);
    }
    mem_free(fresh);
    return rc;
}

/* The first look at a feature's starts. */
static void note_starts(search_run *s, search_state *t)
{
    size_t row = (size_t)s->o->length * (size_t)s->set->table->D;
    if (!t->starting)
        return;
    for (int i = 0; i < t->n_members; i++) {
        member *m = &t->members[i];
        const float *d = s->d_x_NLD + (size_t)(t->first_parent + i) * row;
        double squares = 0;
        for (size_t k = 0; k < row; k++)
            squares += (double)d[k] * (double)d[k];
        m->first_gradient = sqrt(squares);
        m->first_value = m->at.value;
        if (candidate_respells(t, &m->at))
            candidate_copy(&m->best, &m->at, s->o->length);
        state_offer(t, &m->at);
    }
}

static err_code grade(search_run *s, err *e)
{
    int n = gather_members(s);
    if (n == 0)
        return OK;
    err_code rc = scorer_parents(s->scorer, s->list, n, s->o->length, s->o->readout, s->d_x_NLD, e);
    if (!rc)
        rc = add_cross_entropy(s, n, e);
    if (!rc)
        rc = list_tokens(s, n, e);
    for (int i = 0; i < s->n_states && !rc; i++)
        note_starts(s, &s->states[i]);
    if (!rc)
        rc = list_expected(s, e);
    for (int i = 0; i < n; i++)
        s->members[i]->fresh = false;
    return rc;
}

static void propose(search_state *t)
{
    if (t->phase == PHASE_CLIMB)
        state_propose(t, t->o->iterations > 0 ? t->o->children : 0);
    else if (t->phase == PHASE_FRONT)
        state_propose(t, t->o->front_children);
    else
        sweep_propose(t);
}

static err_code score_children(search_run *s, err *e)
{
    int n = 0;
    for (int i = 0; i < s->n_states; i++) {
        propose(&s->states[i]);
        for (int k = 0; k < s->states[i].n_children; k++)
            s->list[n++] = &s->states[i].children[k];
    }
    err_code rc = scorer_children(s->scorer, s->list, n, e);
    n = 0;
    for (int i = 0; i < s->n_states; i++)
        if (s->states[i].phase == PHASE_FRONT)
            n += front_wanted(&s->states[i], s->list + n);
    return rc || n == 0 ? rc : scorer_cross_entropy(s->scorer, s->list, n, NULL, 0, NULL, NULL, e);
}

/* ---- phases -------------------------------------------------------------------------------------
 */

static void note_curve(search_state *t)
{
    search_job *job = t->job;
    const candidate *cold = &t->lane_best[LANE_COLD], *warm = &t->lane_best[LANE_WARM];
    if (t->phase == PHASE_CLIMB && t->iteration % t->curve_every == 0)
        job->curve[job->n_curve++] =
            (search_curve_point){.iteration = t->iteration,
                                 .cold = cold->position < 0 ? NAN : cold->value,
                                 .warm = warm->position < 0 ? NAN : warm->value};
}

static bool spent(const search_run *s, const search_state *t)
{
    const search_options *o = s->o;
    return (o->flops > 0 && scorer_flops(s->scorer, t->which) > o->flops / s->n_jobs) ||
           (o->seconds > 0 && clock_seconds() - s->began > o->seconds);
}

/* On to the next phase that has something to do; all of them when the budget is spent, or there is
 * no start. */
static err_code advance(search_run *s, search_state *t, err *e)
{
    const search_options *o = t->o;
    bool over = spent(s, t) || t->n_members == 0;
    err_code rc = OK;
    if (t->phase == PHASE_CLIMB && (over || t->iteration >= o->iterations)) {
        int n = t->n_members;
        rc = front_enter(t, s->scorer, e);
        result_keep_restarts(t, n, s->memory);
    }
    if (t->phase == PHASE_FRONT && (over || t->iteration >= o->front_iterations))
        sweep_enter(t);
    if (t->phase == PHASE_SWEEP && (over || o->sweep_tokens == 0 || t->n_members == 0))
        t->phase = PHASE_DONE;
    return rc;
}

static err_code accept(search_run *s, search_state *t, err *e)
{
    if (t->phase == PHASE_CLIMB)
        climb_accept(t);
    else if (t->phase == PHASE_FRONT)
        front_accept(t);
    else
        sweep_accept(t);
    t->iteration++;
    note_curve(t);
    return advance(s, t, e);
}

/* ---- all of them --------------------------------------------------------------------------------
 */

search_state *search_run_open(search_run *s, int job)
{
    search_state *t = &s->states[s->n_states++];
    state_open(t, &s->jobs[job], s->set, s->o, s->seed, job);
    t->job->curve = arena_push(s->memory, (size_t)search_curve_room(s->o), sizeof *t->job->curve);
    return t;
}

static err_code start_next(search_run *s, err *e)
{
    int i = s->next_job++;
    search_state *t = search_run_open(s, i);
    return state_start(t, s->scorer, s->relaxed ? &s->relaxed[i] : NULL, s->memory, e);
}

static err_code finish(search_run *s, search_state *t, err *e)
{
    search_job *job = t->job;
    err_code rc = result_keep(t, s->scorer, s->memory, e);
    job->relaxed = NAN;
    for (int k = 0; s->relaxed && k < s->relaxed[t->which].restarts; k++) {
        job->relaxed = fmaxf(job->relaxed, s->relaxed[t->which].relaxed_R[k]);
        job->flops += relaxed_flops(s->set, &s->o->relaxed, s->o->length);
    }
    s->n_done++;
    return rc;
}

/* Makes room. */
static err_code finish_done(search_run *s, err *e)
{
    err_code rc = OK;
    for (int i = 0; i < s->n_states && !rc;) {
        if (s->states[i].phase != PHASE_DONE) {
            i++;
            continue;
        }
        rc = finish(s, &s->states[i], e);
        state_close(&s->states[i]);
        s->states[i] = s->states[--s->n_states];
    }
    return rc;
}

static err_code step(search_run *s, err *e)
{
    err_code rc = grade(s, e);
    for (int i = 0; i < s->n_states && !rc; i++)
        if (s->states[i].starting) {
            s->states[i].starting = false;
            note_curve(&s->states[i]);
        }
    if (!rc)
        rc = score_children(s, e);
    for (int i = 0; i < s->n_states && !rc; i++)
        rc = accept(s, &s->states[i], e);
    return rc;
}

/* Another feature begins, or those under way take a step. */
static err_code advance_all(search_run *s, err *e)
{
    if (s->n_states < s->o->batch_features && s->next_job < s->n_jobs)
        return start_next(s, e);
    err_code rc = step(s, e);
    return rc ? rc : finish_done(s, e);
}

/* What is kept is the state before what was stopped: that begins anew. */
static err_code run_all(search_run *s, err *e)
{
    draft *d = s->set->draft;
    progress bar = progress_start(s->set->reporter, s->set->name, s->n_jobs);
    err_code rc = OK;
    while (!rc && s->n_done < s->n_jobs) {
        if (d)
            search_run_put(draft_room(d), s);
        rc = cancel_check(e);
        if (!rc)
            rc = advance_all(s, e);
        if (draft_is_due(d, rc))
            rc = draft_keep(d, rc, e);
        progress_step(&bar, s->n_done, NULL);
    }
    progress_end(&bar);
    return rc;
}

static err_code check_options(const search_options *o, const optimise_setting *set, err *e)
{
    int context = model_describe(set->model)->context;
    if (o->length < 1 || o->length + (set->bos >= 0) > context)
        return err_set(e, E_SHAPE, "inputs of %d tokens%s do not fit the model's context of %d",
                       o->length, set->bos >= 0 ? " and the BOS" : "", context);
    if (restarts_of(o) < 1 || o->batch_features < 1 || o->sweep_walkers < 1 || o->top_first < 1 ||
        o->top_last < o->top_first)
        return err_set(e, E_CONFIG,
                       "a search needs a start, a feature at a time, a walker and tokens to draw "
                       "from");
    return OK;
}

err_code search_features(search_job *jobs, int n, const optimise_setting *setting,
                         const search_options *o, uint64_t seed, arena *a, err *e)
{
    err_code rc = check_options(o, setting, e);
    if (rc || n == 0)
        return rc;
    search_run s = {.set = setting,
                    .o = o,
                    .seed = seed,
                    .jobs = jobs,
                    .n_jobs = n,
                    .began = clock_seconds(),
                    .memory = a};
    state_size size = state_size_of(o, setting->table);
    int at_once = o->batch_features < n ? o->batch_features : n;
    s.K = size.K;
    s.most_members = at_once * size.members;
    s.most_children = at_once * size.children;
    s.states = mem_small((size_t)at_once, sizeof *s.states);
    rc = open_scorer(&s, e);
    if (!rc)
        rc = open_arrays(&s, e);
    make_relaxed(&s);
    if (!rc && draft_found(setting->draft))
        rc = search_run_get(&s, e);
    if (!rc)
        rc = run_relaxed(&s, e);
    if (!rc)
        rc = run_all(&s, e);
    close_search(&s);
    return rc;
}
