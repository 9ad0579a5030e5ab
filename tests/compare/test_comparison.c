/* Whole records compared: two equal ones, and one thing changed at a time. */
#include "test.h"
#include "compare/comparison.h"
#include "results/common_record.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct pair {
    arena memory;
    record a, b;
    comparison c;
} pair;

static void make_pair(pair *p, synthetic_kind kind)
{
    record_volatile times;
    *p = (pair){0};
    synthetic_record(&p->a, &times, &p->memory, kind);
    synthetic_record(&p->b, &times, &p->memory, kind);
}

static void compare_pair(pair *p, double tolerance)
{
    comparison_make(&p->c, &p->a, &p->b, tolerance, &p->memory);
}

static int all_but_same(const int counts[FEATURE_CATEGORIES])
{
    int n = 0;
    for (int i = 0; i < FEATURE_SAME; i++)
        n += counts[i];
    return n;
}

static void assert_close(double got, double want, double most)
{
    if (!(fabs(got - want) <= most))
        fail_msg("%.17g instead of %.17g", got, want);
}

static void equal_records_are_the_same(void **state)
{
    (void)state;
    for (int kind = SYNTHETIC_USUAL; kind <= SYNTHETIC_EMPTY; kind++) {
        pair p;
        make_pair(&p, (synthetic_kind)kind);
        compare_pair(&p, 0);
        assert_true(p.c.same);
        assert_true(p.c.matched);
        assert_int_equal(p.c.differences.all, 0);
        assert_int_equal(p.c.n_config + p.c.n_inputs + p.c.n_metrics_beyond, 0);
        assert_int_equal(p.c.n_config_equal, p.a.run.n_config);
        assert_int_equal(all_but_same(p.c.dictionary) + all_but_same(p.c.chosen), 0);
        assert_int_equal(p.c.dictionary[FEATURE_SAME], p.a.n_features);
        assert_int_equal(p.c.chosen[FEATURE_SAME], p.a.n_targets);
        if (p.a.n_clusters > 1) {
            assert_close(p.c.clusters.rand_index, 1, 0);
            assert_true(p.c.alignment.disparity < 1e-12);
        }
        assert_string_equal(comparison_limits(&p.c, &p.memory), "");
        assert_non_null(strstr(comparison_verdict(&p.c, &p.memory), "are the same"));
        arena_release(&p.memory);
    }
}

static void one_number_is_one_difference(void **state)
{
    (void)state;
    pair p;
    make_pair(&p, SYNTHETIC_USUAL);
    p.b.targets[3].quantiles.p90 = 0.125;
    compare_pair(&p, 0);
    assert_false(p.c.same);
    assert_int_equal(p.c.differences.all, 1);
    assert_non_null(strstr(p.c.differences.items[0].place, "targets/"));
    assert_non_null(strstr(p.c.differences.items[0].place, ".quantiles.p90"));
    assert_string_equal(p.c.differences.items[0].b, "0.125");
    assert_int_equal(p.c.chosen[FEATURE_CHANGED], 1);
    assert_int_equal(all_but_same(p.c.chosen), 1);
    assert_int_equal(p.c.targets[3].category, FEATURE_CHANGED);
    assert_int_equal(p.c.targets[3].n_differences, 1);
    assert_false(p.c.targets[3].contexts);
    assert_int_equal(p.c.n_config + p.c.n_inputs + p.c.n_metrics_beyond, 0);
    compare_pair(&p, 1e9); /* any number agrees */
    assert_true(p.c.same);
    arena_release(&p.memory);
}

