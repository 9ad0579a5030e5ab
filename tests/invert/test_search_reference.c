/* The published searches against the same in PyTorch, step by step (tests/parity/export_search.py).
 *
 * What the members are after every step is no result of a search, so this file has a search of its
 * own, built from the same source, that lets the test look on. */
#include "test.h"

#include "base/memory.h"
#include "invert/common_truth.h"
#include "invert/search_state.h"
#include <math.h>
#include <string.h>

static err_code search_features_watched(search_job *jobs, int n, const optimise_setting *setting,
                                        const search_options *o, uint64_t seed, arena *a, err *e);
static void look_at_climb(search_state *s);
static void look_at_front(search_state *s);
#define search_features search_features_watched
#define climb_accept look_at_climb
#define front_accept look_at_front
#include "invert/search.c"
#undef search_features
#undef climb_accept
#undef front_accept

enum { STEPS = 12, LENGTH = 8, TOP = 16, CHILDREN = 32, WEIGHTS = 8, MOST_POINTS = 64 };

/* Of values and nats of order 10: sums in float32 against float64. */
static const double LIMIT = 1e-4;

/* After one step. */
typedef struct look {
    int32_t tokens[WEIGHTS][LENGTH];
    float value[WEIGHTS];
    double cross_entropy[WEIGHTS];
    float best; /* so far */
    int n_front;
    double front_value[MOST_POINTS], front_cross_entropy[MOST_POINTS];
} look;

/* Whoever has the job can find its notes. */
typedef struct watched {
    search_job job;
    int n;
    look looks[STEPS];
} watched;

static void note(search_state *s)
{
    watched *w = (watched *)s->job;
    assert_true(w->n < STEPS && s->front.n <= MOST_POINTS && s->n_members <= WEIGHTS);
    look *l = &w->looks[w->n++];
    for (int i = 0; i < s->n_members; i++) {
        const candidate *c = &s->members[i].at;
        memcpy(l->tokens[i], c->tokens_L, sizeof l->tokens[i]);
        l->value[i] = c->value;
        l->cross_entropy[i] = c->cross_entropy;
    }
    l->best = s->lane_best[LANE_COLD].value;
    l->n_front = s->front.n;
    for (int i = 0; i < s->front.n; i++) {
        l->front_value[i] = (double)s->front.points[i].value;
        l->front_cross_entropy[i] = s->front.points[i].cross_entropy;
    }
}

static void look_at_climb(search_state *s)
{
    climb_accept(s);
    if (s->o->iterations > 0) /* else what begins a search that has no climb */
        note(s);
}

static void look_at_front(search_state *s)
{
    front_accept(s);
    note(s);
}

/* ---- the runs ----------------------------------------------------------------------------------
 */

static float *numbers(const char *name, size_t n)
{
    return truth_numbers("search.safetensors", name, n);
}

/* The preset with the script's budget: lists shorter than the vocabulary, restarts more often. */
static search_options options(const char *preset, int steps)
{
    search_options o;
    assert_true(search_preset(&o, preset, LENGTH));
    o.top_first = o.top_last = TOP;
    if (!strcmp(preset, "gcg")) {
        o.iterations = steps;
        o.children = CHILDREN;
    } else {
        o.front_iterations = steps;
        o.restart_every = 5;
    }
    return o;
}

static watched *watch(const truth *t, const char *preset, int steps, arena *memory)
{
    float *feature = numbers("feature", 1), *seed = numbers("seed", 1);
    watched *w = mem_small(1, sizeof *w);
    search_options o = options(preset, steps);
    err e = {0};
    w->job = (search_job){.feature = (int)feature[0], .scale = 10, .fluent_limit = 4};
    if (search_features_watched(&w->job, 1, &t->setting, &o, (uint64_t)seed[0], memory, &e))
        fail_msg("%s", e.text);
    assert_int_equal(w->n, steps);
    mem_free(seed);
    mem_free(feature);
    return w;
}

