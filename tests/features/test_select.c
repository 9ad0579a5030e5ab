/* Cluster scores, feature scores and the choice, by hand and against definitions. */
#include "test.h"

#include "base/memory.h"
#include "features/common_gather.h"
#include "features/select.h"
#include <math.h>

enum { PROMPTS = 4, F = 7 };

/* Activations over prompts; several prompts without activity. */
static const float rows[F][PROMPTS] = {
    {1, 2, 0, 0},    /* cluster 0 */
    {0, 0, 0, 8},    /* cluster 1 */
    {3, 0, 0, 0},    /* cluster 0 */
    {0, 0, 0, 0},    /* no cluster */
    {2, 2, 2, 2},    /* cluster 2 */
    {0, 3, 0, 0},    /* cluster 0: ties with feature 2 in mean and maximum */
    {0, 0, 1, 0.5f}, /* noise */
};
static const int features[] = {0, 1, 2, 4, 5, 6}, labels[] = {0, 1, 0, 2, 0, -1};
enum { N = COUNT_OF(features), C = 3 };

static collection collection_make(void)
{
    gatherer *g = gatherer_new(F, NULL);
    collection c = {0};
    err e = {0};
    for (int32_t p = 0; p < PROMPTS; p++) {
        float x_F[F];
        int32_t position = 0;
        bool counted = true;
        for (int f = 0; f < F; f++)
            x_F[f] = rows[f][p];
        gather_dense(g, x_F, F, &p, &position, &counted, 1);
    }
    assert_int_equal(gatherer_finish(&c, g, PROMPTS, &e), OK);
    gatherer_free(g);
    return c;
}

static select_options options(select_strategy strategy, score_kind scoring)
{
    return (select_options){.strategy = strategy,
                            .scoring = scoring,
                            .ranking = FEATURES_BY_MAX,
                            .num_clusters = 2,
                            .features_per_cluster = 10,
                            .max_features = 100,
                            .percentile = 90,
                            .activation_threshold = 1.5,
                            .statistic = PROMPT_MAX};
}

static void check_close(const char *what, int i, double got, double want)
{
    if (!(fabs(got - want) <= 1e-12 * fmax(1, fabs(want))))
        fail_msg("%s %d: %.17g, expected %.17g", what, i, got, want);
}

static void scores_by_hand(void **state)
{
    (void)state;
    /* Cluster 0: three features, 12 cells, sum 9, three cells above 1.5. Cluster 1: 4 cells, sum 8,
     * one above. Cluster 2: all four above. */
    static const struct {
        int size;
        double mean, max, share;
    } want[C] = {{3, 9.0 / 12, 3, 3.0 / 12}, {1, 2, 8, 1.0 / 4}, {1, 2, 2, 1}};
    collection c = collection_make();
    select_options o = options(SELECT_ALL, SCORE_COMPOSITE);
    cluster_score score_C[C];
    select_scores(score_C, &c, features, labels, N, C, &o);
    for (int k = 0; k < C; k++) {
        const double *v = score_C[k].value;
        assert_int_equal(score_C[k].size, want[k].size);
        check_close("size", k, v[SCORE_SIZE], want[k].size);
        check_close("mean", k, v[SCORE_ACTIVATION], want[k].mean);
        check_close("max", k, v[SCORE_MAX_ACTIVATION], want[k].max);
        check_close("sparsity", k, v[SCORE_SPARSITY], want[k].share * (1 - want[k].share));
        check_close("composite", k, v[SCORE_COMPOSITE],
                    want[k].mean * want[k].max * log(1.0 + want[k].size));
    }
    collection_release(&c);
}

static void a_cluster_without_members(void **state)
{
    (void)state;
    static const int nowhere[N] = {0, -1, 0, -1, 0, -1};
    collection c = collection_make();
    select_options o = options(SELECT_ALL, SCORE_COMPOSITE);
    cluster_score score_C[2];
    select_scores(score_C, &c, features, nowhere, N, 2, &o);
    for (int s = 0; s < SCORE_KINDS; s++)
        assert_true(score_C[1].value[s] == 0 && score_C[0].value[s] > 0);
    collection_release(&c);
}