static void one_row_of_the_dictionary(void **state)
{
    (void)state;
    pair p;
    make_pair(&p, SYNTHETIC_USUAL);
    int id = 0;
    while (p.b.features[id].n_active <= 0 || p.b.features[id].selected)
        id++;
    p.b.features[id].skewness = 12.5;
    compare_pair(&p, 0);
    assert_false(p.c.same);
    assert_int_equal(p.c.differences.all, 1);
    assert_string_equal(p.c.differences.items[0].b, "12.5");
    assert_non_null(strstr(p.c.differences.items[0].place, ".skewness"));
    assert_int_equal(p.c.n_features, 1);
    assert_int_equal(p.c.features[0].id, id);
    assert_int_equal(p.c.features[0].category, FEATURE_CHANGED);
    assert_int_equal(p.c.features[0].n_differences, 1);
    assert_int_equal(p.c.n_metrics_beyond, 0);
    assert_int_equal(all_but_same(p.c.chosen), 0);
    arena_release(&p.memory);
}

static void one_key_of_the_config(void **state)
{
    (void)state;
    pair p;
    make_pair(&p, SYNTHETIC_USUAL);
    record_config *config =
        arena_push(&p.memory, (size_t)p.b.run.n_config, sizeof *config); /* both share theirs */
    memcpy(config, p.b.run.config, (size_t)p.b.run.n_config * sizeof *config);
    config[1].value = "something else";
    p.b.run.config = config;
    compare_pair(&p, 0);
    assert_false(p.c.same);
    assert_int_equal(p.c.n_config, 1);
    assert_string_equal(p.c.config[0].key, p.a.run.config[1].key);
    assert_string_equal(p.c.config[0].b, "something else");
    assert_int_equal(p.c.n_config_equal, p.a.run.n_config - 1);
    assert_int_equal(p.c.differences.all + p.c.n_inputs + p.c.n_metrics_beyond, 0);
    p.b.run.n_config--; /* the last key is A's alone */
    compare_pair(&p, 0);
    assert_int_equal(p.c.n_config, 2);
    assert_null(p.c.config[1].b);
    arena_release(&p.memory);
}

static const metric_pair *metric_named(const comparison *c, const char *name)
{
    for (int i = 0; i < c->n_metrics; i++)
        if (!strcmp(c->metrics[i].name, name))
            return &c->metrics[i];
    fail_msg("no metric %s", name);
    return NULL;
}

static void metrics_have_a_direction(void **state)
{
    (void)state;
    pair p;
    make_pair(&p, SYNTHETIC_USUAL);
    p.a.quality.silhouette = 0.5;
    p.b.quality.silhouette = 0.25;
    p.a.quality.noise_share = 0.5;
    p.b.quality.noise_share = 0.4;
    p.b.quality.trustworthiness = (double)NAN;
    p.a.quality.neighbour_overlap = 0.5;
    p.b.quality.neighbour_overlap = 0.505;
    compare_pair(&p, 0.02);
    const metric_pair *m = metric_named(&p.c, "silhouette");
    assert_int_equal(m->verdict, METRIC_WORSE);
    assert_close(m->difference, -0.25, 0);
    assert_close(m->relative, 0.5, 0);
    assert_int_equal(metric_named(&p.c, "noise_share")->verdict, METRIC_BETTER);
    assert_int_equal(metric_named(&p.c, "trustworthiness")->verdict, METRIC_ONE_SIDED);
    assert_int_equal(metric_named(&p.c, "neighbour_overlap")->verdict, METRIC_SAME);
    assert_int_equal(p.c.n_metrics_beyond, 3);
    assert_string_equal(p.c.metrics[0].name, "trustworthiness"); /* the largest first */
    assert_string_equal(p.c.metrics[1].name, "silhouette");
    p.b.run.model.sha256 = "another";
    compare_pair(&p, 0.02);
    assert_int_equal(metric_named(&p.c, "silhouette")->verdict, METRIC_DIFFERS);
    arena_release(&p.memory);
}