static void expect_tokens(const int32_t *got, const float *want, int step, int which)
{
    for (int p = 0; p < LENGTH; p++)
        if (got[p] != (int32_t)want[p])
            fail_msg("step %d, member %d, position %d: token %d, PyTorch has %d", step, which, p,
                     (int)got[p], (int)want[p]);
}

static void expect_number(double got, float want, const char *what, int step, double *worst)
{
    double off = fabs(got - (double)want);
    *worst = fmax(*worst, off);
    if (!(off < LIMIT))
        fail_msg("step %d: %s %.7g, PyTorch has %.7g", step, what, got, (double)want);
}

/* ---- greedy coordinate gradient ----------------------------------------------------------------
 */

static void gcg_agrees(int steps)
{
    truth *t = truth_neox();
    arena memory = {0};
    float *tokens = numbers("gcg_tokens", STEPS * LENGTH), *value = numbers("gcg_value", STEPS);
    float *best = numbers("gcg_best", STEPS);
    watched *w = watch(t, "gcg", steps, &memory);
    double worst = 0;
    int worse = 0;
    for (int n = 0; n < steps; n++) {
        expect_tokens(w->looks[n].tokens[0], tokens + n * LENGTH, n, 0);
        expect_number((double)w->looks[n].value[0], value[n], "value", n, &worst);
        expect_number((double)w->looks[n].best, best[n], "best", n, &worst);
        worse += n > 0 && value[n] < value[n - 1];
    }
    expect_number((double)w->job.cold.value, best[steps - 1], "the result", steps, &worst);
    assert_int_equal(w->job.cold.length, LENGTH);
    print_message("GCG, %d steps, %d of them downwards: off by %.2g\n", steps, worse, worst);
    assert_true(steps == 1 || worse > 0); /* it always moves on, and that was seen */
    mem_free(w);
    mem_free(best);
    mem_free(value);
    mem_free(tokens);
    arena_release(&memory);
    truth_close(t);
}

/* ---- EPO ---------------------------------------------------------------------------------------
 */

static void expect_starts(const watched *w, double *worst)
{
    float *tokens = numbers("epo_first_tokens", WEIGHTS * LENGTH);
    float *value = numbers("epo_first_value", WEIGHTS);
    float *gradient = numbers("epo_first_gradient", WEIGHTS);
    assert_int_equal(w->job.n_restarts, WEIGHTS);
    for (int i = 0; i < WEIGHTS; i++) {
        const search_restart *r = &w->job.restarts[i];
        expect_tokens(r->best.tokens, tokens + i * LENGTH, -1, i);
        expect_number((double)r->first_value, value[i], "first value", -1, worst);
        double off = r->first_gradient / (double)gradient[i] - 1;
        assert_true(fabs(off) < LIMIT);
    }
    mem_free(gradient);
    mem_free(value);
    mem_free(tokens);
}

static void expect_members(const watched *w, int steps, double *worst)
{
    float *tokens = numbers("epo_tokens", STEPS * WEIGHTS * LENGTH);
    float *value = numbers("epo_value", STEPS * WEIGHTS);
    float *cross_entropy = numbers("epo_cross_entropy", STEPS * WEIGHTS);
    for (int n = 0; n < steps; n++)
        for (int i = 0; i < WEIGHTS; i++) {
            const look *l = &w->looks[n];
            int at = n * WEIGHTS + i;
            expect_tokens(l->tokens[i], ROW(tokens, at, LENGTH), n, i);
            expect_number((double)l->value[i], value[at], "value", n, worst);
            expect_number(l->cross_entropy[i], cross_entropy[at], "cross-entropy", n, worst);
        }
    mem_free(cross_entropy);
    mem_free(value);
    mem_free(tokens);
}

static int points_kept(void)
{
    float *n = numbers("epo_front_n", STEPS);
    int most = 0;
    for (int i = 0; i < STEPS; i++)
        most = (int)n[i] > most ? (int)n[i] : most;
    mem_free(n);
    return most;
}

