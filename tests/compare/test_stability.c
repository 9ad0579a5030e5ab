/* Several records side by side: equal ones, and what is changed in one of three, by hand. */
#include "test.h"
#include "base/memory.h"
#include "compare/stability.h"
#include "results/common_record.h"
#include <math.h>
#include <string.h>

enum { RUNS = 3 };

typedef struct three {
    arena memory;
    record of[RUNS];
    const record *runs[RUNS];
    stability s;
} three;

static void make_three(three *t, synthetic_kind kind)
{
    record_volatile times;
    *t = (three){0};
    for (int r = 0; r < RUNS; r++) {
        synthetic_record(&t->of[r], &times, &t->memory, kind);
        t->runs[r] = &t->of[r];
    }
}

static void close_to(double got, double want)
{
    if (!(fabs(got - want) < 1e-12))
        fail_msg("%.17g instead of %.17g", got, want);
}

static void spreads_leave_out_what_is_no_number(void **state)
{
    (void)state;
    over_runs s = over_runs_of((double[]){1, (double)NAN, 2, 6}, 4);
    assert_int_equal(s.n, 3);
    close_to(s.mean, 3);
    close_to(s.deviation, sqrt(7)); /* (4 + 1 + 9) / 2 */
    close_to(s.least, 1);
    close_to(s.most, 6);
    s = over_runs_of((double[]){0.1, 0.1, 0.1}, 3);
    assert_true(s.mean == 0.1 && s.deviation == 0);
    s = over_runs_of((double[]){5}, 1);
    assert_true(s.mean == 5 && isnan(s.deviation));
    s = over_runs_of((double[]){(double)NAN}, 1);
    assert_true(s.n == 0 && isnan(s.mean) && isnan(s.least));
}

static void equal_runs_agree_in_all(void **state)
{
    (void)state;
    for (int kind = SYNTHETIC_USUAL; kind <= SYNTHETIC_EMPTY; kind++) {
        three t;
        make_three(&t, (synthetic_kind)kind);
        stability_make(&t.s, t.runs, RUNS, 0, &t.memory);
        assert_true(t.s.same && t.s.matched);
        assert_int_equal(t.s.n_pairs, 3);
        assert_int_equal(t.s.n_settings, 0);
        assert_int_equal(t.s.n_targets, t.of[0].n_targets);
        assert_int_equal(t.s.n_in_all, t.of[0].n_targets);
        for (int i = 0; i < t.s.n_metrics; i++)
            close_to(t.s.metrics[i].spread.deviation, 0);
        for (int i = 0; i < t.s.n_targets; i++) {
            close_to(t.s.targets[i].tokens, 1);
            close_to(t.s.targets[i].words, 1);
            close_to(t.s.targets[i].same_rule, 1);
        }
        assert_non_null(strstr(stability_verdict(&t.s, &t.memory), "Nothing in them differs"));
        arena_release(&t.memory);
    }
}

static record_sequence *warm_of(record_target *t)
{
    for (int i = 0; i < t->search.n_sequences; i++)
        if (!strcmp(t->search.sequences[i].kind, "warm"))
            return &t->search.sequences[i];
    fail_msg("no warm sequence");
    return NULL;
}

/* The last run does not choose the last feature; of the first, the best sequence and the rule are
 * others. */
