/* Rules on documents of another text: they hold there as a look at the tokens says. */
#include "test.h"

#include "rules/common.h"
#include <string.h>

static rule_predicate with_tokens(rule_kind kind, const int32_t *tokens, int n)
{
    return (rule_predicate){.kind = kind, .tokens = tokens, .n_tokens = n, .window = 8};
}

static bool ends_with(const rule *r, const rule_text *t, int prompt)
{
    uint64_t bits[4] = {0};
    assert_true(rule_bit_words(t, RULE_FIT) <= 4);
    rule_bits(bits, t, RULE_FIT, r);
    const rule_document *d = &t->documents[t->document_of[prompt]];
    size_t end = d->first + (size_t)d->n - 1;
    return bits[end / 64] >> end % 64 & 1;
}

static void rules_hold_on_sequences(void **state)
{
    (void)state;
    text_rig r;
    world_rig_open(&r);
    static const int32_t with_quote[] = {WORLD_THE, WORLD_QUOTE, WORLD_OLD, WORLD_SAID},
                         without[] = {WORLD_THE, WORLD_OLD, WORLD_SAID},
                         at_once[] = {WORLD_NEW, WORLD_YORK};
    int32_t tokens[9];
    size_t first[4] = {0, 4, 7, 9};
    memcpy(tokens, with_quote, sizeof with_quote);
    memcpy(tokens + 4, without, sizeof without);
    memcpy(tokens + 7, at_once, sizeof at_once);
    prompt_set p = {.bos = -1, .n = 3, .tokens = tokens, .first = first};
    rule_text t;
    err e = {0};
    if (rule_text_alike(&t, &r.text, &p, &e))
        fail_msg("%s", e.text);
    assert_int_equal(t.n_documents, 3);
    assert_int_equal(rule_part_size(&t, RULE_FIT), 9);
    assert_int_equal(rule_part_size(&t, RULE_CHOOSE), 0);
    assert_int_equal(rule_part_size(&t, RULE_REPORT), 0);
    assert_memory_equal(t.classes_V, r.text.classes_V, (size_t)t.V * sizeof *t.classes_V);

    static const int32_t said[] = {WORLD_SAID}, quote[] = {WORLD_QUOTE}, york[] = {WORLD_YORK},
                         new[] = {WORLD_NEW};
    rule skip_gram = {.n_clauses = 1, .clauses[0].n = 2};
    skip_gram.clauses[0].predicates[0] = with_tokens(RULE_TOKEN_IN, said, 1);
    skip_gram.clauses[0].predicates[1] = with_tokens(RULE_NEAR, quote, 1);
    assert_true(ends_with(&skip_gram, &t, 0));
    assert_false(ends_with(&skip_gram, &t, 1)); /* nothing of the document before it counts */
    assert_false(ends_with(&skip_gram, &t, 2));
    rule n_gram = {.n_clauses = 1, .clauses[0].n = 2};
    n_gram.clauses[0].predicates[0] = with_tokens(RULE_TOKEN_IN, york, 1);
    n_gram.clauses[0].predicates[1] = with_tokens(RULE_TOKEN_IN, new, 1);
    n_gram.clauses[0].predicates[1].distance = 1;
    assert_true(ends_with(&n_gram, &t, 2));
    rule initial = {.n_clauses = 1, .clauses[0].n = 1};
    initial.clauses[0].predicates[0] =
        (rule_predicate){.kind = RULE_CLASS_IS, .detail = RULE_WORD_INITIAL};
    assert_true(ends_with(&initial, &t, 0) && ends_with(&initial, &t, 2));
    rule quoted = {.n_clauses = 1, .clauses[0].n = 1};
    quoted.clauses[0].predicates[0] = (rule_predicate){.kind = RULE_FLAG, .detail = RULE_IN_QUOTES};
    assert_true(ends_with(&quoted, &t, 0));
    assert_false(ends_with(&quoted, &t, 1));
    rule_text_release(&t);
    text_rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rules_hold_on_sequences)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
