/* Ctrl-C in every measurement: E_CANCELLED, and nothing left to release. */
#include "test.h"

#include "base/memory.h"
#include "invert/attribution.h"
#include "invert/common_bed.h"
#include "invert/robustness.h"
#include "invert/singles.h"
#include "invert/token_loss.h"
#include <signal.h>
#include <string.h>

static void stops_every_measurement(void **state)
{
    (void)state;
    bed *b = bed_open("cpu", 2, "blocks.1.hook_resid_post", 0);
    int32_t tokens[] = {5, 6, 7};
    err e = {0};
    cancel_install();
    raise(SIGTERM);

    singles best;
    int target = 3;
    assert_int_equal(singles_find(&best, &b->set, &target, 1, 4, 0, &e), E_CANCELLED);
    assert_null(best.best_F);
    assert_null(best.ids_NS);
    double loss;
    assert_int_equal(token_loss_windows(&loss, &b->set, tokens, 1, 3, &e), E_CANCELLED);
    attribution_job attribution = {.scale = 1, .tokens_L = tokens, .length = 3};
    arena a = {0};
    assert_int_equal(attribution_run(&attribution, 1, &b->set, &a, &e), E_CANCELLED);
    robustness_job robustness = {.tokens_L = tokens, .length = 3};
    prompt_set p = {.bos = 0, .min_tokens = 1, .max_tokens = 9};
    assert_int_equal(prompts_add(&p, b->r.tokenizer, "a cat", 5, &e), OK);
    assert_int_equal(robustness_measure(&robustness, 1, &b->set, &p, 1, &e), E_CANCELLED);
    prompts_release(&p);
    arena_release(&a);
    bed_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(stops_every_measurement)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