static void what_one_run_does_otherwise_is_found(void **state)
{
    (void)state;
    three t;
    make_three(&t, SYNTHETIC_USUAL);
    record *odd = &t.of[2];
    int n = odd->n_targets, last = odd->targets[n - 1].id, first = odd->targets[0].id;
    odd->n_targets--;
    static int one[] = {7, 8, 8, 9}, other[] = {8, 3, 7, 7, 5};
    for (int r = 0; r < RUNS; r++) {
        record_sequence *s = warm_of(&t.of[r].targets[0]);
        s->ids = r == 2 ? other : one;
        s->n_tokens = r == 2 ? 5 : 4; /* 7 and 8 are in both, each once: 2 of 5 */
        t.of[r].targets[0].rule.text = r == 2 ? (record_bytes){"Active on b when late.", 22}
                                              : (record_bytes){"Active on the b.", 16};
        t.of[r].targets[0].search.chain.warm = 1 + r;
    }
    stability_make(&t.s, t.runs, RUNS, 0, &t.memory);
    assert_false(t.s.same);
    assert_int_equal(t.s.n_targets, n);
    assert_int_equal(t.s.n_in_all, n - 1);
    const stable_target *lost = &t.s.targets[n - 1]; /* fewest runs come last */
    assert_int_equal(lost->id, last);
    assert_int_equal(lost->n_runs, 2);
    assert_null(lost->of_R[2]);
    const stable_target *x = &t.s.targets[0];
    assert_int_equal(x->id, first);
    close_to(x->tokens, (1 + 0.4 + 0.4) / 3);
    close_to(x->words, (1 + 0.4 + 0.4) / 3); /* "Active on" of five words */
    close_to(x->same_rule, 1.0 / 3);
    close_to(x->warm.mean, 2);
    close_to(x->warm.deviation, 1);
    assert_int_equal(t.s.pairs[0].n_shared, n);
    close_to(t.s.pairs[0].chosen, 1);
    assert_int_equal(t.s.pairs[2].i, 1);
    assert_int_equal(t.s.pairs[2].j, 2);
    close_to(t.s.pairs[2].chosen, (n - 1.0) / n);
    close_to(t.s.pairs[1].tokens, (n - 2 + 0.4) / (n - 1));
    const char *verdict = stability_verdict(&t.s, &t.memory);
    assert_non_null(strstr(verdict, arena_printf(&t.memory,
                                                 "Of the %d features that a run chose, "
                                                 "%d were chosen by all.",
                                                 n, n - 1)));
    arena_release(&t.memory);
}

/* The last run tears the first cluster apart: half of it is noise there. */
static void clusters_are_followed_through_the_runs(void **state)
{
    (void)state;
    three t;
    make_three(&t, SYNTHETIC_USUAL);
    record_cluster *torn = &t.of[2].clusters[0];
    int half = torn->size / 2, size = torn->size;
    for (int i = 0; i < half; i++)
        t.of[2].features[torn->members[size - 1 - i]].cluster = RECORD_NOISE;
    torn->size = torn->n_members = size - half;
    stability_make(&t.s, t.runs, RUNS, 0, &t.memory);
    assert_int_equal(t.s.n_clusters, t.of[0].n_clusters);
    assert_int_equal(t.s.clusters[0].n_runs, 2);
    close_to(t.s.clusters[0].jaccard, (1 + (double)(size - half) / size) / 2);
    close_to(t.s.clusters[1].jaccard, 1);
    arena_release(&t.memory);
}

/* The first two runs read one dictionary, the last another. There two rows have changed places, and
 * that of the third target points the other way. */
