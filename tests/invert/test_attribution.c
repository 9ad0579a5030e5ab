/* What tokens contribute, against replacing each by hand. */
#include "test.h"

#include "base/memory.h"
#include "base/rng.h"
#include "invert/attribution.h"
#include "invert/common_bed.h"
#include <math.h>
#include <string.h>

enum { D = RIG_D, F = RIG_F, N = 44, LONGEST = 6, A = ATTRIBUTION_ALTERNATIVES };

/* Sequences of many lengths and any tokens; more of length 3 than run at once. */
typedef struct cases {
    attribution_job jobs[N];
    int32_t tokens[N][LONGEST];
} cases;

static void cases_make(cases *c, const rig *r)
{
    rng s = rng_stream(6, "test_attribution");
    for (int i = 0; i < N; i++) {
        for (int t = 0; t < LONGEST; t++)
            c->tokens[i][t] = (int32_t)rng_below(&s, (uint32_t)(r->n_tokens + RIG_UNKNOWN));
        c->jobs[i] = (attribution_job){.feature = (int)rng_below(&s, F),
                                       .scale = 3,
                                       .tokens_L = c->tokens[i],
                                       .length = i % 4 ? 3 : 1 + (int)rng_below(&s, LONGEST)};
    }
}

static float last_of(bed *b, const int32_t *tokens, int length, int feature)
{
    float pre_F[F];
    bed_last(pre_F, b, tokens, length);
    return pre_F[feature];
}

/* Gradient of the pre-activation at the last token, at every embedding of one sequence. */
static void define_gradient(float *d_x_LD, bed *b, const attribution_job *job)
{
    int skip = b->set.bos >= 0, T = job->length + skip, W = b->r.hook.width;
    int32_t tokens[LONGEST + 1] = {b->set.bos};
    float *d_h = mem_small((size_t)T * (size_t)W, sizeof *d_h), d_x[(LONGEST + 1) * D], one = 1;
    memcpy(tokens + skip, job->tokens_L, (size_t)job->length * sizeof *tokens);
    forward *f;
    sae_columns *column;
    err e = {0};
    assert_int_equal(forward_new(&f, b->r.model, 1, T, &b->r.hook, FORWARD_INPUT_GRADIENT, &e), OK);
    assert_int_equal(sae_columns_new(&column, b->r.sae, &job->feature, 1, &e), OK);
    assert_int_equal(forward_tokens(f, tokens, 1, T, &b->r.hook, &e), OK);
    sae_backward_columns(ROW(d_h, T - 1, W), column, &one, ROW(forward_hook(f), T - 1, W), 1);
    assert_int_equal(backward_to_embeddings(d_x, f, d_h, &e), OK);
    memcpy(d_x_LD, d_x + skip * D, (size_t)job->length * D * sizeof *d_x);
    sae_columns_free(column);
    forward_free(f);
    mem_free(d_h);
}

/* The largest of `n` alternatives by dot product with g, without `own`. Returns how many. */
static int define_alternatives(int32_t *best, const token_table *t, const float *g_D, int32_t own)
{
    double *dot = mem_small((size_t)t->n, sizeof *dot);
    int n = 0;
    for (int i = 0; i < t->n; i++) {
        float x[D];
        token_table_row(x, t, t->ids[i]);
        for (int d = 0; d < D; d++)
            dot[i] += (double)x[d] * (double)g_D[d];
    }
    for (int i = 0; i < t->n; i++) {
        int before = 0;
        for (int j = 0; j < t->n; j++)
            before += t->ids[j] != own && (dot[j] > dot[i] || (dot[j] == dot[i] && j < i));
        if (t->ids[i] != own && before < A)
            best[n++] = t->ids[i];
    }
    mem_free(dot);
    return n;
}

