/* The tree of suffixes as a drawing, a table and a line of text. */
#include "test.h"
#include "draw/path_tree.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 4 };

static const path_row *rows(void)
{
    static path_row list[N] = {{1, "bank", "", 200, 120, 0.53, 0.665, 2.5},
                               {2, "river", "bank", 50, 50, 0.929, 1, 3},
                               {3, "\"a,<b>\"", "riverbank", 20, 19, 0.764, 0.991, 3.25},
                               {2, "the", "bank", 100, 0, 0, 0.037, 0}};
    list[3].mean = (double)NAN;
    return list;
}

static int count(const char *text, const char *what)
{
    int n = 0;
    for (; (text = strstr(text, what)); text += strlen(what))
        n++;
    return n;
}

static double after(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    assert_non_null(at);
    return strtod(at + strlen(key), NULL);
}

static void every_row_says_its_path_and_its_share(void **state)
{
    (void)state;
    str svg = {0};
    path_tree_svg(&svg, rows(), N, 0.1, "Paths <of> a feature");
    const char *text = str_text(&svg);
    assert_non_null(strstr(text, "role=\"img\""));
    assert_non_null(strstr(text, "aria-label=\"Paths &lt;of&gt; a feature\""));
    assert_int_equal(count(text, "<g><title>"), N);
    assert_non_null(strstr(text, "<title>riverbank: active on 50 of 50, 95% interval 92.9% to "
                                 "100%, mean activation 3</title>"));
    assert_non_null(strstr(text, ">60% of 200</text>"));
    assert_non_null(strstr(text, ">0% of 100</text>"));
    assert_non_null(strstr(text, "&quot;a,&lt;b&gt;&quot;"));
    assert_null(strstr(text, "nan"));
    assert_null(strstr(text, "style="));
    assert_int_equal(count(text, "<polyline"), 3 + 1); /* three branches and the reference */
    /* A child stands to the right of its parent, a row below. */
    double parent = after(strstr(text, ">bank</text>") - 80, " x=\"");
    double child = after(strstr(text, ">river</text>") - 80, " x=\"");
    assert_true(child > parent);
    str_release(&svg);
}

static void table_and_text_hold_what_is_drawn(void **state)
{
    (void)state;
    str text = {0};
    path_tree_values(&(drawn_values){&text, "paths", ""}, rows(), N);
    assert_string_equal(str_text(&text),
                        "paths,,,bank,1,,0.6,0.53,0.665,200,\n"
                        "paths,,,river,2,,1,0.929,1,50,bank\n"
                        "paths,,,\"\"\"a,<b>\"\"\",3,,0.95,0.764,0.991,20,riverbank\n"
                        "paths,,,the,2,,0,0,0.037,100,bank\n");
    str_clear(&text);
    path_tree_alt(&text, rows(), N, "Paths");
    assert_string_equal(str_text(&text),
                        "Paths: 4 paths, the surest riverbank, active on 50 of 50");
    str_release(&text);
}

/* Long tokens are cut before the bars; no rows make an empty drawing. */
static void nothing_runs_into_the_bars(void **state)
{
    (void)state;
    char long_text[600];
    memset(long_text, 'w', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    path_row row = {1, long_text, long_text, 3, 1, 0.06, 0.79, 1};
    str svg = {0};
    path_tree_svg(&svg, &row, 1, (double)NAN, "Paths");
    assert_non_null(strstr(str_text(&svg), "w\u2026</text>"));
    assert_int_equal(count(str_text(&svg), "<text"), 2); /* what is left has no room for the rest */
    assert_int_equal(count(str_text(&svg), "<polyline"), 0);
    double width = after(str_text(&svg), " width=\"");
    assert_true(width > 290 && width <= PATH_TREE_WIDTH); /* words take 290 of it at most */
    str_clear(&svg);
    path_tree_svg(&svg, &row, 0, (double)NAN, "Paths");
    assert_non_null(strstr(str_text(&svg), "</svg>"));
    str_release(&svg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_says_its_path_and_its_share),
        cmocka_unit_test(table_and_text_hold_what_is_drawn),
        cmocka_unit_test(nothing_runs_into_the_bars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
