/* What the page of one feature says of records changed by hand. */
#include "test.h"
#include "base/io.h"
#include "base/memory.h"
#include "site/common_site.h"
#include "site/site.h"
#include <math.h>
#include <string.h>

/* Writes the usual record with its first target changed and no other, whose figures would take
 * long to draw, and returns the target's page. A name stands for one change, and is written once.
 */
static const char *page_of(arena *a, const char *name, void (*change)(record *, record_target *),
                           const char *kind)
{
    err e = {0};
    record r;
    record_volatile times;
    char feature[RECORD_NAME];
    const char *dir = path_join(a, scratch(), name);
    synthetic_record(&r, &times, a, SYNTHETIC_USUAL);
    change(&r, &r.targets[0]);
    r.n_targets = 1;
    if (!io_exists(dir)) {
        template_set templates = load_templates(a);
        if (record_write(dir, &r, &e) || record_write_volatile(dir, &times, &e) ||
            site_write(dir, &templates, &e))
            fail_msg("%s", e.text);
    }
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
    t->optimum.data_ratio = t->optimum.snapped_ratio = (double)NAN;
    t->search.n_sequences = 0; /* as when all starts are windows */
    t->rule.n_scores = 0;
    t->quantiles = (record_quantiles){0};
    t->histogram = t->log_histogram = (record_histogram){0};
    t->n_top = t->n_tokens = t->n_trie = t->n_deciles = t->n_intervals = 0;
    t->effects.n_traces = t->effects.n_attention = 0; /* of contexts that are gone */
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
        assert_true(!strstr(page, "Histogram of Non-zero activations") == !rows[i].histograms);
        arena_release(&a);
    }
}

/* Neither a ratio to nothing, nor what a rule that is not there says of inputs not found. */
static void a_dead_feature_claims_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        bool alive, dead;
    } rows[] = {{"the largest activation in the data; their", true, false},
                {"What the search found", true, false},
                {"### How it was found", true, false},
                {"The search tried sequences", true, false},
                {"The search found none: at effort", false, true},
                {"No rule was measured for it.", false, true}};
    arena a = {0};
    const char *alive = page_of(&a, "usual", nothing, "md");
    const char *dead = page_of(&a, "dead", die, "md");
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (!strstr(alive, rows[i].says) == rows[i].alive ||
            !strstr(dead, rows[i].says) == rows[i].dead)
            fail_msg("'%s'", rows[i].says);
    arena_release(&a);
}

/* A path's tokens stand in the order of the text, pieces of characters together. */
static void split_character(record *r, record_target *t)
{
    (void)r;
    static record_trie_node nodes[] = {
        {.depth = 1, .token = {"\xa9", 1}, .n = 12, .n_active = 6, .precision = 0.5},
        {.depth = 2, .token = {"\xc3", 1}, .n = 10, .n_active = 6, .precision = 0.6},
        {.depth = 3, .token = {" caf", 4}, .n = 6, .n_active = 6, .precision = 1},
        {.depth = 1, .token = {" <b>", 4}, .n = 3, .n_active = 2, .precision = 2.0 / 3}};
    t->trie = nodes;
    t->n_trie = COUNT_OF(nodes);
}

static void paths_are_a_drawing_and_a_list(void **state)
{
    (void)state;
    arena a = {0};
    const char *page = page_of(&a, "paths", split_character, "html");
    const char *drawing = strstr(page, "class=\"tree\"");
    assert_non_null(drawing);
    assert_non_null(strstr(drawing, "<title>\\xa9: active on 6 of 12"));
    assert_non_null(strstr(drawing, "<title>\u00e9: active on 6 of 10"));
    assert_non_null(strstr(drawing, "<title>\u2423caf\u00e9: active on 6 of 6"));
    assert_non_null(strstr(drawing, "<title>\u2423&lt;b&gt;: active on 2 of 3"));
    const char *text = page_of(&a, "paths", split_character, "md");
    assert_non_null(strstr(text, "\n- `\\xa9` 50.0% of 12 "));
    assert_non_null(strstr(text, "\n  - `\u00e9` 60.0% of 10 "));
    assert_non_null(strstr(text, "\n    - `\u2423caf\u00e9` 100% of 6 "));
    assert_non_null(strstr(text, "\n- `\u2423<b>` 66.7% of 3 "));
    arena_release(&a);
}