static void expect_losses(bed *b, const attribution_job *job)
{
    float z = last_of(b, job->tokens_L, job->length, job->feature), d_x[LONGEST * D];
    assert_true(fabsf(job->pre_activation - z) < 1e-4f * (1 + fabsf(z)));
    define_gradient(d_x, b, job);
    for (int p = 0; p < job->length; p++) {
        int32_t tokens[LONGEST], others[A];
        int n = define_alternatives(others, b->table, d_x + p * D, job->tokens_L[p]);
        float best = -INFINITY, worst = INFINITY;
        memcpy(tokens, job->tokens_L, (size_t)job->length * sizeof *tokens);
        for (int k = 0; k < n; k++) {
            tokens[p] = others[k];
            float swapped = last_of(b, tokens, job->length, job->feature);
            best = fmaxf(best, swapped);
            worst = fminf(worst, swapped);
        }
        if (!(z > 0)) {
            assert_true(isnan(job->lost_most_L[p]) && isnan(job->lost_least_L[p]));
            continue;
        }
        assert_true(fabsf((float)job->lost_most_L[p] * z - (z - worst)) < 1e-3f);
        assert_true(fabsf((float)job->lost_least_L[p] * z - (z - best)) < 1e-3f);
    }
}

static void equal_to_replacing_by_hand(void **state)
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
        cases *c = mem_small(1, sizeof *c);
        arena a = {0};
        err e = {0};
        int lively = 0;
        cases_make(c, &b->r);
        if (attribution_run(c->jobs, N, &b->set, &a, &e))
            fail_msg("%s", e.text);
        for (int i = 0; i < N; i++) {
            expect_losses(b, &c->jobs[i]);
            lively += c->jobs[i].pre_activation > 0;
        }
        assert_true(lively > 5 && lively < N); /* both kinds were compared */
        arena_release(&a);
        mem_free(c);
        bed_close(b);
    }
}

static sae *top_k_sae(const bed *b)
{
    enum { K = 3 };
    float w_DF[D * F], w_FD[F * D], zeros[F] = {0};
    rng r = rng_stream(8, "test_attribution");
    for (int i = 0; i < D * F; i++)
        w_DF[i] = w_FD[i] = (float)rng_normal(&r);
    sae_config c = {.architecture = SAE_TOPK, .d_in = D, .d_sae = F, .k = K};
    memcpy(c.hook, b->r.hook.name, sizeof c.hook);
    sae_weights w = {w_DF, zeros, w_FD, zeros, NULL, NULL};
    sae *s;
    err e = {0};
    if (sae_new(&s, b->r.be, &c, &w, &e))
        fail_msg("%s", e.text);
    return s;
}

/* With so few candidates that all are tried, which are tried does not hang on a gradient: what is
 * compared is the pre-activation, of a feature that top-k leaves out as well. */
static void top_k_is_measured_before_the_selection(void **state)
{
    (void)state;
    bed *b = bed_open("ref", 1, "blocks.1.hook_resid_post", 0);
    sae_free(b->r.sae);
    b->set.sae = b->r.sae = top_k_sae(b);
    bed_keep_candidates(b, A);
    cases *c = mem_small(1, sizeof *c);
    arena a = {0};
    err e = {0};
    int lively = 0;
    cases_make(c, &b->r);
    assert_int_equal(attribution_run(c->jobs, N, &b->set, &a, &e), OK);
    for (int i = 0; i < N; i++) {
        expect_losses(b, &c->jobs[i]);
        lively += c->jobs[i].pre_activation > 0;
    }
    assert_true(lively > 5);
    arena_release(&a);
    mem_free(c);
    bed_close(b);
}

static void few_candidates(void **state)
{
    (void)state;
    bed *b = bed_open("ref", 1, "hook_embed", 0);
    float w_FD[D], b_F[1] = {100}; /* always above 0 */
    for (int d = 0; d < D; d++)
        w_FD[d] = 1;
    bed_set_directions(b, w_FD, b_F, 1);
    bed_keep_candidates(b, 1);
    int32_t tokens[2] = {b->table->ids[0], b->table->ids[0] + 1};
    attribution_job jobs[2] = {{.scale = 1, .tokens_L = tokens, .length = 1},
                               {.scale = 1, .tokens_L = tokens, .length = 2}};
    arena a = {0};
    err e = {0};
    assert_int_equal(attribution_run(jobs, 2, &b->set, &a, &e), OK);
    assert_true(jobs[0].pre_activation > 0 && isnan(jobs[0].lost_most_L[0])); /* no other token */
    assert_true(isnan(jobs[1].lost_least_L[0]));
    float was[1], is[1];
    bed_last(was, b, tokens + 1, 1);
    bed_last(is, b, tokens, 1);
    double lost = ((double)was[0] - (double)is[0]) / (double)was[0];
    assert_true(lost != 0 && jobs[1].lost_most_L[1] == lost && jobs[1].lost_least_L[1] == lost);
    arena_release(&a);
    bed_close(b);
}