static void targets_come_and_go(void **state)
{
    (void)state;
    pair p;
    make_pair(&p, SYNTHETIC_USUAL);
    int n = p.a.n_targets, last = p.a.targets[n - 1].id, first = p.a.targets[0].id;
    p.b.n_targets--; /* the last is lost */
    p.a.targets++;   /* the first is gained */
    p.a.n_targets--;
    p.b.targets[1].top[0].start++;
    compare_pair(&p, 0);
    assert_int_equal(p.c.n_targets, n);
    assert_int_equal(p.c.chosen[FEATURE_LOST], 1);
    assert_int_equal(p.c.chosen[FEATURE_GAINED], 1);
    assert_int_equal(p.c.chosen[FEATURE_CHANGED], 1);
    assert_int_equal(p.c.chosen[FEATURE_SAME], n - 3);
    assert_int_equal(p.c.targets[0].id_a, first);
    assert_int_equal(p.c.targets[0].category, FEATURE_GAINED);
    assert_true(p.c.targets[1].contexts);
    assert_int_equal(p.c.targets[1].n_differences, 1);
    assert_int_equal(p.c.targets[n - 1].id_b, last);
    assert_int_equal(p.c.targets[n - 1].category, FEATURE_LOST);
    arena_release(&p.memory);
}

static void words_of_a_rule(void **state)
{
    (void)state;
    pair p;
    make_pair(&p, SYNTHETIC_USUAL);
    record_target *a = &p.a.targets[0], *b = &p.b.targets[0];
    a->rule.text = (record_bytes){"active on the word", 18};
    b->rule.text = (record_bytes){"active on a word", 16};
    compare_pair(&p, 0);
    const target_pair *t = &p.c.targets[0];
    assert_int_equal(t->n_changed, 1);
    assert_string_equal(t->texts[0].title, "Rule");
    assert_int_equal(t->texts[0].n_pieces, 4);
    assert_int_equal(t->texts[0].pieces[1].kind, WORDS_REMOVED);
    assert_memory_equal(t->texts[0].pieces[1].text.bytes, "the", 3);
    assert_int_equal(t->n_differences, 1);
    arena_release(&p.memory);
}

static int first_in(const record *r, int label, bool clustered)
{
    for (int i = 0; i < r->n_features; i++)
        if (clustered ? r->features[i].cluster == label : r->features[i].n_active <= 0)
            return i;
    return -1;
}

static void features_move_die_and_are_filtered(void **state)
{
    (void)state;
    pair p;
    make_pair(&p, SYNTHETIC_USUAL);
    int from = p.a.clusters[0].label, to = p.a.clusters[1].label;
    p.b.features[first_in(&p.b, from, true)].cluster = to;
    p.b.features[first_in(&p.b, 0, false)].n_active = 5; /* it was dead */
    int lost = first_in(&p.b, p.a.clusters[2].label, true);
    p.b.features[lost].dropped_by = "density";
    compare_pair(&p, 0);
    assert_int_equal(p.c.dictionary[FEATURE_MOVED], 1);
    assert_int_equal(p.c.dictionary[FEATURE_REVIVED], 1);
    assert_int_equal(p.c.dictionary[FEATURE_LOST], 1);
    assert_int_equal(p.c.n_features, 3);
    assert_true(p.c.clusters.rand_index < 1 && p.c.clusters.rand_index > 0.9);
    arena_release(&p.memory);
}

/* Labels are names: clusters that hold the same features correspond, whatever they are called. */
static void relabelled_clusters_are_the_same(void **state)
{
    (void)state;
    pair p;
    make_pair(&p, SYNTHETIC_USUAL);
    record_cluster *c = &p.b.clusters[0];
    int label = c->label, other = c->members[1];
    for (int i = 0; i < p.b.n_features; i++)
        if (p.b.features[i].cluster == label)
            p.b.features[i].cluster = other;
    c->label = other;
    compare_pair(&p, 0);
    assert_int_equal(p.c.dictionary[FEATURE_MOVED], 0);
    assert_close(p.c.clusters.rand_index, 1, 0);
    assert_int_equal(p.c.differences.all, 0);
    arena_release(&p.memory);
}