static void expect_fronts(const watched *w, int steps, double *worst)
{
    int P = points_kept();
    float *n_front = numbers("epo_front_n", STEPS);
    float *value = numbers("epo_front_value", (size_t)(STEPS * P));
    float *cross_entropy = numbers("epo_front_cross_entropy", (size_t)(STEPS * P));
    for (int n = 0; n < steps; n++) {
        const look *l = &w->looks[n];
        assert_int_equal(l->n_front, (int)n_front[n]);
        for (int i = 0; i < l->n_front; i++) {
            expect_number(l->front_value[i], ROW(value, n, P)[i], "front value", n, worst);
            expect_number(l->front_cross_entropy[i], ROW(cross_entropy, n, P)[i],
                          "front cross-entropy", n, worst);
        }
    }
    mem_free(cross_entropy);
    mem_free(value);
    mem_free(n_front);
}

static void epo_agrees(int steps)
{
    truth *t = truth_neox();
    arena memory = {0};
    watched *w = watch(t, "epo", steps, &memory);
    double worst = 0;
    expect_starts(w, &worst);
    expect_members(w, steps, &worst);
    expect_fronts(w, steps, &worst);
    const look *last = &w->looks[steps - 1];
    assert_true((double)w->job.cold.value == last->front_value[last->n_front - 1]);
    print_message("EPO, %d steps: off by %.2g, front of %d\n", steps, worst, last->n_front);
    mem_free(w);
    arena_release(&memory);
    truth_close(t);
}

static void one_step(void **state)
{
    (void)state;
    gcg_agrees(1);
    epo_agrees(1);
}

static void a_whole_run(void **state)
{
    (void)state;
    gcg_agrees(STEPS);
    epo_agrees(STEPS);
}

/* ---- the presets -------------------------------------------------------------------------------
 */

/* The authors' own numbers. EPO's program departs from its paper, and is not followed: it restarts
 * under a fixed weight whatever was drawn, once already before the first step, and takes gradients
 * under another member's weight once old and new members are put together. Here the weight drawn is
 * used, the first restart comes after 30 steps, and every gradient has its member's own weight; the
 * runs above hold the engine to that. Neither method's program keeps from trying a child twice;
 * this engine does, in both. */
static void presets_are_the_published_ones(void **state)
{
    (void)state;
    search_options epo, gcg;
    assert_true(search_preset(&epo, "epo", 12) && search_preset(&gcg, "gcg", 20));
    assert_int_equal(epo.length, 12);
    assert_int_equal(epo.readout, READ_LAST);
    assert_int_equal(epo.starts[START_RANDOM], 8);
    assert_int_equal(epo.front_members, 8);
    assert_int_equal(epo.front_children, 32);
    assert_int_equal(epo.front_iterations, 300);
    assert_true(epo.top_first == 512 && epo.top_last == 512);
    assert_true(epo.weight_first == 0.1 && epo.weight_last == 10);
    assert_true(epo.weight_raw && !epo.weight_zero && epo.front_limited == 0);
    assert_true(epo.gradient_of_cross_entropy && epo.cross_entropy_of_all);
    assert_int_equal(epo.restart_every, 30);
    assert_true(epo.restart_first == 2.0 / 3 && epo.restart_last == 6);
    assert_int_equal(gcg.readout, READ_LAST);
    assert_int_equal(gcg.starts[START_RANDOM], 1);
    assert_int_equal(gcg.iterations, 250);
    assert_int_equal(gcg.children, 512);
    assert_true(gcg.top_first == 256 && gcg.top_last == 256);
    assert_int_equal(gcg.acceptance, KEEP_ALWAYS);
    const search_options *both[] = {&epo, &gcg};
    for (int i = 0; i < 2; i++) {
        assert_true(both[i]->starts[START_WINDOW] + both[i]->starts[START_BEAM] +
                        both[i]->starts[START_RELAXED] ==
                    0);
        assert_int_equal(both[i]->sweep_tokens, 0);
    }
    assert_true(epo.front_share[MOVE_GRADIENT] == 1 && gcg.share[MOVE_GRADIENT] == 1);
    assert_true(epo.iterations == 0 && gcg.front_iterations == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_step),
        cmocka_unit_test(a_whole_run),
        cmocka_unit_test(presets_are_the_published_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
