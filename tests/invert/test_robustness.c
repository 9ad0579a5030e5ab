/* Sequences behind other beginnings, against running each alone. */
#include "test.h"

#include "base/memory.h"
#include "base/rng.h"
#include "invert/common_bed.h"
#include "invert/robustness.h"
#include <math.h>
#include <string.h>

enum {
    F = RIG_F,
    N = 21, /* more than are measured at once */
    LONGEST = 5,
    C = ROBUSTNESS_CONTEXTS,
    PREFIXES = 1 + ROBUSTNESS_RANDOM /* where they begin */
};

static prompt_set make_prompts(const bed *b, const char *const *text, int n, int most)
{
    prompt_set p = {.bos = b->set.bos, .min_tokens = 0, .max_tokens = most};
    err e = {0};
    for (int i = 0; i < n; i++)
        assert_int_equal(prompts_add(&p, b->r.tokenizer, text[i], strlen(text[i]), &e), OK);
    assert_int_equal(p.n, n);
    return p;
}

/* Some of the prompts are empty; the last is shorter than the longest beginning. */
static const char *const TEXT[] = {"", "the quick brown fox jumps", "a cat and a dog", "", "xyz"};
enum { N_TEXT = COUNT_OF(TEXT) };

typedef struct cases {
    robustness_job jobs[N];
    int32_t tokens[N][LONGEST];
} cases;

static void cases_make(cases *c, const rig *r)
{
    rng s = rng_stream(9, "test_robustness");
    for (int i = 0; i < N; i++) {
        for (int t = 0; t < LONGEST; t++)
            c->tokens[i][t] = 1 + (int32_t)rng_below(&s, (uint32_t)r->n_tokens - 1);
        c->jobs[i] = (robustness_job){.feature = (int)rng_below(&s, F),
                                      .tokens_L = c->tokens[i],
                                      .length = 1 + (int)rng_below(&s, LONGEST)};
    }
}

static float behind(bed *b, const robustness_job *job, const int32_t *before, int n)
{
    int32_t tokens[ROBUSTNESS_LONGEST + LONGEST];
    float pre_F[F];
    memcpy(tokens, before, (size_t)n * sizeof *tokens);
    memcpy(tokens + n, job->tokens_L, (size_t)job->length * sizeof *tokens);
    bed_last(pre_F, b, tokens, n + job->length);
    return pre_F[job->feature];
}

static bool near(float a, float b)
{
    return fabsf(a - b) < 1e-4f * (1 + fabsf(b));
}

/* Is the value that of a beginning of some prompt? */
static bool is_behind_prompt(bed *b, const robustness_job *job, const prompt_set *p, float value)
{
    int skip = p->bos >= 0;
    for (int i = 0; i < p->n; i++)
        for (int n = 1; n <= ROBUSTNESS_LONGEST && n + skip <= prompts_length(p, i); n++)
            if (near(value, behind(b, job, prompts_tokens(p, i) + skip, n)))
                return true;
    return false;
}

static void expect_summary(const robustness_job *job)
{
    double total = 0, least = (double)INFINITY, clean = (double)job->pre_activation_C[0];
    for (int c = 1; c < C; c++) {
        total += (double)job->pre_activation_C[c] / clean;
        least = fmin(least, (double)job->pre_activation_C[c] / clean);
    }
    if (clean > 0) {
        assert_true(fabs(job->kept_mean - total / 15) < 1e-9);
        assert_true(fabs(job->kept_least - least) < 1e-9);
    } else {
        assert_true(isnan(job->kept_mean) && isnan(job->kept_least));
    }
}

