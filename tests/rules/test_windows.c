/* Windows of the report part: where documents are cut, which are active, which are drawn. */
#include "test.h"

#include "rules/common.h"
#include "rules/windows.h"
#include <string.h>

static text_rig world;

static int start(void **state)
{
    (void)state;
    world_rig_open(&world);
    return 0;
}

static int end(void **state)
{
    (void)state;
    text_rig_close(&world);
    return 0;
}

static bool is_harbour(const int32_t *tokens, int i)
{
    return tokens[i] == WORLD_HARBOUR;
}

static void make(rule_window_set *w, rule_target *target)
{
    activations a = plant(&world, is_harbour, 0, 0, 3);
    rule_target_make(target, &world.text, a.items, a.n, 1);
    rule_window_set_make(w, &world.text, target);
    mem_free(a.items);
}

static int seen_in(const rule_window *list, int n, size_t at)
{
    int seen = 0;
    for (int i = 0; i < n; i++)
        seen += at >= list[i].first && at < list[i].first + (size_t)list[i].n;
    return seen;
}

/* Documents of 100 tokens give windows of 32, 32, 32 and 4; each position is in one of them. */
static void cutting(void **state)
{
    (void)state;
    const rule_text *t = &world.text;
    rule_window_set w;
    rule_target target;
    make(&w, &target);
    int documents = t->first_document[RULE_PARTS] - t->first_document[RULE_REPORT], n_short = 0;
    assert_int_equal(w.n_active + w.n_silent, 4 * documents);
    assert_true(w.n_active > 20 && w.n_silent > 20);
    for (size_t at = 0; at < rule_part_size(t, RULE_REPORT); at++) {
        assert_int_equal(seen_in(w.active, w.n_active, at) + seen_in(w.silent, w.n_silent, at), 1);
        bool harbour = t->token_N[t->first[RULE_REPORT] + at] == WORLD_HARBOUR;
        assert_true((w.value_N[at] > 0) == harbour);
    }
    for (int i = 0; i < w.n_active; i++) {
        float max = 0;
        for (int k = 0; k < w.active[i].n; k++)
            if (w.value_N[w.active[i].first + (size_t)k] > max)
                max = w.value_N[w.active[i].first + (size_t)k];
        assert_true(w.active[i].max > 0 && w.active[i].max == max);
        assert_true(i == 0 || w.active[i].max >= w.active[i - 1].max);
        n_short += w.active[i].n == 4;
    }
    for (int i = 0; i < w.n_silent; i++) {
        assert_true(w.silent[i].max == 0);
        n_short += w.silent[i].n == 4;
    }
    assert_int_equal(n_short, documents);
    rule_window_set_release(&w);
    rule_target_release(&target);
}

static bool holds(const rule_window *list, int low, int high, const rule_window *one)
{
    for (int i = low; i < high; i++)
        if (list[i].first == one->first)
            return true;
    return false;
}

static void drawing(void **state)
{
    (void)state;
    enum { PER_TENTH = 2, SILENT = 10 };
    rule_window_set w, again;
    rule_target target, target_again;
    rule_window_sample s, same;
    make(&w, &target);
    make(&again, &target_again);
    rule_window_sample_draw(&s, &w, PER_TENTH, SILENT, 7);
    assert_int_equal(s.n_active, 10 * PER_TENTH);
    assert_int_equal(s.n_silent, SILENT);
    for (int i = 0; i < s.n_active; i++) { /* `again` is still in order */
        int tenth = i / PER_TENTH;
        assert_true(holds(again.active, again.n_active * tenth / 10,
                          again.n_active * (tenth + 1) / 10, &s.active[i]));
        assert_false(holds(s.active, 0, i, &s.active[i]));
    }
    for (int i = 0; i < s.n_silent; i++)
        assert_false(holds(s.silent, 0, i, &s.silent[i]));
    rule_window_sample_draw(&same, &again, PER_TENTH, SILENT, 7);
    assert_memory_equal(same.active, s.active, (size_t)s.n_active * sizeof *s.active);
    assert_memory_equal(same.silent, s.silent, (size_t)s.n_silent * sizeof *s.silent);
    rule_window_sample_release(&s);
    rule_window_sample_release(&same);

    rule_window_sample_draw(&s, &w, 1000, 100000, 7); /* more than there are: all */
    assert_int_equal(s.n_active, w.n_active);
    assert_int_equal(s.n_silent, w.n_silent);
    rule_window_sample_release(&s);
    rule_window_sample_draw(&s, &w, 0, 0, 7);
    assert_int_equal(s.n_active + s.n_silent, 0);
    rule_window_sample_release(&s);
    rule_window_set_release(&w);
    rule_window_set_release(&again);
    rule_target_release(&target);
    rule_target_release(&target_again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cutting),
        cmocka_unit_test(drawing),
    };
    return cmocka_run_group_tests(tests, start, end);
}
