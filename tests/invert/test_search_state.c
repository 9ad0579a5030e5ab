/* What the phases of the search share: sequences seen, shifts, spelling, children, the best. */
#include "test.h"

#include "base/memory.h"
#include "features/common_rig.h"
#include "invert/search_state.h"
#include <math.h>
#include <string.h>

enum { L = 7, CANDIDATES = 5 };

/* A state without a model: nothing here runs one. */
typedef struct bare {
    int32_t ids[CANDIDATES];
    token_table table;
    optimise_setting set;
    search_options o;
    search_job job;
    search_state s;
} bare;

static bare *bare_open(int random, int windows)
{
    bare *b = mem_small(1, sizeof *b);
    for (int i = 0; i < CANDIDATES; i++)
        b->ids[i] = i + 1;
    b->table = (token_table){.n = CANDIDATES, .ids = b->ids};
    b->set = (optimise_setting){.table = &b->table, .bos = 0};
    b->o = (search_options){.length = L,
                            .starts = {[START_RANDOM] = random, [START_WINDOW] = windows},
                            .children = 3,
                            .top_first = 2,
                            .top_last = 2,
                            .sweep_walkers = 1};
    b->job = (search_job){.scale = 1};
    state_open(&b->s, &b->job, &b->set, &b->o, 1, 0);
    return b;
}

static void bare_close(bare *b)
{
    state_close(&b->s);
    mem_free(b);
}

/* ---- sequences seen ----------------------------------------------------------------------------
 */

/* Against a list of all: five tokens at three places, many twice, and more than the first slots. */
static void what_was_seen_is_known(void **state)
{
    (void)state;
    enum { V = 20, DRAWS = 6000 };
    bool *known = mem_small((size_t)V * V * V, sizeof *known);
    seen_set set = {0};
    rng r = rng_stream(1, "seen");
    size_t n = 0;
    for (int i = 0; i < DRAWS; i++) {
        int32_t t[3] = {(int32_t)rng_below(&r, V), (int32_t)rng_below(&r, V),
                        (int32_t)rng_below(&r, V)};
        bool *mark = &known[(t[0] * V + t[1]) * V + t[2]];
        assert_int_equal(seen_add(&set, t, 3), !*mark);
        n += !*mark;
        *mark = true;
        assert_int_equal(set.n, n);
        assert_true(2 * set.n <= set.capacity);
    }
    assert_true(n > 2000 && n < DRAWS);
    mem_free(set.slots);
    mem_free(known);
}

static void lengths_and_orders_differ(void **state)
{
    (void)state;
    seen_set set = {0};
    const int32_t a[] = {0, 0, 1}, b[] = {1, 0, 0}, large[] = {1 << 30, 3, 1 << 16};
    assert_true(seen_add(&set, a, 3));
    assert_true(seen_add(&set, a, 2));
    assert_true(seen_add(&set, a, 1));
    assert_true(seen_add(&set, b, 3));
    assert_true(seen_add(&set, large, 3));
    assert_false(seen_add(&set, a, 3) || seen_add(&set, b, 3) || seen_add(&set, large, 3));
    mem_free(set.slots);
}

/* ---- shifts ------------------------------------------------------------------------------------
 */

static void a_shift_takes_out_and_puts_in(void **state)
{
    (void)state;
    for (int out = 0; out < L; out++)
        for (int in = 0; in < L; in++) {
            int32_t got[L], rest[L - 1], want[L];
            for (int i = 0, n = 0; i < L; i++) {
                got[i] = 10 + i;
                if (i != out)
                    rest[n++] = 10 + i;
            }
            for (int i = 0; i < L; i++)
                want[i] = i == in ? 99 : rest[i > in ? i - 1 : i];
            candidate c = {.tokens_L = got};
            candidate_shift(&c, out, in, 99);
            assert_memory_equal(got, want, sizeof want);
        }
}

static void a_copy_has_its_own_tokens(void **state)
{
    (void)state;
    int32_t from_tokens[L] = {1, 2, 3, 4, 5, 6, 7}, to_tokens[L] = {0};
    candidate from = {.tokens_L = from_tokens, .value = 3, .position = 2, .restart = 4};
    candidate to = {.tokens_L = to_tokens};
    candidate_copy(&to, &from, L);
    assert_ptr_equal(to.tokens_L, to_tokens);
    assert_memory_equal(to_tokens, from_tokens, sizeof to_tokens);
    assert_true(to.value == 3 && to.position == 2 && to.restart == 4);
}

/* ---- spelling ----------------------------------------------------------------------------------
 */

/* "cat" written letter by letter comes back as fewer tokens; only what is read must be spelt. */
static void letters_that_merge_do_not_respell(void **state)
{
    (void)state;
    rig r = rig_open("cpu", 1, "blocks.0.hook_resid_post");
    bare *b = bare_open(1, 0);
    int32_t c = 'c' - '!' + 1, a = 'a' - '!' + 1, t = 't' - '!' + 1;
    int32_t tokens[L] = {t, a, c, a, t, t, t};
    candidate one = {.tokens_L = tokens};
    b->set.tokenizer = r.tokenizer;
    for (int position = 0; position < L; position++) {
        one.position = position;
        assert_int_equal(candidate_respells(&b->s, &one), position < 3);
    }
    b->set.tokenizer = NULL;
    assert_true(candidate_respells(&b->s, &one));
    bare_close(b);
    rig_close(&r);
}

