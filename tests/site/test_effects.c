/* What the pages say of a feature's effect, its neighbours and the SAE: each case in its words. */
#include "test.h"
#include "base/io.h"
#include "base/memory.h"
#include "site/common_site.h"
#include "site/site.h"
#include <string.h>

static const char *page_of(arena *a, const char *site, const record *r, int index, const char *kind)
{
    char name[RECORD_NAME];
    record_feature_name(name, r->run.sae.layer, r->targets[index].id);
    return file_text(a, path_join(a, scratch(), site),
                     arena_printf(a, "features/%s.%s", name, kind));
}

static void write(arena *a, const char *site, record *r, void (*change)(record *))
{
    err e = {0};
    record_volatile times;
    template_set templates = load_templates(a);
    const char *dir = path_join(a, scratch(), site);
    synthetic_record(r, &times, a, SYNTHETIC_USUAL);
    if (change)
        change(r);
    if (record_write(dir, r, &e) || record_write_volatile(dir, &times, &e) ||
        site_write(dir, &templates, &e))
        fail_msg("%s", e.text);
}

/* What tests look at that change nothing. */
typedef struct usual {
    arena a;
    record r;
} usual;

static int write_usual(void **state)
{
    usual *u = mem_small(1, sizeof *u);
    *state = u;
    if (make_scratch(state))
        return -1;
    write(&u->a, "usual", &u->r, NULL);
    return 0;
}

static int remove_usual(void **state)
{
    usual *u = *state;
    arena_release(&u->a);
    mem_free(u);
    return remove_scratch(state);
}

static void has(const char *page, const char *text)
{
    if (!strstr(page, text))
        fail_msg("the page does not say \"%s\"", text);
}

static void has_not(const char *page, const char *text)
{
    if (strstr(page, text))
        fail_msg("the page says \"%s\"", text);
}

/* Target i has the case i of make_effects(). */
static void each_case_is_said(void **state)
{
    static const struct {
        int target;
        const char *says, *says_not;
    } cases[] = {
        {0, "18 of 20 of the tokens at the ends of its logit table move as promised", "too few"},
        {0, "when it is taken out, 19 of 20 move the other way.", "No later token sees a change"},
        {1, "It hardly does anything to the output", "It raises"},
        {1, "more than 0.000340 nats", "too few"},
        {2, "That is too few: the lists do not tell what it does", "hardly does anything"},
        {2, "No later token sees a change", "hardly does anything"},
        {3, "Its weights do not tell which tokens it raises (it is behind a nonlinearity)",
         "Logit table: what"},
        {3, "There is no logit table: it is behind a nonlinearity.", "rank correlation"},
        {4, "what it really does was not measured (effects.prompts is 0)", "Runs with the feature"},
        {4, "Its effect was not measured: effects.prompts is 0.", "probability moved most"},
        {5, "It reads no embeddings: it reads no stream.", "Tokens whose embeddings"},
        {6, "Tokens whose embeddings its encoder reads", "It reads no embeddings"},
    };
    usual *u = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (int html = 0; html < 2; html++) {
            const char *page =
                page_of(&u->a, "usual", &u->r, cases[i].target, html ? "html" : "md");
            has(page, cases[i].says);
            has_not(page, cases[i].says_not);
        }
}

static void neighbours_stand_once_with_all_their_places(void **state)
{
    usual *u = *state;
    const char *page = page_of(&u->a, "usual", &u->r, 1, "md");
    /* Entry 0, the first by decoder, is entry 13 too: the fourth by Jaccard. */
    has(page, "| decoder 1, Jaccard 4 |");
    has(page, "active inside its tokens");
    has(page, "same direction, other tokens");
    has(page, "A relation is said of features");
    has_not(page_of(&u->a, "usual", &u->r, 0, "md"),
            "A relation is said of features"); /* none has one */
}

static void traces_show_what_each_token_costs(void **state)
{
    usual *u = *state;
    const record_context *c = &u->r.targets[0].top[0];
    const char *text = page_of(&u->a, "usual", &u->r, 0, "md"),
               *html = page_of(&u->a, "usual", &u->r, 0, "html");
    assert_true(c->n_tokens > 2);
    has(text, arena_printf(&u->a, " <sub>+0.500</sub> | %d:%d |", c->prompt, c->start + c->peak));
    has(text, " <sub>\u22120.250</sub>");
    has(text, "| 0.250 | ");       /* in all */
    has(html, "<span class=\"a9"); /* the largest */
    has(html, "<span class=\"b5\" title=\"\u22120.250\">");
    has_not(page_of(&u->a, "usual", &u->r, 4, "md"), "costs more to predict"); /* nothing was run */
}

