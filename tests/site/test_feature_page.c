/* What the page of one feature says of records changed by hand. */
#include "test.h"
#include "base/io.h"
#include "base/memory.h"
#include "site/common_site.h"
#include "site/site.h"
#include <string.h>

/* Writes the usual record with its first target changed, and returns the target's page. */
static const char *page_of(arena *a, const char *name, void (*change)(record *, record_target *),
                           const char *kind)
{
    err e = {0};
    record r;
    record_volatile times;
    char feature[RECORD_NAME];
    template_set templates = load_templates(a);
    const char *dir = path_join(a, scratch(), name);
    synthetic_record(&r, &times, a, SYNTHETIC_USUAL);
    change(&r, &r.targets[0]);
    if (record_write(dir, &r, &e) || record_write_volatile(dir, &times, &e) ||
        site_write(dir, &templates, &e))
        fail_msg("%s", e.text);
    record_feature_name(feature, r.run.sae.layer, r.targets[0].id);
    return file_text(a, dir, arena_printf(a, "features/%s.%s", feature, kind));
}

static void nothing(record *r, record_target *t)
{
    (void)r;
    (void)t;
}

static void die(record *r, record_target *t)
{
    r->features[t->id].n_active = 0;
    r->features[t->id].density = 0;
    t->quantiles = (record_quantiles){0};
    t->histogram = t->log_histogram = (record_histogram){0};
    t->n_top = t->n_tokens = 0;
}

static void freeze(record *r, record_target *t)
{
    (void)r;
    t->quantiles = (record_quantiles){8000, 310, 3, 3, 3, 3, 3, 3};
}

static void thicken(record *r, record_target *t)
{
    r->features[t->id].density = 0.31;
}

static void starve(record *r, record_target *t)
{
    (void)r;
    t->quantiles.n_prompts = 42;
}

static void a_state_is_said_first_and_draws_nothing_empty(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*change)(record *, record_target *);
        const char *says; /* NULL: nothing */
        bool contexts, histograms;
    } rows[] = {{"usual", nothing, NULL, true, true},
                {"dead", die, "<strong>Dead.</strong>", false, false},
                {"constant", freeze, "<strong>Constant.</strong> Each of the", true, false},
                {"dense", thicken, "<strong>Dense.</strong> It is active on 31.0%", true, true},
                {"few", starve, "<strong>Few samples.</strong> It is active in 42 of", true, true}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        arena a = {0};
        const char *page = page_of(&a, rows[i].name, rows[i].change, "html");
        const char *note = strstr(page, "class=\"note\"");
        assert_true(!note == !rows[i].says);
        if (note) {
            assert_non_null(strstr(note, rows[i].says));
            assert_true(note < strstr(page, "class=\"facts\""));
            assert_null(strstr(note + 1, "class=\"note\"")); /* one */
        }
        assert_true(!strstr(page, "Where it fires") == !rows[i].contexts);
        assert_true(!strstr(page, "-histogram.png") == !rows[i].histograms);
        arena_release(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_is_said_first_and_draws_nothing_empty),
    };
    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
