/* Optimisations and searches that are stopped and gone on with end as if they had not been. */
#include "test.h"

#include "base/memory.h"
#include "features/common_stopper.h"
#include "invert/common_bed.h"
#include "invert/common_search.h"
#include <string.h>

enum { N = 7, L = 3, AT_ONCE = 3, STEPS = 12 };

static optimise_options options(free_mode mode)
{
    return (optimise_options){.mode = mode,
                              .pull = mode == FREE_WHITENED ? 0.5 : 0,
                              .max_steps = STEPS,
                              .patience = 3, /* some end early, and others take their places */
                              .tolerance = 0.05,
                              .learning_rate = 0.1,
                              .lambda_reg = 0.1,
                              .norm_limit = 1,
                              .diversity_window = 3,
                              .repetition_window = 3,
                              .coherence_weight = mode == FREE_BALL ? 0.1 : 0,
                              .batch_sequences = AT_ONCE,
                              .curve_points = 5};
}

static optimise_job *make_jobs(bed *b)
{
    optimise_job *jobs = arena_push(&b->memory, N, sizeof *jobs);
    for (int i = 0; i < N; i++) {
        jobs[i] = (optimise_job){.feature = i % 5, .scale = 3, .length = L - i % 2};
        jobs[i].x_LD = arena_push(&b->memory, (size_t)L * RIG_D, sizeof(float));
        optimise_random_start(jobs[i].x_LD, b->table, 7, i % 5, i, jobs[i].length, 0.1);
    }
    return jobs;
}

static void expect_same(const optimise_job *a, const optimise_job *b)
{
    for (int i = 0; i < N; i++) {
        assert_memory_equal(a[i].x_LD, b[i].x_LD, (size_t)a[i].length * RIG_D * sizeof(float));
        assert_true(a[i].objective == b[i].objective && a[i].activation == b[i].activation);
        assert_int_equal(a[i].last_step, b[i].last_step);
        assert_int_equal(a[i].converged, b[i].converged);
        assert_int_equal(a[i].n_curve, b[i].n_curve);
        assert_memory_equal(a[i].curve, b[i].curve, (size_t)a[i].n_curve * sizeof *a[i].curve);
    }
}

/* A run that is stopped after every `steps` of them, each time with jobs and all else anew. */
static void expect_same_in_parts(bed *b, const optimise_options *o, const optimise_job *want,
                                 int steps)
{
    stopper *s = stopper_new(NULL, steps);
    err_code rc = E_CANCELLED;
    optimise_job *jobs = NULL;
    int stops = 0;
    while (rc == E_CANCELLED) {
        err e = {0};
        b->set.draft = &s->draft;
        jobs = make_jobs(b);
        rc = optimise_jobs(jobs, N, &b->set, o, &b->memory, &e);
        stops += rc == E_CANCELLED;
        stopper *next = stopper_new(&s->kept, steps);
        stopper_release(s);
        s = next;
    }
    assert_int_equal(rc, OK);
    assert_true(stops > 3);
    expect_same(want, jobs);
    stopper_release(s);
    b->set.draft = NULL;
}

static void goes_on_to_the_same_bytes(void **state)
{
    (void)state;
    static const free_mode modes[] = {FREE_BALL, FREE_WHITENED, FREE_ORIGINAL};
    for (size_t m = 0; m < COUNT_OF(modes); m++) {
        bed *b = bed_open("cpu", 2, "blocks.1.hook_resid_post", 0);
        bed_whiten(b);
        optimise_options o = options(modes[m]);
        optimise_job *want = make_jobs(b);
        err e = {0};
        assert_int_equal(optimise_jobs(want, N, &b->set, &o, &b->memory, &e), OK);
        for (int steps = 1; steps < 4; steps++)
            expect_same_in_parts(b, &o, want, steps);
        bed_close(b);
    }
}

/* The state after three steps, with one byte more or less, or of other jobs. */
static void another_state_is_refused(void **state)
{
    (void)state;
    bed *b = bed_open("cpu", 1, "blocks.1.hook_resid_post", 0);
    optimise_options o = options(FREE_BALL);
    stopper *s = stopper_new(NULL, 3);
    err e = {0};
    b->set.draft = &s->draft;
    assert_int_equal(optimise_jobs(make_jobs(b), N, &b->set, &o, &b->memory, &e), E_CANCELLED);
    for (int change = 0; change < 3; change++) {
        draft d = {.name = "the-draft"};
        str_add_bytes(&d.state, s->kept.data, s->kept.len - (change == 0));
        if (change == 1)
            str_add_char(&d.state, 'x');
        b->set.draft = &d;
        e = (err){0};
        int n = change == 2 ? AT_ONCE - 1 : N;
        assert_int_equal(optimise_jobs(make_jobs(b), n, &b->set, &o, &b->memory, &e), E_FORMAT);
        assert_non_null(strstr(e.text, "the-draft"));
        str_release(&d.state);
    }
    stopper_release(s);
    bed_close(b);
}

