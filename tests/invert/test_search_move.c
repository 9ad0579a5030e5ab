/* How children differ from their parents: each kind of move alone, their shares, chance. */
#include "test.h"

#include "base/memory.h"
#include "invert/search_state.h"
#include <math.h>
#include <string.h>

/* Every member has tokens of its own, lists and the table have others: whoever put a token where it
 * is can be told. */
enum { L = 6, K = 8, READ = 4, MEMBERS = 5, OWN = 100, LISTS = 1000, TABLE = 5000, TABLE_N = 300 };
static const start_kind STARTS[MEMBERS] = {START_RANDOM, START_WINDOW, START_BEAM, START_RELAXED,
                                           START_WINDOW};

typedef struct bare {
    int32_t ids[TABLE_N];
    token_table table;
    optimise_setting set;
    search_options o;
    search_job job;
    search_state s;
} bare;

/* The tokens that the gradient likes at a position: of each position its own. */
static int32_t listed(int position, int k)
{
    return LISTS + position * K + k;
}

static bare *bare_open(search_move move, int per_member, uint64_t seed)
{
    bare *b = mem_small(1, sizeof *b);
    for (int i = 0; i < TABLE_N; i++)
        b->ids[i] = TABLE + i;
    b->table = (token_table){.n = TABLE_N, .ids = b->ids};
    b->set = (optimise_setting){.table = &b->table, .bos = 0};
    b->o = (search_options){.length = L,
                            .starts = {[START_RANDOM] = MEMBERS},
                            .iterations = 5,
                            .children = per_member,
                            .top_first = K,
                            .top_last = K,
                            .sweep_walkers = 1};
    b->o.share[move] = 1;
    b->job = (search_job){.scale = 1};
    state_open(&b->s, &b->job, &b->set, &b->o, seed, 0);
    for (int i = 0; i < MEMBERS; i++) {
        int32_t tokens[L];
        for (int p = 0; p < L; p++)
            tokens[p] = OWN * (i + 1) + p;
        member *m = state_add(&b->s, tokens, STARTS[i], i);
        m->at.position = READ;
        for (int p = 0; p < L; p++)
            for (int k = 0; k < K; k++)
                ROW(m->top_LK, p, K)[k] = listed(p, k);
    }
    return b;
}

static void bare_close(bare *b)
{
    state_close(&b->s);
    mem_free(b);
}

static const int32_t *parent_tokens(const search_state *s, const candidate *c)
{
    return s->members[c->parent - s->first_parent].at.tokens_L;
}

/* The only position where they differ, -1: none, -2: several. */
static int changed_at(const int32_t *a, const int32_t *b)
{
    int at = -1;
    for (int p = 0; p < L; p++)
        if (a[p] != b[p])
            at = at == -1 ? p : -2;
    return at;
}

static int n_changed(const int32_t *a, const int32_t *b)
{
    int n = 0;
    for (int p = 0; p < L; p++)
        n += a[p] != b[p];
    return n;
}

/* What is true of every child; each member has as many as it may. */
static void expect_children(const search_state *s, int per_member)
{
    int n_of[MEMBERS] = {0};
    assert_int_equal(s->n_children, MEMBERS * per_member);
    for (int k = 0; k < s->n_children; k++) {
        const candidate *c = &s->children[k];
        const int32_t *old = parent_tokens(s, c);
        n_of[c->parent - s->first_parent]++;
        assert_true(n_changed(c->tokens_L, old) > 0);
        assert_true(c->tokens_L[c->first] != old[c->first]);
        assert_true(memcmp(c->tokens_L, old, (size_t)c->first * sizeof *old) == 0);
        for (int j = 0; j < k; j++)
            assert_true(memcmp(c->tokens_L, s->children[j].tokens_L, L * sizeof *old) != 0);
    }
    for (int i = 0; i < MEMBERS; i++)
        assert_int_equal(n_of[i], per_member);
}

/* ---- each kind ---------------------------------------------------------------------------------
 */

static void swaps_go_to_the_list_of_their_position(void **state)
{
    (void)state;
    enum { TOP = 3, EACH = 10 };
    bare *b = bare_open(MOVE_GRADIENT, EACH, 1);
    b->o.top_first = b->o.top_last = TOP;
    state_propose(&b->s, EACH);
    expect_children(&b->s, EACH);
    for (int k = 0; k < b->s.n_children; k++) {
        const candidate *c = &b->s.children[k];
        int at = changed_at(c->tokens_L, parent_tokens(&b->s, c));
        assert_in_range(at, 0, READ); /* what follows has no effect */
        assert_in_range(c->tokens_L[at], listed(at, 0), listed(at, TOP - 1));
    }
    bare_close(b);
}