/* numpy.percentile(method="linear") and torch.quantile: x[h] with h = q (n - 1), linear between. */
static void percentiles_are_linear(void **state)
{
    (void)state;
    static const struct {
        int feature;
        double percentile, want;
    } cases[] = {
        {0, 0, 0},     {0, 100, 2},  {0, 50, 0.5}, /* 0 0 1 2: half-way between 0 and 1, zeros count
                                                    */
        {0, 75, 1.25}, {0, 90, 1.7}, {1, 66, 0},   {1, 90, 5.6}, /* 0 0 0 8 */
        {4, 37, 2},                                              /* all alike */
        {3, 90, 0},                                              /* never active */
        {6, 60, 0.4},                                            /* 0 0 0.5 1 */
        {6, 90, 0.85}, /* sorted, though 0.5 came after 1 */
    };
    collection c = collection_make();
    select_options o = options(SELECT_ALL, SCORE_SIZE);
    o.ranking = FEATURES_BY_PERCENTILE;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        o.percentile = cases[i].percentile;
        check_close("percentile", (int)i, select_feature_score(&c, cases[i].feature, &o),
                    cases[i].want);
    }
    o.ranking = FEATURES_BY_MEAN;
    check_close("mean", 0, select_feature_score(&c, 0, &o), 0.75);
    check_close("mean", 3, select_feature_score(&c, 3, &o), 0);
    o.ranking = FEATURES_BY_MAX;
    check_close("max", 1, select_feature_score(&c, 1, &o), 8);
    collection_release(&c);
}

typedef struct choice {
    int feature, cluster, cluster_rank, rank;
} choice;

static void check_choice(const select_options *o, const choice *want, int n_want, int n_cut)
{
    collection c = collection_make();
    cluster_score score_C[C];
    selected_feature out[N];
    int cut = -1;
    select_scores(score_C, &c, features, labels, N, C, o);
    int n = select_features(out, &cut, &c, score_C, features, labels, N, C, o);
    assert_int_equal(n, n_want);
    assert_int_equal(cut, n_cut);
    for (int i = 0; i < n; i++) {
        assert_int_equal(out[i].feature, want[i].feature);
        assert_int_equal(out[i].cluster, want[i].cluster);
        assert_int_equal(out[i].cluster_rank, want[i].cluster_rank);
        assert_int_equal(out[i].rank, want[i].rank);
        assert_true(out[i].score == select_feature_score(&c, out[i].feature, o));
    }
    collection_release(&c);
}

static void strategies(void **state)
{
    (void)state;
    select_options all = options(SELECT_ALL, SCORE_SIZE);
    /* Clusters 1 and 2 tie in size: the lower first. Features 2 and 5 tie: the lower first. */
    static const choice by_size[] = {
        {2, 0, 1, 1}, {5, 0, 1, 2}, {0, 0, 1, 3}, {1, 1, 2, 1}, {4, 2, 3, 1}};
    check_choice(&all, by_size, 5, 0);

    select_options single = options(SELECT_SINGLE, SCORE_MAX_ACTIVATION);
    static const choice loudest[] = {{1, 1, 1, 1}};
    check_choice(&single, loudest, 1, 0);

    select_options two = options(SELECT_TOP_N, SCORE_ACTIVATION);
    static const choice top[] = {{1, 1, 1, 1}, {4, 2, 2, 1}}; /* both means are 2 */
    check_choice(&two, top, 2, 0);
    two.num_clusters = 50; /* more than there are */
    two.features_per_cluster = 1;
    static const choice one_each[] = {{1, 1, 1, 1}, {4, 2, 2, 1}, {2, 0, 3, 1}};
    check_choice(&two, one_each, 3, 0);

    two.max_features = 2;
    check_choice(&two, one_each, 2, 1);
    all.max_features = 3;
    check_choice(&all, by_size, 3, 2);
    all.features_per_cluster = 2; /* what a cluster may not give is not counted as cut */
    static const choice pairs[] = {{2, 0, 1, 1}, {5, 0, 1, 2}, {1, 1, 2, 1}};
    check_choice(&all, pairs, 3, 1);
}

static void no_cluster_gives_nothing(void **state)
{
    (void)state;
    static const int none[N] = {-1, -1, -1, -1, -1, -1};
    collection c = collection_make();
    select_options o = options(SELECT_ALL, SCORE_SIZE);
    selected_feature out[N];
    int cut = -1;
    assert_int_equal(select_features(out, &cut, &c, NULL, features, none, N, 0, &o), 0);
    assert_int_equal(cut, 0);
    collection_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_by_hand),           cmocka_unit_test(a_cluster_without_members),
        cmocka_unit_test(percentiles_are_linear),   cmocka_unit_test(strategies),
        cmocka_unit_test(no_cluster_gives_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