static void expect_same(const attribution_job *a, const attribution_job *b)
{
    size_t bytes = (size_t)a->length * sizeof(double);
    assert_memory_equal(&a->pre_activation, &b->pre_activation, sizeof a->pre_activation);
    assert_memory_equal(a->lost_most_L, b->lost_most_L, bytes);
    assert_memory_equal(a->lost_least_L, b->lost_least_L, bytes);
}

static void independent_of_threads(void **state)
{
    (void)state;
    cases *c[2];
    arena a = {0};
    err e = {0};
    for (int i = 0; i < 2; i++) {
        bed *b = bed_open("cpu", i ? 3 : 1, "blocks.1.hook_resid_post", 0);
        c[i] = mem_small(1, sizeof *c[i]);
        cases_make(c[i], &b->r);
        assert_int_equal(attribution_run(c[i]->jobs, N, &b->set, &a, &e), OK);
        bed_close(b);
    }
    for (int i = 0; i < N; i++)
        expect_same(&c[0]->jobs[i], &c[1]->jobs[i]);
    arena_release(&a);
    mem_free(c[0]);
    mem_free(c[1]);
}

static void independent_of_company(void **state)
{
    (void)state;
    bed *b = bed_open("ref", 1, "blocks.1.hook_resid_post", 0);
    cases *c = mem_small(1, sizeof *c);
    arena a = {0};
    err e = {0};
    cases_make(c, &b->r);
    assert_int_equal(attribution_run(c->jobs, N, &b->set, &a, &e), OK);
    for (int i = 0; i < N; i += 7) {
        attribution_job alone = c->jobs[i];
        assert_int_equal(attribution_run(&alone, 1, &b->set, &a, &e), OK);
        expect_same(&alone, &c->jobs[i]);
    }
    arena_release(&a);
    mem_free(c);
    bed_close(b);
}

static void limits(void **state)
{
    (void)state;
    bed *b = bed_open("cpu", 1, "blocks.1.hook_resid_post", 0);
    int32_t tokens[RIG_CONTEXT];
    arena a = {0};
    err e = {0};
    for (int i = 0; i < RIG_CONTEXT; i++)
        tokens[i] = 1 + i % 90;
    attribution_job job = {.scale = 1, .tokens_L = tokens, .length = RIG_CONTEXT};
    assert_int_equal(attribution_run(&job, 0, &b->set, &a, &e), OK);
    assert_int_equal(attribution_run(&job, 1, &b->set, &a, &e), E_SHAPE);
    job.length = 0;
    assert_int_equal(attribution_run(&job, 1, &b->set, &a, &e), E_SHAPE);
    job.length = 2;
    job.feature = F;
    assert_int_equal(attribution_run(&job, 1, &b->set, &a, &e), E_DATA);
    job.feature = 0;
    tokens[1] = model_describe(b->r.model)->d_vocab;
    assert_int_equal(attribution_run(&job, 1, &b->set, &a, &e), E_SHAPE);
    tokens[1] = 2;
    job.length = RIG_CONTEXT - 1; /* with the BOS just enough */
    assert_int_equal(attribution_run(&job, 1, &b->set, &a, &e), OK);
    arena_release(&a);
    bed_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_to_replacing_by_hand),
        cmocka_unit_test(top_k_is_measured_before_the_selection),
        cmocka_unit_test(few_candidates),
        cmocka_unit_test(independent_of_threads),
        cmocka_unit_test(independent_of_company),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