static void a_turned_map_is_the_same_map(void **state)
{
    (void)state;
    pair p;
    make_pair(&p, SYNTHETIC_USUAL);
    for (int i = 0; i < p.b.n_features; i++) {
        record_feature *f = &p.b.features[i];
        double x = f->x;
        f->x = 3 * f->y + 1; /* mirrored along the diagonal */
        f->y = 3 * x;
    }
    compare_pair(&p, 0);
    assert_true(p.c.same);
    assert_close(p.c.alignment.scale, 1.0 / 3, 1e-9);
    int id = 0;
    while (!isfinite(p.b.features[id].x))
        id++;
    p.b.features[id].x += 100;
    compare_pair(&p, 0);
    assert_int_equal(p.c.differences.all, 1);
    assert_string_equal(p.c.differences.items[0].place, "map.disparity");
    arena_release(&p.memory);
}

/* Of the same model at the same hook: target 1 of A is target 2 of B, target 0 has another row. */
static void targets_of_two_dictionaries_are_matched(void **state)
{
    (void)state;
    pair p;
    make_pair(&p, SYNTHETIC_USUAL);
    int n = p.a.n_targets;
    p.b.run.sae.sha256 = "another";
    double *first = p.b.targets[1].decoder;
    p.b.targets[1].decoder = p.b.targets[2].decoder;
    p.b.targets[2].decoder = first;
    for (int i = 0; i < p.b.targets[0].n_decoder; i++)
        p.b.targets[0].decoder[i] *= -1;
    p.b.targets[3].quantiles.p90 = 0.125;
    compare_pair(&p, 0);
    assert_false(p.c.same);
    assert_false(p.c.matched);
    assert_true(p.c.by_decoder);
    assert_int_equal(p.c.decoders.n_fellows, n - 1);
    assert_int_equal(p.c.n_targets, n + 1);
    assert_int_equal(p.c.chosen[FEATURE_LOST], 1);
    assert_int_equal(p.c.chosen[FEATURE_GAINED], 1);
    assert_int_equal(p.c.chosen[FEATURE_CHANGED], 3);
    assert_int_equal(p.c.chosen[FEATURE_SAME], n - 4);
    const target_pair *lost = &p.c.targets[0], *turned = &p.c.targets[1], *gained = &p.c.targets[n];
    char name[RECORD_NAME], want[RECORD_NAME + 2];
    assert_int_equal(lost->id_a, p.a.targets[0].id);
    assert_int_equal(lost->id_b, -1);
    assert_true(lost->cosine < 0.5);
    assert_int_equal(turned->id_a, p.a.targets[1].id);
    assert_int_equal(turned->id_b, p.a.targets[2].id);
    assert_close(turned->cosine, 1, 1e-12);
    assert_int_equal(gained->id_a, -1);
    assert_int_equal(gained->id_b, p.a.targets[0].id);
    assert_null(gained->a);
    snprintf(want, sizeof want, "b-%s", record_feature_name(name, 2, gained->id_b));
    assert_string_equal(target_pair_name(name, &p.c, gained), want);
    assert_int_equal(p.c.targets[3].n_differences, 1);
    assert_int_equal(p.c.n_features, 0);
    assert_non_null(strstr(comparison_limits(&p.c, &p.memory), "cosine of their decoder rows"));
    assert_non_null(strstr(comparison_verdict(&p.c, &p.memory), "have a fellow among B's"));
    arena_release(&p.memory);
}

static void another_dictionary_without_rows_is_not_matched(void **state)
{
    (void)state;
    pair p;
    make_pair(&p, SYNTHETIC_USUAL);
    p.b.run.sae.sha256 = "another";
    for (int i = 0; i < p.b.n_targets; i++)
        p.b.targets[i].n_decoder = 0;
    compare_pair(&p, 0);
    assert_false(p.c.same);
    assert_false(p.c.matched);
    assert_int_equal(p.c.n_inputs, 1);
    assert_string_equal(p.c.inputs[0].group, "sae");
    assert_string_equal(p.c.inputs[0].key, "sha256");
    assert_int_equal(p.c.n_features + p.c.n_targets, 0);
    assert_int_equal(p.c.n_metrics_beyond, 0);
    assert_false(p.c.by_decoder);
    assert_non_null(strstr(comparison_limits(&p.c, &p.memory),
                           "the files of B (schema 7) do not hold the decoder rows"));
    arena_release(&p.memory);
}