static void the_last_position_counts_where_it_is_read(void **state)
{
    (void)state;
    bare *b = bare_open(MOVE_GRADIENT, 30, 2);
    b->o.readout = READ_LAST;
    state_propose(&b->s, 30);
    int at_end = 0;
    for (int k = 0; k < b->s.n_children; k++)
        at_end += b->s.children[k].first == L - 1;
    assert_in_range(at_end, 5, b->s.n_children / 2);
    bare_close(b);
}

static void two_swaps_are_at_most_two(void **state)
{
    (void)state;
    bare *b = bare_open(MOVE_TWO, 30, 1);
    int several = 0;
    state_propose(&b->s, 30);
    expect_children(&b->s, 30);
    for (int k = 0; k < b->s.n_children; k++) {
        const candidate *c = &b->s.children[k];
        const int32_t *old = parent_tokens(&b->s, c);
        assert_in_range(n_changed(c->tokens_L, old), 1, 2);
        several += n_changed(c->tokens_L, old) == 2;
        for (int p = 0; p < L; p++)
            if (c->tokens_L[p] != old[p])
                assert_in_range(c->tokens_L[p], listed(p, 0), listed(p, K - 1));
    }
    assert_true(several > b->s.n_children / 2);
    bare_close(b);
}

/* One token taken out somewhere, one of the list put in; all pairs of places are tried here. */
static bool is_shift(const int32_t *got, const int32_t *old)
{
    for (int out = 0; out < L; out++)
        for (int in = 0; in <= READ; in++) {
            int32_t tokens[L];
            candidate c = {.tokens_L = tokens};
            memcpy(tokens, old, sizeof tokens);
            candidate_shift(&c, out, in, got[in]);
            bool of_list = got[in] >= listed(in, 0) && got[in] <= listed(in, K - 1);
            if (of_list && !memcmp(tokens, got, sizeof tokens))
                return true;
        }
    return false;
}

static void shifts_move_what_lies_between(void **state)
{
    (void)state;
    bare *b = bare_open(MOVE_SHIFT, 40, 1);
    int far = 0, from_behind = 0;
    state_propose(&b->s, 40);
    expect_children(&b->s, 40);
    for (int k = 0; k < b->s.n_children; k++) {
        const candidate *c = &b->s.children[k];
        const int32_t *old = parent_tokens(&b->s, c);
        assert_true(is_shift(c->tokens_L, old));
        far += n_changed(c->tokens_L, old) > 2;
        from_behind += c->tokens_L[L - 1] == old[L - 2];
    }
    assert_true(far > b->s.n_children / 4);
    assert_in_range(from_behind, b->s.n_children / 4, b->s.n_children * 3 / 4);
    bare_close(b);
}

static void chance_takes_any_candidate_anywhere(void **state)
{
    (void)state;
    bare *b = bare_open(MOVE_RANDOM, 40, 1);
    int behind = 0;
    state_propose(&b->s, 40);
    expect_children(&b->s, 40);
    for (int k = 0; k < b->s.n_children; k++) {
        const candidate *c = &b->s.children[k];
        int at = changed_at(c->tokens_L, parent_tokens(&b->s, c));
        assert_in_range(at, 0, L - 1);
        assert_in_range(c->tokens_L[at], TABLE, TABLE + TABLE_N - 1);
        behind += at > READ;
    }
    assert_true(behind > 0);
    bare_close(b);
}

/* Whose tokens member i has at p. */
static int owner(int32_t token)
{
    return token / OWN - 1;
}

/* Both sides of one cut, of two members of one lane. There are ten ways or fewer, so not all that
 * are asked for are found. */
static void crossing_stays_within_a_lane(void **state)
{
    (void)state;
    bare *b = bare_open(MOVE_CROSS, 8, 1);
    int mixed = 0;
    state_propose(&b->s, 8);
    for (int k = 0; k < b->s.n_children; k++) {
        const candidate *c = &b->s.children[k];
        int own = c->parent, other = -1, borders = 0;
        for (int p = 0; p < L; p++) {
            int whose = owner(c->tokens_L[p]);
            assert_in_range(whose, 0, MEMBERS - 1);
            assert_int_equal(c->tokens_L[p] % OWN, p); /* nothing moved */
            assert_true(whose == own || other < 0 || whose == other);
            other = whose == own ? other : whose;
            borders += p > 0 && whose != owner(c->tokens_L[p - 1]);
        }
        assert_int_equal(borders, 1);
        assert_true(lane_of(STARTS[own]) == lane_of(STARTS[other]));
        mixed |= 1 << own;
    }
    assert_int_equal(mixed, (1 << MEMBERS) - 1);
    bare_close(b);
}