/* ---- searches ----------------------------------------------------------------------------------
 */

enum { SEARCHES = 4, WINDOWS = 3, LENGTH = 4 };

static search_options search_of(const char *name)
{
    search_options o;
    assert_true(search_preset(&o, name, LENGTH));
    o.batch_features = 2;
    o.iterations = o.iterations > 5 ? 5 : o.iterations;
    o.front_iterations = o.front_iterations > 7 ? 7 : o.front_iterations;
    o.children = o.children > 12 ? 12 : o.children;
    o.restart_every = o.restart_every ? 3 : 0;
    o.patience = 2;
    o.relaxed.steps = 5;
    o.relaxed.candidates = 20;
    return o;
}

static search_job *make_searches(bed *b)
{
    search_job *jobs = arena_push(&b->memory, SEARCHES, sizeof *jobs);
    int32_t *tokens = arena_push(&b->memory, WINDOWS * LENGTH, sizeof *tokens);
    for (int i = 0; i < WINDOWS * LENGTH; i++)
        tokens[i] = 3 + 7 * i % 80;
    for (int i = 0; i < SEARCHES; i++)
        jobs[i] = (search_job){.feature = i,
                               .scale = 2,
                               .windows_WL = tokens,
                               .n_windows = WINDOWS,
                               .single_S = tokens,
                               .n_singles = 5,
                               .fluent_limit = 6};
    return jobs;
}

static err_code search(search_job *jobs, bed *b, const search_options *o)
{
    err e = {0};
    return search_features(jobs, SEARCHES, &b->set, o, 1, &b->memory, &e);
}

/* Work that was stopped within a step is done again: two keepings go one step on. */
static void searches_go_on_to_the_same_end(void **state)
{
    (void)state;
    static const char *const presets[] = {"standard", "epo", "gcg"};
    for (size_t k = 0; k < COUNT_OF(presets); k++) {
        bed *b = bed_open("cpu", 2, "blocks.1.hook_resid_post", 0);
        b->set.tokenizer = b->r.tokenizer;
        search_options o = search_of(presets[k]);
        search_job *want = make_searches(b), *jobs = NULL;
        assert_int_equal(search(want, b, &o), OK);
        stopper *s = stopper_new(NULL, 2);
        int stops = -1;
        for (err_code rc = E_CANCELLED; rc == E_CANCELLED; stops++) {
            b->set.draft = &s->draft;
            jobs = make_searches(b);
            rc = search(jobs, b, &o);
            assert_true(rc == OK || rc == E_CANCELLED);
            stopper *next = stopper_new(&s->kept, 2);
            stopper_release(s);
            s = next;
        }
        assert_true(stops > 10);
        for (int i = 0; i < SEARCHES; i++)
            expect_same_search(&jobs[i], &want[i]);
        stopper_release(s);
        bed_close(b);
    }
}

/* Cut anywhere, or longer. */
static void another_search_is_refused(void **state)
{
    (void)state;
    bed *b = bed_open("cpu", 1, "blocks.1.hook_resid_post", 0);
    search_options o = search_of("standard");
    stopper *s = stopper_new(NULL, 12);
    b->set.draft = &s->draft;
    assert_int_equal(search(make_searches(b), b, &o), E_CANCELLED);
    draft d = {.name = "the-draft"};
    b->set.draft = &d;
    for (size_t cut = 1; cut < s->kept.len; cut += 1 + s->kept.len / 60) {
        str_clear(&d.state);
        str_add_bytes(&d.state, s->kept.data, cut);
        assert_int_equal(search(make_searches(b), b, &o), E_FORMAT);
    }
    str_clear(&d.state);
    str_add_bytes(&d.state, s->kept.data, s->kept.len);
    str_add_char(&d.state, 'x');
    assert_int_equal(search(make_searches(b), b, &o), E_FORMAT);
    str_release(&d.state);
    stopper_release(s);
    bed_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on_to_the_same_bytes),
        cmocka_unit_test(another_state_is_refused),
        cmocka_unit_test(searches_go_on_to_the_same_end),
        cmocka_unit_test(another_search_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
