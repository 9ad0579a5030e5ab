/* Random directions, as often active as asked for. */
#include "test.h"

#include "base/memory.h"
#include "features/common_rig.h"
#include "pipeline/random_directions.h"
#include <math.h>
#include <string.h>

enum { DIRECTIONS = 3, ALL = 1 << 20 };

static void survey_with(survey *out, int *ids, int threads, const size_t *n_active, uint64_t seed)
{
    static const char *const texts[] = {"a cat and a dog", "some words, 12345", "zyxwvutsrqponml"};
    rig r = rig_open("cpu", threads, "blocks.1.hook_resid_post");
    prompt_set p = {.bos = 0, .min_tokens = 1, .max_tokens = 40};
    err e = {0};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (prompts_add(&p, r.tokenizer, texts[i], strlen(texts[i]), &e))
            fail_msg("%s", e.text);
    scan_source source = {.model = r.model,
                          .hook = &r.hook,
                          .prompts = &p,
                          .tokenizer = r.tokenizer,
                          .batch_size = 2,
                          .name = "test"};
    if (survey_random_directions(out, ids, &source, r.sae, n_active, DIRECTIONS, seed, &e))
        fail_msg("%s", e.text);
    prompts_release(&p);
    rig_close(&r);
}

static void the_largest_are_kept_less_the_next(void **state)
{
    (void)state;
    static const size_t all[DIRECTIONS] = {ALL, ALL, ALL}, few[DIRECTIONS] = {5, 1, 0};
    int ids[DIRECTIONS];
    survey whole, part;
    survey_with(&whole, ids, 1, all, 7);
    survey_with(&part, ids, 1, few, 7);
    for (int i = 0; i < DIRECTIONS; i++) {
        assert_true(whole.n_active[i] > 8 && whole.n_active[i] < 60); /* about half */
        assert_int_equal(part.n_active[i], few[i]);
        float next = 0; /* the largest that is not kept, by hand */
        size_t k = 0;
        for (size_t j = 0; j < whole.n_active[i]; j++) {
            const token_activation *x = &whole.active[i][j];
            bool kept = k < part.n_active[i] && part.active[i][k].prompt == x->prompt &&
                        part.active[i][k].position == x->position;
            k += kept;
            next = !kept && x->value > next ? x->value : next;
        }
        assert_int_equal(k, part.n_active[i]);
        for (size_t j = 0, m = 0; j < whole.n_active[i] && m < part.n_active[i]; j++)
            if (whole.active[i][j].prompt == part.active[i][m].prompt &&
                whole.active[i][j].position == part.active[i][m].position) {
                assert_true(part.active[i][m].value == whole.active[i][j].value - next);
                assert_true(part.active[i][m++].value > 0);
            }
    }
    survey_release(&whole);
    survey_release(&part);
}

static bool same(const survey *a, const survey *b)
{
    bool equal = true;
    for (int i = 0; i < DIRECTIONS; i++)
        equal = equal && a->n_active[i] == b->n_active[i] &&
                !memcmp(a->active[i], b->active[i], a->n_active[i] * sizeof *a->active[i]);
    return equal;
}

static void the_seed_alone_decides(void **state)
{
    (void)state;
    static const size_t some[DIRECTIONS] = {9, 4, 2};
    int ids[DIRECTIONS];
    survey one, three, other;
    survey_with(&one, ids, 1, some, 7);
    survey_with(&three, ids, 3, some, 7);
    survey_with(&other, ids, 1, some, 8);
    assert_true(same(&one, &three));
    assert_false(same(&one, &other));
    survey_release(&one);
    survey_release(&three);
    survey_release(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_are_kept_less_the_next),
        cmocka_unit_test(the_seed_alone_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