/* The only one of its lane has nobody to cross with, and swaps by gradient. */
static void alone_in_its_lane_it_swaps(void **state)
{
    (void)state;
    bare *b = bare_open(MOVE_CROSS, 10, 1);
    b->s.n_members = 2;
    state_propose(&b->s, 10);
    assert_int_equal(b->s.n_children, 20);
    for (int k = 0; k < b->s.n_children; k++) {
        const candidate *c = &b->s.children[k];
        int at = changed_at(c->tokens_L, parent_tokens(&b->s, c));
        assert_in_range(at, 0, READ);
        assert_in_range(c->tokens_L[at], listed(at, 0), listed(at, K - 1));
    }
    bare_close(b);
}

/* ---- what the model expects --------------------------------------------------------------------
 */

/* Child after child with nothing remembered. */
static const candidate *next_child(search_state *s, int iteration)
{
    for (int lane = 0; lane < LANES; lane++) {
        mem_free(s->seen[lane].slots);
        s->seen[lane] = (seen_set){0};
    }
    s->iteration = iteration;
    state_propose(s, 1);
    assert_int_equal(s->n_children, 1);
    return &s->children[0];
}

/* The share of token k is the mean of softmax(beta log p) over beta between 0 and 2. */
static void expected_tokens_come_at_a_random_temperature(void **state)
{
    (void)state;
    enum { DRAWS = 4000, STEPS = 2000 };
    bare *b = bare_open(MOVE_LIKELY, 1, 3);
    search_state *s = &b->s;
    double want[K] = {0};
    int got[K] = {0};
    s->n_members = 1;
    for (int p = 0; p < L; p++)
        for (int k = 0; k < K; k++)
            ROW(s->members[0].log_p_LK, p, K)[k] = -(float)(k * k) / 4;
    for (int i = 0; i < STEPS; i++) {
        double beta = 2 * (i + 0.5) / STEPS, total = 0;
        for (int k = 0; k < K; k++)
            total += exp(-beta * k * k / 4);
        for (int k = 0; k < K; k++)
            want[k] += exp(-beta * k * k / 4) / total / STEPS;
    }
    for (int i = 0; i < DRAWS; i++) {
        const candidate *c = next_child(s, i);
        int at = changed_at(c->tokens_L, parent_tokens(s, c));
        assert_in_range(at, 0, READ);
        assert_in_range(c->tokens_L[at], listed(at, 0), listed(at, K - 1));
        got[c->tokens_L[at] - listed(at, 0)]++;
    }
    for (int k = 0; k < K; k++) {
        double deviation = sqrt(want[k] * (1 - want[k]) * DRAWS);
        if (fabs(got[k] - want[k] * DRAWS) > 4 * deviation)
            fail_msg("token %d drawn %d times of %d, %.1f expected", k, got[k], (int)DRAWS,
                     want[k] * DRAWS);
    }
    bare_close(b);
}

/* ---- shares, lists, chance ---------------------------------------------------------------------
 */

/* Which kind of move made it, as far as its tokens tell; two swaps at one place look like one. */
static search_move kind_of(const search_state *s, const candidate *c)
{
    const int32_t *old = parent_tokens(s, c);
    int n = n_changed(c->tokens_L, old);
    int32_t token = c->tokens_L[c->first];
    if (token >= TABLE)
        return MOVE_RANDOM;
    if (token < LISTS)
        return MOVE_CROSS;
    return n == 1 ? MOVE_GRADIENT : MOVE_TWO;
}