static void targets_are_followed_through_dictionaries(void **state)
{
    (void)state;
    three t;
    make_three(&t, SYNTHETIC_USUAL);
    record_target *last = t.of[2].targets;
    int n = t.of[0].n_targets;
    t.of[2].run.sae.sha256 = "another";
    double *row = last[0].decoder;
    last[0].decoder = last[1].decoder;
    last[1].decoder = row;
    for (int i = 0; i < last[2].n_decoder; i++)
        last[2].decoder[i] *= -1;
    stability_make(&t.s, t.runs, RUNS, 0, &t.memory);
    assert_false(t.s.matched);
    assert_true(t.s.comparable);
    assert_true(t.s.pairs[0].matched && !t.s.pairs[0].by_decoder && isnan(t.s.pairs[0].mcc));
    assert_true(!t.s.pairs[1].matched && t.s.pairs[1].by_decoder);
    assert_int_equal(t.s.n_targets, n);
    assert_int_equal(t.s.n_in_all, n - 1);
    assert_int_equal(t.s.targets[0].id, t.of[0].targets[0].id);
    assert_ptr_equal(t.s.targets[0].of_R[1], &t.of[1].targets[0]);
    assert_ptr_equal(t.s.targets[0].of_R[2], &last[1]);
    assert_ptr_equal(t.s.targets[1].of_R[2], &last[0]);
    assert_int_equal(t.s.targets[n - 1].id, t.of[0].targets[2].id);
    assert_int_equal(t.s.targets[n - 1].n_runs, 2);
    assert_int_equal(t.s.pairs[1].n_shared, n - 1);
    close_to(t.s.pairs[1].chosen, (n - 1.0) / (n + 1));
    assert_int_equal(t.s.mcc.n, 2);
    close_to(t.s.pairs[1].mcc, t.s.pairs[2].mcc);
    close_to(t.s.mcc.mean, t.s.pairs[1].mcc);
    /* The pairing of equal rows has n - 1 cosines of 1 and one of -1; the best has no less. */
    if (!(t.s.mcc.mean < 1 && t.s.mcc.mean > (n - 2.0) / n - 1e-12))
        fail_msg("%.17g of %d", t.s.mcc.mean, n);
    assert_int_equal(t.s.rand_index.n, 1);
    assert_int_equal(t.s.n_clusters, 0);
    assert_non_null(strstr(t.s.limits, "Of run 1 (A) and run 3 (B): The SAEs are not the same"));
    assert_non_null(strstr(stability_verdict(&t.s, &t.memory), "PW-MCC of the chosen features"));
    arena_release(&t.memory);
}

/* The last run has no decoder rows; that is said though the first two runs are matched by theirs.
 */
static void other_dictionaries_share_no_features(void **state)
{
    (void)state;
    three t;
    make_three(&t, SYNTHETIC_USUAL);
    t.of[1].run.sae.sha256 = "another";
    t.of[2].run.sae.sha256 = "a third";
    for (int i = 0; i < t.of[2].n_targets; i++)
        t.of[2].targets[i].n_decoder = 0;
    stability_make(&t.s, t.runs, RUNS, 0, &t.memory);
    assert_false(t.s.matched);
    assert_int_equal(t.s.n_targets, 0);
    assert_int_equal(t.s.n_clusters, 0);
    assert_true(t.s.n_metrics > 0);
    assert_false(t.s.comparable);
    assert_non_null(strstr(t.s.limits, "Of run 1 (A) and run 3 (B): The SAEs are not the same"));
    assert_non_null(strstr(t.s.limits, "the files of B (schema 7) do not hold the decoder rows"));
    arena_release(&t.memory);
}

static void settings_are_listed_for_every_run(void **state)
{
    (void)state;
    three t;
    make_three(&t, SYNTHETIC_USUAL);
    record_config *own = arena_push(&t.memory, (size_t)t.of[2].run.n_config, sizeof *own);
    memcpy(own, t.of[2].run.config, (size_t)t.of[2].run.n_config * sizeof *own);
    own[1].value = "17";
    t.of[2].run.config = own;
    stability_make(&t.s, t.runs, RUNS, 0, &t.memory);
    assert_int_equal(t.s.n_settings, 1);
    assert_string_equal(t.s.settings[0].key, own[1].key);
    assert_string_equal(t.s.settings[0].value_R[2], "17");
    assert_string_equal(t.s.settings[0].value_R[0], t.s.settings[0].value_R[1]);
    arena_release(&t.memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spreads_leave_out_what_is_no_number),
        cmocka_unit_test(equal_runs_agree_in_all),
        cmocka_unit_test(what_one_run_does_otherwise_is_found),
        cmocka_unit_test(clusters_are_followed_through_the_runs),
        cmocka_unit_test(targets_are_followed_through_dictionaries),
        cmocka_unit_test(other_dictionaries_share_no_features),
        cmocka_unit_test(settings_are_listed_for_every_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
