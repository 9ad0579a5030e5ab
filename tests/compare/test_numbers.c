/* The numbers of a comparison on cases done by hand: maps that are turned, mirrored and scaled,
 * groupings, words. */
#include "test.h"
#include "base/memory.h"
#include "compare/differences.h"
#include "base/partition.h"
#include "compare/procrustes.h"
#include "compare/words.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static void assert_close(double got, double want, double most)
{
    if (!(fabs(got - want) <= most))
        fail_msg("%.17g instead of %.17g", got, want);
}

/* ---- maps ---- */

enum { CORNERS = 4 };
static const double FIRST_X[CORNERS] = {0, 4, 4, 1}, FIRST_Y[CORNERS] = {0, 0, 2, 3};

/* The first map after turning by `angle`, perhaps mirrored before, scaled and shifted. */
static void move_away(double *x, double *y, double angle, bool mirrored, double scale)
{
    for (int i = 0; i < CORNERS; i++) {
        double px = FIRST_X[i], py = mirrored ? -FIRST_Y[i] : FIRST_Y[i];
        x[i] = scale * (cos(angle) * px - sin(angle) * py) + 7;
        y[i] = scale * (sin(angle) * px + cos(angle) * py) - 3;
    }
}

static void check_way_back(double angle, bool mirrored, double scale)
{
    double x[CORNERS], y[CORNERS];
    move_away(x, y, angle, mirrored, scale);
    procrustes p = procrustes_fit(FIRST_X, FIRST_Y, x, y, CORNERS);
    double determinant = p.turn[0][0] * p.turn[1][1] - p.turn[0][1] * p.turn[1][0];
    assert_close(determinant, mirrored ? -1 : 1, 1e-12);
    assert_close(p.scale, 1 / scale, 1e-12);
    assert_close(p.disparity, 0, 1e-12);
    assert_int_equal(p.n, CORNERS);
    for (int i = 0; i < CORNERS; i++) {
        procrustes_move(&p, &x[i], &y[i]);
        assert_close(x[i], FIRST_X[i], 1e-12);
        assert_close(y[i], FIRST_Y[i], 1e-12);
    }
}

static void maps_come_back(void **state)
{
    (void)state;
    check_way_back(0, false, 1);
    check_way_back(0.7, false, 3);
    check_way_back(-2.5, false, 0.25);
    check_way_back(0, true, 1);
    check_way_back(1.9, true, 5);
    check_way_back(3.14159265358979, false, 2);
}

/* Centred with
 * a = (-1,0), (1,0), (0,0) and b = (0,-1), (0,2), (0,-1) the products are sum a b^T = [[0, 3], [0,
 * 0]], spreads 2 and 6, so 1 - 3^2 / (2 * 6) = 1/4 is left and the scale is 3 / 6. */
static void what_is_left_is_told(void **state)
{
    (void)state;
    const double ax[] = {-1, 1, 0}, ay[] = {0, 0, 0}, bx[] = {5, 5, 5}, by[] = {-1, 2, -1};
    procrustes p = procrustes_fit(ax, ay, bx, by, 3);
    assert_close(p.disparity, 0.25, 1e-12);
    assert_close(p.scale, 0.5, 1e-12);
    double x = 5, y = 2;
    procrustes_move(&p, &x, &y);
    assert_close(x, 1, 1e-12);
    assert_close(y, 0, 1e-12);
}

static void maps_without_spread(void **state)
{
    (void)state;
    const double a[] = {1, 3}, same[] = {2, 2};
    procrustes p = procrustes_fit(a, a, same, same, 2);
    assert_true(isnan(p.disparity));
    double x = 2, y = 2;
    procrustes_move(&p, &x, &y);
    assert_close(x, 2, 0);
    p = procrustes_fit(NULL, NULL, NULL, NULL, 0);
    assert_int_equal(p.n, 0);
    assert_true(isnan(p.disparity));
}

/* ---- groupings ---- */

static double rand_of(const int *a, const int *b, int n)
{
    arena memory = {0};
    int n_cells;
    partition_cell *cells = partition_cells(&n_cells, a, b, n, &memory);
    double index = partition_rand_index(cells, n_cells);
    arena_release(&memory);
    return index;
}