static void expect_shares(search_phase phase)
{
    enum { DRAWS = 4000 };
    static const double SHARE[MOVE_KINDS] = {
        [MOVE_GRADIENT] = 0.2, [MOVE_TWO] = 0.3, [MOVE_CROSS] = 0.1, [MOVE_RANDOM] = 0.4};
    bare *b = bare_open(MOVE_GRADIENT, 1, 4);
    int got[MOVE_KINDS] = {0};
    double same_place = 1.0 / (READ + 1);
    memset(b->o.share, 0, sizeof b->o.share);
    memcpy(phase == PHASE_FRONT ? b->o.front_share : b->o.share, SHARE, sizeof SHARE);
    b->o.cross_entropy_of_all = true; /* nothing is guessed */
    b->s.phase = phase;
    b->s.n_members = 3; /* two of one lane; the children of the first are looked at */
    for (int i = 0; i < DRAWS; i++) {
        search_state *s = &b->s;
        for (int lane = 0; lane < LANES; lane++) {
            mem_free(s->seen[lane].slots);
            s->seen[lane] = (seen_set){0};
        }
        s->iteration = i;
        state_propose(s, 1);
        assert_int_equal(s->children[0].parent, 0);
        got[kind_of(s, &s->children[0])]++;
    }
    for (int k = 0; k < MOVE_KINDS; k++) {
        double want = SHARE[k] * (k == MOVE_TWO ? 1 - same_place : 1) +
                      (k == MOVE_GRADIENT ? SHARE[MOVE_TWO] * same_place : 0);
        if (fabs(got[k] - want * DRAWS) > 4 * sqrt(want * (1 - want) * DRAWS))
            fail_msg("move %d: %d of %d children, %.0f expected", k, got[k], (int)DRAWS,
                     want * DRAWS);
    }
    bare_close(b);
}

static void moves_have_their_shares(void **state)
{
    (void)state;
    expect_shares(PHASE_CLIMB);
    expect_shares(PHASE_FRONT);
}

/* From the best token alone to all of the list. */
static void lists_lengthen_geometrically(void **state)
{
    (void)state;
    static const int LONGEST[] = {1, 2, 3, 5, 8}; /* 8^(i/4), rounded */
    bare *b = bare_open(MOVE_GRADIENT, 4, 5);
    b->o.top_first = 1;
    b->s.n_members = 1;
    for (int i = 0; i < b->o.iterations; i++) {
        int32_t largest = 0;
        for (int again = 0; again < 100; again++) {
            b->s.random = rng_stream((uint64_t)again, "again");
            const candidate *c = next_child(&b->s, i);
            int32_t k = c->tokens_L[c->first] - listed(c->first, 0);
            largest = k > largest ? k : largest;
        }
        assert_int_equal(largest + 1, LONGEST[i]);
    }
    bare_close(b);
}

static bool same_children(uint64_t seed, int iteration, search_phase phase)
{
    bare *a = bare_open(MOVE_SHIFT, 10, 1), *b = bare_open(MOVE_SHIFT, 10, seed);
    b->s.iteration = iteration;
    b->s.phase = phase;
    memcpy(b->o.front_share, b->o.share, sizeof b->o.share);
    b->o.cross_entropy_of_all = true;
    state_propose(&a->s, 10);
    state_propose(&b->s, 10);
    assert_int_equal(a->s.n_children, b->s.n_children);
    bool same = true;
    for (int k = 0; k < a->s.n_children; k++)
        same = same &&
               !memcmp(a->s.children[k].tokens_L, b->s.children[k].tokens_L, L * sizeof(int32_t));
    bare_close(a);
    bare_close(b);
    return same;
}

static void chance_is_of_seed_phase_and_iteration(void **state)
{
    (void)state;
    assert_true(same_children(1, 0, PHASE_CLIMB));
    assert_false(same_children(2, 0, PHASE_CLIMB));
    assert_false(same_children(1, 1, PHASE_CLIMB));
    assert_false(same_children(1, 0, PHASE_FRONT));
}

/* Where all that can be made has been made, fewer children come, and none twice. */
static void there_may_be_nothing_new(void **state)
{
    (void)state;
    bare *b = bare_open(MOVE_GRADIENT, 30, 6);
    b->o.top_first = b->o.top_last = 1;
    b->s.n_members = 1;
    int made = 0;
    for (int i = 0; i < 40; i++) {
        b->s.iteration = i;
        state_propose(&b->s, 30);
        made += b->s.n_children;
    }
    assert_int_equal(made, READ + 1);
    bare_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(swaps_go_to_the_list_of_their_position),
        cmocka_unit_test(the_last_position_counts_where_it_is_read),
        cmocka_unit_test(two_swaps_are_at_most_two),
        cmocka_unit_test(shifts_move_what_lies_between),
        cmocka_unit_test(chance_takes_any_candidate_anywhere),
        cmocka_unit_test(crossing_stays_within_a_lane),
        cmocka_unit_test(alone_in_its_lane_it_swaps),
        cmocka_unit_test(expected_tokens_come_at_a_random_temperature),
        cmocka_unit_test(moves_have_their_shares),
        cmocka_unit_test(lists_lengthen_geometrically),
        cmocka_unit_test(chance_is_of_seed_phase_and_iteration),
        cmocka_unit_test(there_may_be_nothing_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