/* make_attention(): 2.5 and 5 in all, of it 0.5 and 1 from the peak, 1.5 and 3 through head 3. */
static void attention_shows_who_brings_what(void **state)
{
    usual *u = *state;
    const record_context *c = &u->r.targets[0].top[0], *second = &u->r.targets[0].top[1];
    const char *text = page_of(&u->a, "usual", &u->r, 0, "md"),
               *html = page_of(&u->a, "usual", &u->r, 0, "html"),
               *other = page_of(&u->a, "usual", &u->r, 5, "md");
    assert_true(c->start > 0 && second->start > 0);
    has(text, "Averaged over the strongest contexts (2), the product is **3.75**: 0.750 from the "
              "token itself, 3 from those before it.");
    has(text, "| 2.50 | 0.250 | ");
    has(text, "| 5 | 0.500 | ");
    has(text, " <sub>+2</sub>");
    has(text, "</b> <sub>+0.500</sub>"); /* the peak, which no other changes make bold */
    has(text, arena_printf(&u->a, " | %d:%d |", second->prompt, second->start + second->peak));
    has(text, "from a tenth of 4 on; a negative one");
    has(text, "| L2H3 | 2.25 | 1.50 | 3 |\n| L2H1 | 1.50 | 1 | 2 |\n"
              "| L2H7 | \u22120.750 | \u22121 | \u22120.500 |\n| L2H0 | 0.375 |");
    has(text, "| L2H6 | 0.0938 | 0.0625 | 0.125 |\n| 2 others | 0 | ");
    has_not(text, "| L2H8 |");
    has(html, "<h2 id=\"what-attention-brings-it\">");
    has(html, "<span class=\"b2\" title=\"\u22120.500\">");
    has(html, "<span class=\"a9\" title=\"4\">");
    has(html, "<span class=\"a3 peak\" title=\"1\">");
    has_not(other, "attention brings"); /* it reads elsewhere */
}

/* A part too small for a colour is no reason not to show where the feature is read. */
static void leave_the_peak_little(record *r)
{
    r->n_targets = 1;
    for (int i = 0; i < 2; i++) {
        record_attention *x = &r->targets[0].effects.attention[i];
        x->parts[r->targets[0].top[i].peak] = 0.0005;
        x->n_heads = 1; /* of an SAE on one head */
        x->heads[0].head = 3;
    }
}

static void a_peak_without_a_part_is_marked(void **state)
{
    (void)state;
    arena a = {0};
    record r;
    write(&a, "little", &r, leave_the_peak_little);
    const char *html = page_of(&a, "little", &r, 0, "html");
    has(html, "<span class=\"a0 peak\" title=\"0.000500\">");
    has(html, "0 from the token itself, 3.00 from those before it, all of it through head L2H3.");
    has_not(html, "The same by head");
    arena_release(&a);
}

static void neurons_are_listed(void **state)
{
    usual *u = *state;
    const char *page = page_of(&u->a, "usual", &u->r, 0, "md");
    has(page, "| 7 | \u22120.610 | 12.5% |");
    has(page, "| 2 | \u22120.380 | \u22120.020 |");
}

static void the_run_page_shows_the_sae(void **state)
{
    usual *u = *state;
    const char *page = file_text(&u->a, path_join(&u->a, scratch(), "usual"), "README.md");
    has(page, "| loss recovered | 0.9905 |");
    has(page, "| explained variance | 0.9570 |");
    has(page, "| added by the output | 0.0640 |");
    has(page, "| dense features | 3 |");
}

static void the_run_page_names_what_stands_out(void **state)
{
    usual *u = *state;
    const record *r = &u->r;
    const char *page = file_text(&u->a, path_join(&u->a, scratch(), "usual"), "README.md");
    const record_target *best = &r->targets[0], *worst = best;
    for (int i = 1; i < r->n_targets; i++) {
        const record_target *t = &r->targets[i];
        best = record_rule_f1(t) > record_rule_f1(best) ? t : best;
        worst = record_rule_f1(t) < record_rule_f1(worst) ? t : worst;
    }
    assert_ptr_not_equal(best, worst);
    has(page, "**How far to trust it.**");
    has(page, arena_printf(&u->a, "| best explained | [%d](", best->id));
    has(page, arena_printf(&u->a, "| least explained | [%d](", worst->id));
    has(page, arena_printf(&u->a, "%.3f | F1 of its rule |", record_rule_f1(worst)));
    has(file_text(&u->a, path_join(&u->a, scratch(), "nothing"), "README.md"),
        "**How far to trust it.**");
    has_not(file_text(&u->a, path_join(&u->a, scratch(), "nothing"), "README.md"),
            "Worth a look first"); /* of one target */
}

static void look_at_nothing(record *r)
{
    r->sae_quality.n_prompts = 0;
    r->sae_quality.no_runs = "effects.quality_prompts is 0";
    r->targets[0].effects = (record_effects){0};
    r->n_targets = 1;
}

static void what_was_not_looked_at_is_left_out(void **state)
{
    (void)state;
    arena a = {0};
    record r;
    write(&a, "nothing", &r, look_at_nothing);
    const char *page = file_text(&a, path_join(&a, scratch(), "nothing"), "README.md");
    has(file_text(&a, path_join(&a, scratch(), "nothing"), "index.html"),
        "was not measured: effects.quality_prompts is 0.");
    has_not(page, "loss recovered |");
    has_not(page_of(&a, "nothing", &r, 0, "html"), "What it does to the output");
    has_not(page_of(&a, "nothing", &r, 0, "html"), "Neighbours");
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case_is_said),
        cmocka_unit_test(neighbours_stand_once_with_all_their_places),
        cmocka_unit_test(traces_show_what_each_token_costs),
        cmocka_unit_test(attention_shows_who_brings_what),
        cmocka_unit_test(a_peak_without_a_part_is_marked),
        cmocka_unit_test(neurons_are_listed),
        cmocka_unit_test(the_run_page_shows_the_sae),
        cmocka_unit_test(what_was_not_looked_at_is_left_out),
        cmocka_unit_test(the_run_page_names_what_stands_out),
    };
    return cmocka_run_group_tests(tests, write_usual, remove_usual);
}