/* What cannot be written down is never the best, nor on the front. */
static void offers_are_taken_when_better_and_spelt(void **state)
{
    (void)state;
    rig r = rig_open("cpu", 1, "blocks.0.hook_resid_post");
    bare *b = bare_open(1, 0);
    int32_t c = 'c' - '!' + 1, a = 'a' - '!' + 1;
    int32_t spelt[L] = {a, a, a, a, a, a, a}, merges[L] = {c, a, a, a, a, a, a};
    candidate one = {.tokens_L = spelt, .value = -2, .position = 3, .cross_entropy = 3};
    const candidate *cold = &b->s.lane_best[LANE_COLD], *warm = &b->s.lane_best[LANE_WARM];
    b->set.tokenizer = r.tokenizer;
    one.start = START_RANDOM;
    state_offer(&b->s, &one);
    state_offer_to_front(&b->s, &one);
    assert_true(cold->value == -2 && cold->position == 3 && warm->position < 0);
    assert_int_equal(b->s.front.n, 1);
    one.value = 5;
    one.tokens_L = merges;
    state_offer(&b->s, &one);
    state_offer_to_front(&b->s, &one);
    assert_true(cold->value == -2 && b->s.front.n == 1 && b->s.front.points[0].value == -2);
    one.tokens_L = spelt;
    one.start = START_WINDOW;
    state_offer(&b->s, &one);
    assert_true(cold->value == -2 && warm->value == 5);
    one.value = 4;
    state_offer(&b->s, &one);
    assert_true(warm->value == 5);
    bare_close(b);
    rig_close(&r);
}

/* ---- children ----------------------------------------------------------------------------------
 */

static void a_child_is_new_and_knows_where_it_changed(void **state)
{
    (void)state;
    bare *b = bare_open(1, 1);
    search_state *s = &b->s;
    const int32_t tokens[L] = {1, 2, 3, 4, 5, 1, 2};
    state_add(s, tokens, START_WINDOW, 0);
    state_add(s, tokens, START_RANDOM, 3);
    s->first_parent = 10; /* other features' members come first */
    candidate *c = child_begin(s, 1);
    assert_memory_equal(c->tokens_L, tokens, sizeof tokens);
    assert_int_equal(c->parent, 11);
    assert_int_equal(c->start, START_RANDOM);
    assert_int_equal(c->restart, 3);
    assert_false(child_end(s, c, true)); /* its parent again */
    c->tokens_L[4] = 9;
    assert_true(child_end(s, c, true));
    assert_int_equal(c->first, 4);
    assert_int_equal(s->n_children, 1);
    c = child_begin(s, 0);
    c->tokens_L[4] = 9;
    assert_true(child_end(s, c, true)); /* the other lane has had it, not this one */
    c = child_begin(s, 0);
    c->tokens_L[4] = 9;
    assert_false(child_end(s, c, true));
    assert_true(child_end(s, c, false)); /* who sweeps may want it again */
    c = child_begin(s, 0);
    assert_false(child_end(s, c, false)); /* but never its parent */
    for (int32_t i = 3; i < s->most_children; i++) {
        c = child_begin(s, 0);
        c->tokens_L[0] = 100 + i;
        assert_true(child_end(s, c, true));
        assert_int_equal(c->first, 0);
    }
    assert_null(child_begin(s, 0));
    assert_memory_equal(s->members[0].at.tokens_L, tokens, sizeof tokens);
    bare_close(b);
}

/* ---- room --------------------------------------------------------------------------------------
 */

static void room_is_for_the_largest_phase(void **state)
{
    (void)state;
    token_table small = {.n = 60}, large = {.n = 50000};
    search_options o = {.length = L,
                        .starts = {[START_RANDOM] = 3, [START_BEAM] = 2},
                        .children = 10,
                        .top_last = 256,
                        .front_members = 4,
                        .front_children = 5,
                        .sweep_walkers = 1};
    state_size size = state_size_of(&o, &large);
    assert_true(size.members == 5 && size.children == 50 && size.K == 256);
    assert_int_equal(state_size_of(&o, &small).K, 60);
    o.front_members = 8;
    o.front_children = 32;
    size = state_size_of(&o, &large);
    assert_true(size.members == 8 && size.children == 256);
    o.sweep_tokens = 300;
    size = state_size_of(&o, &large);
    assert_true(size.members == 8 && size.children >= 300 * L && size.K == 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_seen_is_known),
        cmocka_unit_test(lengths_and_orders_differ),
        cmocka_unit_test(a_shift_takes_out_and_puts_in),
        cmocka_unit_test(a_copy_has_its_own_tokens),
        cmocka_unit_test(letters_that_merge_do_not_respell),
        cmocka_unit_test(offers_are_taken_when_better_and_spelt),
        cmocka_unit_test(a_child_is_new_and_knows_where_it_changed),
        cmocka_unit_test(room_is_for_the_largest_phase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