/* The best sequence is "x", then a Euro sign in three tokens. */
static void find_euro(record *r, record_target *t)
{
    (void)r;
    static record_bytes tokens[] = {{"x", 1}, {"\xe2", 1}, {"\x82", 1}, {"\xac", 1}};
    static int ids[] = {1, 2, 3, 4};
    static double activations[] = {0, 1, 4, 2}, most[] = {0.1, 0.2, 0.8, 0.4},
                  least[] = {0.1, 0, 0.3, 0.2};
    record_sequence *s = &t->search.sequences[0];
    s->tokens = tokens;
    s->ids = ids;
    s->activations = activations;
    s->lost_most = most;
    s->lost_least = least;
    s->n_tokens = COUNT_OF(ids);
}

static void found_characters_are_whole(void **state)
{
    (void)state;
    arena a = {0};
    const char *page = page_of(&a, "euro", find_euro, "html");
    assert_non_null(strstr(page,
                           "title=\"activation 4; lost with the worst other token 80.0%, with "
                           "the best 30.0%\">\u20ac</span>"));
    assert_non_null(strstr(page, "<code>\\xe2</code>")); /* token by token, each is a piece */
    arena_release(&a);
}

static void prune(record *r, record_target *t)
{
    (void)r;
    t->n_trie = 0;
}

static void no_paths_are_said_to_be_none(void **state)
{
    (void)state;
    arena a = {0};
    const char *page = page_of(&a, "pruned", prune, "html");
    assert_null(strstr(page, "class=\"tree\""));
    assert_non_null(strstr(page, "it depends on more than four tokens"));
    arena_release(&a);
}

static void count_one_token(record *r, record_target *t)
{
    (void)r;
    static record_token_stat one = {.token = {" cat", 4},
                                    .id = 3,
                                    .count = 27,
                                    .activation = 1.5,
                                    .occurrences = 30,
                                    .fires = 0.9,
                                    .fires_low = 0.744,
                                    .fires_high = 0.965,
                                    .share = 0.125};
    t->tokens = &one;
    t->n_tokens = 1;
}

static void tokens_and_groups_say_their_counts(void **state)
{
    (void)state;
    arena a = {0};
    const char *text = page_of(&a, "tokens", count_one_token, "md");
    assert_non_null(
        strstr(text, "| `\u2423cat` | 27 | 30 | 90.0% | 74.4% to 96.5% | 12.5% | 1.50 |"));
    assert_non_null(strstr(text, "| 1 | 0 | 0.800 | 31 | 800 |")); /* a tenth: from, to, counts */
    assert_non_null(strstr(text, "| 0 | 1.60 | 800 | 31 |"));      /* an interval */
    assert_non_null(strstr(text, "| 3.20 | 4.80 | 0 | 0 | \u2013 | none | \u2013 |"));
    assert_non_null(strstr(text, "| 65\u2013100 | 4000 | 50 | 1.25% | 2.70 |"));
    assert_non_null(strstr(text, "| 2 | 1000 | 0 | 0% | \u2013 |"));
    arena_release(&a);
}

static void fall_silent(record *r, record_target *t)
{
    (void)r;
    record_context *c = &t->rule.false_alarms[0];
    c->activations[c->peak] = 0;
}

/* The rule fires where the feature does not: only the line below tells on which token. */
static void a_silent_token_is_underlined(void **state)
{
    (void)state;
    arena a = {0};
    static const char caption[] = "The rule fires, the feature is silent";
    const char *html = page_of(&a, "silent", fall_silent, "html");
    const char *from = strstr(html, caption),
               *row = from ? strstr(from, "<tr><th scope=\"row\"") : NULL;
    assert_non_null(row);
    row = arena_strndup(&a, row, strcspn(row, "\n"));
    assert_non_null(strstr(row, "<span class=\"a0 peak\" title=\"0\">"));
    const char *markdown = strstr(page_of(&a, "silent", fall_silent, "md"), caption);
    assert_non_null(markdown);
    row = strstr(markdown, "| 0 | ");
    assert_non_null(row);
    assert_non_null(strstr(arena_strndup(&a, row, strcspn(row, "\n")), "<ins>"));
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dead_feature_claims_nothing),
        cmocka_unit_test(a_state_is_said_first_and_draws_nothing_empty),
        cmocka_unit_test(paths_are_a_drawing_and_a_list),
        cmocka_unit_test(found_characters_are_whole),
        cmocka_unit_test(no_paths_are_said_to_be_none),
        cmocka_unit_test(tokens_and_groups_say_their_counts),
        cmocka_unit_test(a_silent_token_is_underlined),
    };
    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