/* One candidate alone, so that random strings are known: it, 1 to 8 times. */
static void equal_to_running_each_alone(void **state)
{
    (void)state;
    static const struct {
        const char *backend_name, *hook_name;
        int bos;
    } list[] = {
        {"ref", "blocks.1.hook_resid_post", 0},
        {"cpu", "blocks.1.hook_resid_post", 0},
        {"cpu", "blocks.0.mlp.hook_post", -1},
    };
    for (size_t k = 0; k < COUNT_OF(list); k++) {
        bed *b = bed_open(list[k].backend_name, 2, list[k].hook_name, list[k].bos);
        prompt_set p = make_prompts(b, TEXT, N_TEXT, 64);
        cases *c = mem_small(1, sizeof *c);
        int32_t string[ROBUSTNESS_RANDOM];
        int lively = 0;
        err e = {0};
        cases_make(c, &b->r);
        bed_keep_candidates(b, 1);
        for (int i = 0; i < ROBUSTNESS_RANDOM; i++)
            string[i] = b->table->ids[0];
        if (robustness_measure(c->jobs, N, &b->set, &p, 1, &e))
            fail_msg("%s", e.text);
        for (int i = 0; i < N; i++) {
            const robustness_job *job = &c->jobs[i];
            for (int n = 0; n <= ROBUSTNESS_RANDOM; n++)
                assert_true(near(job->pre_activation_C[n], behind(b, job, string, n)));
            for (int n = PREFIXES; n < C; n++)
                assert_true(is_behind_prompt(b, job, &p, job->pre_activation_C[n]));
            expect_summary(job);
            lively += job->pre_activation_C[0] > 0;
        }
        assert_true(lively > 5 && lively < N); /* both kinds were compared */
        prompts_release(&p);
        mem_free(c);
        bed_close(b);
    }
}

/* Read off its own embedding, a token does not care what stands before it. */
static void all_is_kept_where_nothing_is_seen(void **state)
{
    (void)state;
    bed *b = bed_open("ref", 1, "hook_embed", 0);
    float w_FD[RIG_D] = {1}, b_F[1] = {5};
    bed_set_directions(b, w_FD, b_F, 1);
    prompt_set p = make_prompts(b, TEXT, N_TEXT, 64);
    int32_t tokens[2] = {11, 12};
    robustness_job job = {.tokens_L = tokens, .length = 2};
    err e = {0};
    assert_int_equal(robustness_measure(&job, 1, &b->set, &p, 1, &e), OK);
    for (int i = 1; i < C; i++)
        assert_true(job.pre_activation_C[i] == job.pre_activation_C[0]);
    assert_true(fabs(job.kept_mean - 1) < 1e-12 && job.kept_least == 1);
    prompts_release(&p);
    bed_close(b);
}

static void measure_one(robustness_job *job, const bed *b, const prompt_set *p, uint64_t seed)
{
    err e = {0};
    if (robustness_measure(job, 1, &b->set, p, seed, &e))
        fail_msg("%s", e.text);
}

static void expect_same(const robustness_job *a, const robustness_job *b)
{
    assert_memory_equal(a->pre_activation_C, b->pre_activation_C, sizeof a->pre_activation_C);
    assert_memory_equal(&a->kept_mean, &b->kept_mean, sizeof a->kept_mean);
    assert_memory_equal(&a->kept_least, &b->kept_least, sizeof a->kept_least);
}

/* How many contexts from `first` on give two sequences of the same feature the same value. */
static int alike(const robustness_job *a, const robustness_job *b, int first, int end)
{
    int n = 0;
    for (int c = first; c < end; c++)
        n += a->pre_activation_C[c] == b->pre_activation_C[c];
    return n;
}

