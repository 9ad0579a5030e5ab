/* Which of the built-in tokens are words of which concept. */
#include "test.h"

#include "builtin/builtin.h"
#include "train/token_concepts.h"
#include <string.h>

static void words_belong_to_their_concepts(void **state)
{
    (void)state;
    err e = {0};
    tokenizer *t;
    token_concepts c;
    files f = builtin_model();
    if (tokenizer_open(&t, &f, &e) || token_concepts_count(&c, t, 5, 60, &e))
        fail_msg("%s", e.text);
    int the = world_concept_number("word:the"), said = world_concept_number("word:said");
    int the_id = tokenizer_find(t, " the"), said_id = tokenizer_find(t, " said");
    assert_true(the >= 0 && said >= 0 && the_id >= 0 && said_id >= 0);
    assert_int_equal(world_concept_number("word:no such"), -1);
    assert_true(token_concepts_belongs(&c, the_id, the));
    assert_false(token_concepts_belongs(&c, said_id, the));
    assert_true(token_concepts_belongs(&c, said_id, said));
    assert_true(token_concepts_has_words(&c, the));
    /* By hand, the same count: no token carries more concepts than it occurs. */
    int64_t all = 0;
    for (int v = 0; v < c.V; v++) {
        all += c.count_V[v];
        for (int k = 0; k < c.n_concepts; k++)
            assert_true(c.carries_VC[v * c.n_concepts + k] <= c.count_V[v]);
    }
    assert_true(all > 60 * 20);
    token_concepts_release(&c);
    tokenizer_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(words_belong_to_their_concepts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
