/* The filter: each test drops what it should, in its order. */
#include "test.h"

#include "base/memory.h"
#include "features/common_gather.h"
#include "features/filter.h"
#include <math.h>
#include <string.h>

enum { PROMPTS = 8 };

/* A collection by hand: rows of activations over PROMPTS prompts of one token each. */
static collection collection_of(const float (*rows)[PROMPTS], int n)
{
    gatherer *g = gatherer_new(n, NULL);
    collection c = {0};
    err e = {0};
    float *x_F = mem_small((size_t)n, sizeof *x_F);
    for (int32_t p = 0; p < PROMPTS; p++) {
        int32_t position = 0;
        bool counted = true;
        for (int f = 0; f < n; f++)
            x_F[f] = rows[f][p];
        gather_dense(g, x_F, n, &p, &position, &counted, 1);
    }
    assert_int_equal(gatherer_finish(&c, g, PROMPTS, &e), OK);
    mem_free(x_F);
    gatherer_free(g);
    return c;
}

/* Entropies in nats: of k equal prompts log k. */
static const struct {
    float x[PROMPTS];
    filter_reason reason;
} features[] = {
    {{1, 1, 1}, FILTER_KEPT},                         /* log 3 = 1.10, share 3/8 */
    {{0}, FILTER_DEAD},                               /* dead though its entropy is low */
    {{5}, FILTER_ENTROPY_LOW},                        /* one prompt: 0 */
    {{1, 1}, FILTER_ENTROPY_LOW},                     /* log 2: exactly the limit */
    {{1, 1, 1, 1, 1, 1, 1, 1}, FILTER_ENTROPY_HIGH},  /* log 8, and share 1 too */
    {{1, 1, 1, 1, 1, 1}, FILTER_ENTROPY_HIGH},        /* log 6: above 1.7 */
    {{0.05f, 0.05f, 0.05f, 0.05f}, FILTER_SHARE_LOW}, /* never above the threshold */
    {{1, 1, 0.05f, 0.05f, 0.05f}, FILTER_KEPT},       /* share 2/8: above 1/8 */
    {{1, 0.3f, 0.3f, 0.05f, 0.05f}, FILTER_KEPT},     /* share 3/8 */
    {{1, 1, 1, 1, 1}, FILTER_SHARE_HIGH},             /* share 5/8: exactly the limit */
    {{1, 0.05f, 0.05f, 0.05f, 0.05f, 0.05f, 0.05f}, FILTER_SHARE_LOW}, /* 1/8: the limit */
};

static filter_options options(void)
{
    return (filter_options){.entropy_low = log(2),
                            .entropy_high = 1.7,
                            .share_min = 1.0 / 8,
                            .share_max = 5.0 / 8,
                            .activation_threshold = 0.1,
                            .statistic = PROMPT_MAX};
}

static collection all_features(void)
{
    float rows[COUNT_OF(features)][PROMPTS];
    for (size_t f = 0; f < COUNT_OF(features); f++)
        memcpy(rows[f], features[f].x, sizeof rows[f]);
    return collection_of(rows, COUNT_OF(features));
}

static void each_test_drops_what_it_should(void **state)
{
    (void)state;
    collection c = all_features();
    filter_options o = options();
    filter_result r;
    err e = {0};
    int dropped[FILTER_REASONS] = {0}, kept = 0;
    assert_int_equal(filter_features(&r, &c, &o, &e), OK);
    for (int f = 0; f < (int)COUNT_OF(features); f++) {
        if (r.reason_F[f] != features[f].reason)
            fail_msg("feature %d: \"%s\", expected \"%s\" (entropy %g, share %g)", f,
                     filter_name(r.reason_F[f]), filter_name(features[f].reason), r.entropy_F[f],
                     r.share_F[f]);
        dropped[features[f].reason]++;
        if (features[f].reason == FILTER_KEPT)
            assert_int_equal(r.kept[kept++], f); /* ascending */
        assert_true(r.entropy_F[f] == stats_entropy(&c, f, PROMPT_MAX));
        assert_true(r.share_F[f] == stats_prompt_share(&c, f, PROMPT_MAX, 0.1));
    }
    assert_int_equal(r.n_kept, kept);
    assert_memory_equal(r.dropped, dropped, sizeof dropped);
    for (int reason = FILTER_DEAD; reason < FILTER_REASONS; reason++)
        assert_true(dropped[reason] > 0); /* every test was seen to drop something */
    filter_release(&r);
    collection_release(&c);
}

/* Limits out of the way, every feature that is ever active stays. */
static void wide_limits_keep_all_but_the_dead(void **state)
{
    (void)state;
    collection c = all_features();
    filter_options o = {.entropy_low = -1, .entropy_high = 100, .share_min = -1, .share_max = 2};
    filter_result r;
    err e = {0};
    assert_int_equal(filter_features(&r, &c, &o, &e), OK);
    assert_int_equal(r.n_kept, COUNT_OF(features) - 1);
    assert_int_equal(r.dropped[FILTER_DEAD], 1);
    filter_release(&r);
    collection_release(&c);
}

static void nothing_left_names_the_keys(void **state)
{
    (void)state;
    const struct {
        filter_options o;
        const char *key, *name;
    } cases[] = {
        {{.entropy_low = 50, .entropy_high = 100, .share_max = 1},
         "filter.entropy_threshold_low",
         "entropy-low"},
        {{.entropy_low = -1, .entropy_high = 0, .share_max = 1},
         "filter.entropy_threshold_high",
         "entropy-high"},
        {{.entropy_low = -1, .entropy_high = 100, .share_min = 1, .share_max = 2},
         "filter.sparsity_min",
         "sparsity-min"},
        {{.entropy_low = -1, .entropy_high = 100, .share_min = -1, .share_max = 0},
         "filter.sparsity_max",
         "sparsity-max"},
    };
    collection c = all_features();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        filter_result r = {0};
        err e = {0};
        assert_int_equal(filter_features(&r, &c, &cases[i].o, &e), E_DATA);
        assert_non_null(strstr(e.text, cases[i].key));
        assert_non_null(strstr(e.text, cases[i].name));
        assert_null(r.kept);
        filter_options o = cases[i].o;
        o.may_drop_all = true;
        assert_int_equal(filter_features(&r, &c, &o, &e), OK);
        assert_int_equal(r.n_kept, 0);
        filter_release(&r);
    }
    collection_release(&c);

    static const float silent[2][PROMPTS] = {{0}};
    filter_options o = options();
    filter_result r = {0};
    err e = {0};
    c = collection_of(silent, 2);
    assert_int_equal(filter_features(&r, &c, &o, &e), E_DATA);
    assert_non_null(strstr(e.text, "collect.n_prompts"));
    assert_non_null(strstr(e.text, "of 2, 2 failed"));
    collection_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_test_drops_what_it_should),
        cmocka_unit_test(wide_limits_keep_all_but_the_dead),
        cmocka_unit_test(nothing_left_names_the_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