static void contexts_hang_on_seed_and_feature(void **state)
{
    (void)state;
    bed *b = bed_open("ref", 1, "blocks.1.hook_resid_post", 0);
    /* Two features that are the same. */
    float w_FD[2 * RIG_D], b_F[2] = {3, 3};
    for (int d = 0; d < 2 * RIG_D; d++)
        w_FD[d] = (float)(d % RIG_D) - 7;
    bed_set_directions(b, w_FD, b_F, 2);
    prompt_set p = make_prompts(b, TEXT, N_TEXT, 64);
    int32_t tokens[3] = {20, 30, 40};
    robustness_job one = {.tokens_L = tokens, .length = 3}, again = one, seeded = one, other = one;
    other.feature = 1;
    measure_one(&one, b, &p, 1);
    measure_one(&again, b, &p, 1);
    measure_one(&seeded, b, &p, 2);
    measure_one(&other, b, &p, 1);
    expect_same(&one, &again);
    assert_int_equal(alike(&one, &seeded, 0, 1), 1);
    assert_true(alike(&one, &seeded, 1, PREFIXES) <= 1); /* a string of one token may recur */
    assert_true(alike(&one, &seeded, PREFIXES, C) < ROBUSTNESS_PREFIXES);
    assert_int_equal(alike(&one, &other, 0, 1), 1);
    assert_true(alike(&one, &other, 1, PREFIXES) <= 1);
    assert_true(alike(&one, &other, PREFIXES, C) < ROBUSTNESS_PREFIXES);
    prompts_release(&p);
    bed_close(b);
}

static void independent_of_threads_and_company(void **state)
{
    (void)state;
    static const char *const backends[] = {"cpu", "cpu", "ref"};
    cases *c[3];
    err e = {0};
    for (int i = 0; i < 3; i++) {
        bed *b = bed_open(backends[i], i == 1 ? 3 : 1, "blocks.1.hook_resid_post", 0);
        prompt_set p = make_prompts(b, TEXT, N_TEXT, 64);
        c[i] = mem_small(1, sizeof *c[i]);
        cases_make(c[i], &b->r);
        assert_int_equal(robustness_measure(c[i]->jobs, N, &b->set, &p, 7, &e), OK);
        for (int k = 0; k < N && i == 2; k += 5) {
            robustness_job alone = c[i]->jobs[k];
            measure_one(&alone, b, &p, 7);
            expect_same(&alone, &c[i]->jobs[k]);
        }
        prompts_release(&p);
        bed_close(b);
    }
    for (int k = 0; k < N; k++)
        expect_same(&c[0]->jobs[k], &c[1]->jobs[k]);
    for (int i = 0; i < 3; i++)
        mem_free(c[i]);
}

static void limits(void **state)
{
    (void)state;
    bed *b = bed_open("cpu", 1, "blocks.1.hook_resid_post", 0);
    static const char *const empty[] = {"", ""};
    prompt_set some = make_prompts(b, TEXT, N_TEXT, 64), none = make_prompts(b, empty, 2, 64);
    prompt_set no_prompts = {.bos = 0};
    int32_t tokens[RIG_CONTEXT];
    for (int i = 0; i < RIG_CONTEXT; i++)
        tokens[i] = 1 + i % 90;
    robustness_job job = {.tokens_L = tokens, .length = RIG_CONTEXT - ROBUSTNESS_LONGEST};
    err e = {0};
    assert_int_equal(robustness_measure(&job, 0, &b->set, &no_prompts, 1, &e), OK);
    assert_int_equal(robustness_measure(&job, 1, &b->set, &some, 1, &e), E_SHAPE);
    job.length--; /* with the BOS just enough */
    assert_int_equal(robustness_measure(&job, 1, &b->set, &some, 1, &e), OK);
    assert_int_equal(robustness_measure(&job, 1, &b->set, &none, 1, &e), E_DATA);
    assert_int_equal(robustness_measure(&job, 1, &b->set, &no_prompts, 1, &e), E_DATA);
    job.length = 0;
    assert_int_equal(robustness_measure(&job, 1, &b->set, &some, 1, &e), E_SHAPE);
    job.length = 1;
    job.feature = F;
    assert_int_equal(robustness_measure(&job, 1, &b->set, &some, 1, &e), E_DATA);
    prompts_release(&some);
    prompts_release(&none);
    bed_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_to_running_each_alone),
        cmocka_unit_test(all_is_kept_where_nothing_is_seen),
        cmocka_unit_test(contexts_hang_on_seed_and_feature),
        cmocka_unit_test(independent_of_threads_and_company),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