static void long_lists_are_counted_to_the_end(void **state)
{
    (void)state;
    pair p;
    make_pair(&p, SYNTHETIC_USUAL);
    for (int i = 0; i < p.b.n_features; i++) {
        record_feature *f = &p.b.features[i];
        f->mean_active = -77;
        f->max += 1;
        f->variance = f->skewness = f->kurtosis = -77;
    }
    compare_pair(&p, 0);
    size_t kept = 0;
    for (int i = 0; i < p.c.differences.n; i++) {
        const difference *d = &p.c.differences.items[i];
        kept += strlen(d->place) + strlen(d->a) + strlen(d->b) + 3;
    }
    assert_true(kept <= COMPARISON_MOST_BYTES && kept > COMPARISON_MOST_BYTES - 100);
    assert_int_equal(p.c.differences.all, 5L * p.b.n_features);
    arena_release(&p.memory);
}

static void only_difference(const pair *p, const char *end_of_place, const char *a, const char *b)
{
    const difference *d = p->c.differences.items;
    assert_int_equal(p->c.differences.all, 1);
    size_t n = strlen(d->place), m = strlen(end_of_place);
    assert_true(n > m);
    assert_string_equal(d->place + n - m, end_of_place);
    assert_string_equal(d->a, a);
    assert_string_equal(d->b, b);
}

static void set_contexts(pair *p, const char *const a[3], const char *const b[3])
{
    record_context *left = &p->a.targets[2].top[0], *right = &p->b.targets[2].top[0];
    assert_true(left->n_tokens >= 3 && left->n_tokens == right->n_tokens);
    for (int i = 0; i < 3; i++) {
        left->tokens[i] = (record_bytes){a[i], (int)strlen(a[i])};
        right->tokens[i] = (record_bytes){b[i], (int)strlen(b[i])};
    }
}

/* Entries of a list that lie close together are one difference, told from the first to the last. */
static void neighbours_in_a_list_are_one_difference(void **state)
{
    (void)state;
    static const char *const one[] = {"The", " old", " man"},
                             *const other[] = {"A", " old", " dog"},
                             *const cut[] = {"The", " ol", "d man"};
    pair p;
    make_pair(&p, SYNTHETIC_USUAL);
    set_contexts(&p, one, other);
    compare_pair(&p, 0);
    only_difference(&p, ".top[0].tokens[0..2]", "The old man", "A old dog");
    set_contexts(&p, one, cut);
    compare_pair(&p, 0);
    only_difference(&p, ".top[0].tokens[1..2]", " old| man", " ol|d man");
    set_contexts(&p, one, one);
    record_context *x = &p.a.targets[2].top[0], *y = &p.b.targets[2].top[0];
    x->activations[0] = 1.5;
    y->activations[0] = 2;
    x->activations[1] = y->activations[1] = 0.25;
    x->activations[2] = 0;
    y->activations[2] = 3;
    compare_pair(&p, 0);
    only_difference(&p, ".top[0].activations[0..2]", "1.5 0.25 0", "2 0.25 3");
    compare_pair(&p, 1e9);
    assert_int_equal(p.c.differences.all, 0);
    arena_release(&p.memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_records_are_the_same),
        cmocka_unit_test(one_number_is_one_difference),
        cmocka_unit_test(one_row_of_the_dictionary),
        cmocka_unit_test(one_key_of_the_config),
        cmocka_unit_test(metrics_have_a_direction),
        cmocka_unit_test(targets_come_and_go),
        cmocka_unit_test(words_of_a_rule),
        cmocka_unit_test(features_move_die_and_are_filtered),
        cmocka_unit_test(relabelled_clusters_are_the_same),
        cmocka_unit_test(a_turned_map_is_the_same_map),
        cmocka_unit_test(targets_of_two_dictionaries_are_matched),
        cmocka_unit_test(another_dictionary_without_rows_is_not_matched),
        cmocka_unit_test(neighbours_in_a_list_are_one_difference),
        cmocka_unit_test(long_lists_are_counted_to_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