static void rand_index_by_hand(void **state)
{
    (void)state;
    /* Cells 2, 1 / 1, 2: pairs together in both 1 + 1 = 2; rows 3 + 3 = 6, columns 3 + 3 = 6, all
     * 15; expected 36 / 15 = 2.4; (2 - 2.4) / (6 - 2.4) = -1/9. */
    const int a[] = {0, 0, 0, 1, 1, 1}, b[] = {0, 0, 1, 1, 1, 0};
    assert_close(rand_of(a, b, 6), -1.0 / 9, 1e-15);
    /* Cells 2 / 1, 1 / 2: both 1 + 1 = 2, rows 1 + 1 + 1 = 3, columns 3 + 3 = 6, expected 18 / 15,
     * (2 - 1.2) / (4.5 - 1.2) = 8/33. */
    const int c[] = {0, 0, 1, 1, 2, 2}, d[] = {0, 0, 0, 1, 1, 1};
    assert_close(rand_of(c, d, 6), 8.0 / 33, 1e-15);
    const int renamed[] = {5, 5, 5, 2, 2, 2};
    assert_close(rand_of(a, renamed, 6), 1, 0);
    const int one[] = {0, 0, 0, 0, 0, 0};
    assert_close(rand_of(one, one, 6), 1, 0);
    assert_close(rand_of(a, one, 6), 0, 0);
    assert_true(isnan(rand_of(a, b, 1)));
}

static void what_is_in_no_group_is_left_out(void **state)
{
    (void)state;
    const int a[] = {0, -1, 0, 1, 1, -2}, b[] = {3, 3, 3, 0, -1, -1};
    arena memory = {0};
    int n;
    partition_cell *cells = partition_cells(&n, a, b, 6, &memory);
    assert_int_equal(n, 2);
    assert_int_equal(cells[0].a, 0);
    assert_int_equal(cells[0].b, 3);
    assert_int_equal(cells[0].n, 2);
    assert_int_equal(cells[1].n, 1);
    arena_release(&memory);
}

static void groups_correspond_both_ways(void **state)
{
    (void)state;
    /* 0 shares most with 1 and 1 with 0; 2 shares most with 1, which prefers 0. */
    const partition_cell cells[] = {{0, 0, 2}, {0, 1, 9}, {1, 0, 4}, {2, 1, 8}, {3, 2, 1}};
    int match[5];
    partition_match(match, 5, 4, cells, COUNT_OF(cells));
    const int want[] = {1, 0, -1, 2, -1};
    assert_memory_equal(match, want, sizeof want);
}

/* ---- words ---- */

static record_bytes bytes(const char *text)
{
    return (record_bytes){text, (int)strlen(text)};
}

static void check_words(const char *before, const char *after, const char *want)
{
    arena a = {0};
    char got[512] = "";
    int n;
    words_piece *pieces = words_compare(&n, bytes(before), bytes(after), &a);
    for (int i = 0; i < n; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%c%.*s|", "=-+"[pieces[i].kind],
                 pieces[i].text.n, pieces[i].text.bytes);
    assert_string_equal(got, want);
    arena_release(&a);
}

static void words_by_hand(void **state)
{
    (void)state;
    check_words("", "", "");
    check_words("fires on the", "fires on the", "=fires on the|");
    check_words("fires  on\tthe", "fires on the ", "=fires  on\tthe|");
    check_words("fires on the", "fires on a", "=fires on|-the|+a|");
    check_words("a b c d e", "a x c e f", "=a|-b|+x|=c|-d|=e|+f|");
    check_words("", "new words", "+new words|");
    check_words("old words", "", "-old words|");
    check_words("one two three four", "three four one two", "-one two|=three four|+one two|");
    check_words("in quotes \"a\"", "in \"a\"", "=in|-quotes|=\"a\"|");
    check_words("on ` a`, `b`", "on ` c`, `b`", "=on|-` a`,|+` c`,|=`b`|"); /* tokens are whole */
    check_words("a ` b", "a ` c", "=a `|-b|+c|"); /* a backtick alone is a word */
}

/* ---- tolerance ---- */

static void numbers_agree_within_the_tolerance(void **state)
{
    (void)state;
    assert_true(numbers_agree(100, 101, 0.01));
    assert_false(numbers_agree(100, 101.1, 0.01));
    assert_true(numbers_agree(-2, -2, 0));
    assert_false(numbers_agree(0, 1e-9, 0.5)); /* nothing is not a little */
    assert_true(numbers_agree((double)NAN, (double)NAN, 0));
    assert_false(numbers_agree((double)NAN, 1, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_come_back),
        cmocka_unit_test(what_is_left_is_told),
        cmocka_unit_test(maps_without_spread),
        cmocka_unit_test(rand_index_by_hand),
        cmocka_unit_test(what_is_in_no_group_is_left_out),
        cmocka_unit_test(groups_correspond_both_ways),
        cmocka_unit_test(words_by_hand),
        cmocka_unit_test(numbers_agree_within_the_tolerance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
