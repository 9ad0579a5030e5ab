/* Which page tells about a cluster: its own where it holds a target, else one of a range of ids. */
#include "test.h"
#include "base/memory.h"
#include "site/cluster_place.h"

enum { MANY = 600 };

/* A dictionary of 4096 features with `n` clusters, every third label from 5 on. */
static record with_clusters(arena *a, int n)
{
    record r = {.run.sae.layer = 2, .n_features = 4096, .n_clusters = n};
    r.clusters = arena_push(a, (size_t)n, sizeof *r.clusters);
    for (int i = 0; i < n; i++)
        r.clusters[i] = (record_cluster){.label = 5 + 3 * i};
    return r;
}

static void targets_give_a_page(void **state)
{
    (void)state;
    arena a = {0};
    record r = with_clusters(&a, 4);
    record_target target = {.id = 9, .cluster = 11};
    r.clusters[1].selected = true;
    r.targets = &target;
    r.n_targets = 1;
    static const bool own[] = {false, true, true, false};
    static const char *const stems[] = {"c-L02-00000-04095", "c-L02-00008", "c-L02-00011",
                                        "c-L02-00000-04095"};
    static const char *const hashes[] = {"#c-l02-00005", "", "", "#c-l02-00014"};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(cluster_has_page(&r, &r.clusters[i]), own[i]);
        assert_string_equal(cluster_stem(&a, &r, &r.clusters[i]), stems[i]);
        assert_string_equal(cluster_hash(&a, &r, &r.clusters[i]), hashes[i]);
    }
    arena_release(&a);
}

/* Every cluster lies in its range, ranges do not overlap, and one cluster more moves none, but at
 * the counts that double the pages. */
static void ranges_stay_where_they_are(void **state)
{
    (void)state;
    arena a = {0};
    int changes = 0, before = 0;
    for (int n = 1; n <= MANY; n++) {
        record r = with_clusters(&a, n);
        int width = 0;
        for (int i = 0; i < n; i++) {
            cluster_range x = cluster_range_of(&r, &r.clusters[i]);
            width = x.last - x.first + 1;
            assert_in_range(r.clusters[i].label, x.first, x.last);
            assert_int_equal(x.first % 256, 0);
            assert_true(width >= 256 && x.last < 4096);
        }
        changes += width != before;
        before = width;
    }
    assert_int_equal(changes, 5); /* the first, then above 64, 128, 256 and 512 */
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_give_a_page),
        cmocka_unit_test(ranges_stay_where_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
