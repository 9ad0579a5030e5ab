/* The cluster map and the inline drawings: structure, hostile texts, no position lost silently. */
#include "base/memory.h"
#include "base/rng.h"
#include "draw/cluster_map.h"
#include "draw/figure.h"
#include "draw/inline_svg.h"
#include "draw/map_frame.h"
#include "draw/map_labels.h"
#include "test.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int count(const char *text, const char *part)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
        n++;
    return n;
}

/* Every tag that opens also closes, in order. Enough XML for what the drawings write. */
static void check_nesting(const char *svg)
{
    char open[32][16];
    int depth = 0;
    for (const char *t = svg; (t = strchr(t, '<')); t++) {
        const char *end = strchr(t, '>');
        assert_non_null(end);
        if (t[1] == '/') {
            assert_true(depth > 0);
            depth--;
            assert_memory_equal(open[depth], t + 2, strlen(open[depth]));
        } else if (end[-1] != '/') {
            assert_true(depth < 32);
            snprintf(open[depth++], 16, "%.*s", (int)strcspn(t + 1, " >"), t + 1);
        }
    }
    assert_int_equal(depth, 0);
    assert_null(strstr(svg, "style="));
    assert_null(strstr(svg, "nan"));
    assert_null(strstr(svg, "inf"));
}

enum { CLUSTERS = 9, MEMBERS = 10, POINTS = CLUSTERS * MEMBERS + 5 };

typedef struct fixture {
    map_point points[POINTS];
    map_cluster clusters[CLUSTERS];
    char ids[POINTS][16];
    cluster_map map;
} fixture;

static void fill(fixture *f)
{
    *f = (fixture){0};
    rng r = rng_stream(1, "test_cluster_map");
    for (int i = 0; i < POINTS; i++) {
        int c = i / MEMBERS < CLUSTERS ? i / MEMBERS : -1;
        snprintf(f->ids[i], sizeof f->ids[i], "L06-%05d", i);
        f->points[i] = (map_point){.x = c % 3 + 0.2 * rng_normal(&r),
                                   .y = c / 3 + 0.2 * rng_normal(&r),
                                   .cluster = c,
                                   .id = f->ids[i],
                                   .is_medoid = c >= 0 && i % MEMBERS == 0};
    }
    for (int c = 0; c < CLUSTERS; c++)
        f->clusters[c] = (map_cluster){.name = "name", .number = c + 1, .size = MEMBERS};
    f->map = (cluster_map){
        .points = f->points, .n_points = POINTS, .clusters = f->clusters, .n_clusters = CLUSTERS};
}

static void test_points_and_legend(void **state)
{
    (void)state;
    fixture f;
    fill(&f);
    str svg = {0};
    cluster_map_svg(&svg, &f.map, "map");
    const char *text = str_text(&svg);
    check_nesting(text);
    assert_memory_equal(text, "<svg ", 5); /* a fragment: no prolog */
    assert_non_null(strstr(text, "role=\"img\" "));
    assert_int_equal(count(text, "<title>L06-"), POINTS);
    assert_int_equal(count(text, "draw-halo"), CLUSTERS);
    assert_int_equal(count(text, "<polygon"), 2 * MEMBERS); /* clusters 8 and 9: squares */
    str_clear(&svg);
    cluster_map_file(&svg, &f.map, "map", "");
    text = str_text(&svg);
    check_nesting(text);
    assert_int_equal(count(text, ">name</text>"), CLUSTERS);
    assert_non_null(strstr(text, ">in no cluster</text>"));
    assert_int_equal(count(text, "<polygon"), 2 * (MEMBERS + 1));
    str_release(&svg);
}

/* On a page the legend is a list; a cluster that has no members in this map is not in it. */
static void test_legend_as_a_list(void **state)
{
    (void)state;
    fixture f;
    fill(&f);
    f.clusters[2].href = "clusters/c.html";
    f.clusters[3].href = "javascript:alert(1)";
    f.clusters[4].name = "<b>\"";
    f.clusters[5].size = 0;
    f.points[1].is_selected = true;
    str html = {0};
    cluster_map_key(&html, &f.map);
    const char *text = str_text(&html);
    check_nesting(text);
    assert_int_equal(count(text, "<li>"), CLUSTERS - 1 + 3);
    assert_int_equal(count(text, "<i>10</i>"), CLUSTERS - 1);
    assert_null(strstr(text, "<strong>6</strong>"));
    assert_int_equal(count(text, "<polygon"), 2); /* the markers of clusters 8 and 9 */
    assert_non_null(strstr(text, "<li><a href=\"clusters/c.html\"><svg "));
    assert_int_equal(count(text, "<a "), 1);
    assert_non_null(strstr(text, "<span title=\"&lt;b&gt;&quot;\">&lt;b&gt;&quot;</span>"));
    assert_non_null(strstr(text, "<span>in no cluster</span><i>5</i>"));
    assert_non_null(strstr(text, "<span>ringed: selected</span>"));
    str_clear(&html);
    cluster_map_file(&html, &f.map, "map", "");
    assert_int_equal(count(str_text(&html), ">10</text>"), CLUSTERS - 1);
    str_release(&html);
}

static void test_links(void **state)
{
    (void)state;
    fixture f;
    fill(&f);
    f.points[3].href = "features/L06-00003.html";
    f.points[4].href = "javascript:alert(1)";
    f.points[5].href = "//elsewhere.example/";
    f.points[6].href = "a\"><script>.html";
    f.clusters[2].href = "clusters/c.html";
    str svg = {0};
    cluster_map_svg(&svg, &f.map, "map");
    const char *text = str_text(&svg);
    check_nesting(text);
    assert_non_null(strstr(text, "role=\"group\" ")); /* an image may not hold links */
    assert_non_null(strstr(text, "<a id=\"map-L06-00003\" href=\"features/L06-00003.html\" "
                                 "aria-label=\"L06-00003\">"));
    assert_int_equal(count(text, "<a "), 2);
    assert_null(strstr(text, "script:"));
    assert_null(strstr(text, "<script"));
    str_clear(&svg);
    cluster_map_file(&svg, &f.map, "map", "../");
    assert_non_null(strstr(str_text(&svg), "href=\"../features/L06-00003.html\""));
    assert_non_null(
        strstr(str_text(&svg), "<a href=\"../clusters/c.html\" aria-label=\"cluster 3\">"));
    assert_non_null(strstr(str_text(&svg), "prefers-color-scheme: dark"));
    str_release(&svg);
}

static void test_hostile_texts(void **state)
{
    (void)state;
    fixture f;
    fill(&f);
    f.points[0].title = "</title><script>\x01\xff\u202e\"'&";
    f.clusters[0].name = "<b>\n]]>";
    f.map.label = "\"><x>";
    str svg = {0};
    cluster_map_svg(&svg, &f.map, "map");
    check_nesting(str_text(&svg));
    assert_non_null(strstr(str_text(&svg), "&lt;/title&gt;&lt;script&gt;\\x01\\xff\\u202e&quot;"));
    str_release(&svg);
}

static void test_degenerate(void **state)
{
    (void)state;
    double nan = strtod("nan", NULL), infinity = strtod("inf", NULL);
    const double places[] = {0, 5, nan, infinity, 1e300, -1e300, 1e-300};
    for (size_t k = 0; k < COUNT_OF(places); k++) {
        fixture f;
        fill(&f);
        for (int i = 0; i < POINTS; i++)
            f.points[i].x = f.points[i].y = places[k];
        str svg = {0}, alt = {0};
        cluster_map_svg(&svg, &f.map, "map");
        check_nesting(str_text(&svg));
        cluster_map_alt(&alt, &f.map);
        assert_true(alt.len <= FIGURE_ALT_MAX);
        if (!isfinite(places[k]))
            assert_non_null(strstr(str_text(&alt), "; 95 without a position"));
        f.points[0].x = 1; /* one good point */
        f.points[0].y = 1;
        str_clear(&svg);
        cluster_map_svg(&svg, &f.map, "map");
        check_nesting(str_text(&svg));
        str_release(&svg);
        str_release(&alt);
    }
    str svg = {0};
    cluster_map_svg(&svg, &(cluster_map){0}, "map");
    check_nesting(str_text(&svg));
    assert_non_null(strstr(str_text(&svg), "no points"));
    str_release(&svg);
}

static void test_many_points_stay_small(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    map_point *points = mem_small(MANY, sizeof *points);
    rng r = rng_stream(2, "test_cluster_map");
    for (int i = 0; i < MANY; i++)
        points[i] = (map_point){.x = rng_normal(&r),
                                .y = rng_normal(&r),
                                .cluster = i % 2,
                                .id = "f",
                                .is_selected = i % 10 == 0};
    map_cluster clusters[] = {{.number = 1, .size = MANY / 2}, {.number = 2, .size = MANY / 2}};
    cluster_map map = {.points = points, .n_points = MANY, .clusters = clusters, .n_clusters = 2};
    str svg = {0};
    cluster_map_svg(&svg, &map, "map");
    check_nesting(str_text(&svg));
    assert_int_equal(count(str_text(&svg), "h0"), MANY); /* every point is drawn */
    assert_int_equal(count(str_text(&svg), "<title>"), MAP_LINKED_POINTS + 2);
    assert_non_null(strstr(str_text(&svg), "<title>cluster 2</title>"));
    assert_true(svg.len < 450 * 1024);
    str_release(&svg);
    mem_free(points);
}

/* Clusters whose hue repeats keep a shape of their own in one path, and noise has none. */
static void test_many_points_keep_their_shapes(void **state)
{
    (void)state;
    enum { MANY = MAP_TITLED_POINTS + 2, SQUARES = SERIES_COLORS };
    map_point *points = mem_small(MANY, sizeof *points);
    map_cluster *clusters = mem_small(SQUARES + 1, sizeof *clusters);
    for (int i = 0; i < MANY; i++)
        points[i] = (map_point){.x = i % 40,
                                .y = i / 40.0,
                                .cluster = i % 3 == 2 ? -1
                                           : i % 3    ? SQUARES
                                                      : 0,
                                .id = "f"};
    for (int i = 0; i <= SQUARES; i++)
        clusters[i] = (map_cluster){.number = i + 1, .name = "a <b>"};
    cluster_map map = {
        .points = points, .n_points = MANY, .clusters = clusters, .n_clusters = SQUARES + 1};
    str svg = {0};
    cluster_map_svg(&svg, &map, "map");
    check_nesting(str_text(&svg));
    assert_int_equal(count(str_text(&svg), "h0"), MANY - MANY / 3);
    assert_int_equal(count(str_text(&svg), "zm") + count(str_text(&svg), "z\""), MANY / 3);
    assert_non_null(strstr(str_text(&svg), "<title>in no cluster</title>"));
    assert_non_null(strstr(str_text(&svg), ": a &lt;b&gt;</title></path>"));
    str_release(&svg);
    mem_free(points);
    mem_free(clusters);
}

/* A cloud of unit width with `far` points a hundred widths away. */
static map_frame frame_of_cloud(map_point *points, int n, int far)
{
    rng r = rng_stream(4, "test_cluster_map");
    for (int i = 0; i < n; i++)
        points[i] = (map_point){.x = rng_uniform(&r) + (i < far ? 100 : 0), .y = rng_uniform(&r)};
    cluster_map map = {.points = points, .n_points = n};
    map_frame f = map_frame_fit(&map, 700, 500);
    assert_int_equal(map_frame_far(&f, &map), f.scale > 100 ? far : 0);
    for (int i = 0; i < n; i++) {
        assert_true(map_frame_x(&f, &points[i]) >= 0 && map_frame_x(&f, &points[i]) <= 700);
        assert_true(map_frame_y(&f, &points[i]) >= 0 && map_frame_y(&f, &points[i]) <= 500);
    }
    return f;
}

static void test_far_points_do_not_shrink_a_large_map(void **state)
{
    (void)state;
    map_point points[1000];
    double alone = frame_of_cloud(points, 1000, 0).scale;
    assert_true(frame_of_cloud(points, 1000, 5).scale > 0.7 * alone);
    assert_true(frame_of_cloud(points, 1000, 100).scale < 0.1 * alone); /* too many to be strays */
    assert_true(frame_of_cloud(points, 100, 1).scale < 0.1 * alone);    /* few points: all count */
}

static void test_many_clusters(void **state)
{
    (void)state;
    enum { MANY = 200, LAST = MANY - 1 };
    map_cluster clusters[MANY];
    map_point points[MANY];
    for (int i = 0; i < MANY; i++) {
        clusters[i] = (map_cluster){.number = i + 1001, .size = MANY - i};
        points[i] = (map_point){.x = i, .y = i % 7, .cluster = i, .is_selected = i == LAST};
    }
    cluster_map map = {
        .points = points, .n_points = MANY, .clusters = clusters, .n_clusters = MANY};
    str svg = {0};
    cluster_map_file(&svg, &map, "map", "");
    const char *text = str_text(&svg);
    assert_int_equal(count(text, "draw-halo\""), MAP_LABELS);
    assert_int_equal(count(text, ">1001<"), 2); /* on the map, in the legend */
    assert_int_equal(count(text, ">1200<"), 1); /* the smallest, but selected */
    assert_int_equal(count(text, ">1150<"), 0);
    assert_non_null(strstr(text, "and 144 smaller ones"));
    str_clear(&svg);
    map.half = true; /* narrower in its own units, so that a page need not shrink its numbers */
    cluster_map_svg(&svg, &map, "map");
    text = str_text(&svg);
    assert_int_equal(count(text, "draw-halo\""), MAP_HALF_LABELS);
    assert_non_null(strstr(text, "width=\"488\""));
    assert_int_equal(count(text, ">1200<"), 1);
    str_release(&svg);
}

static void test_values(void **state)
{
    (void)state;
    map_point points[] = {
        {.x = 1.5, .y = -2, .cluster = 0, .id = "a,b", .is_medoid = true},
        {.x = strtod("nan", NULL), .y = 0, .cluster = -1, .id = "c", .is_selected = true}};
    map_cluster cluster = {.number = 7, .size = 1};
    cluster_map map = {.points = points, .n_points = 2, .clusters = &cluster, .n_clusters = 1};
    str csv = {0};
    cluster_map_values(&(drawn_values){&csv, "map", ""}, &map);
    assert_string_equal(str_text(&csv), "map,,7,\"a,b\",1.5,,-2,,,,medoid\n"
                                        "map,,,c,,,0,,,,selected\n");
    str_release(&csv);
}

static void test_labels_do_not_cover_each_other(void **state)
{
    (void)state;
    enum { N = 40 };
    rng r = rng_stream(3, "test_cluster_map");
    for (int round = 0; round < 200; round++) {
        map_label labels[N];
        for (int i = 0; i < N; i++)
            labels[i] = (map_label){.x = 20 + 440 * rng_uniform(&r),
                                    .y = 20 + 440 * rng_uniform(&r),
                                    .width = 8 + 8 * (i % 2),
                                    .weight = (int)rng_below(&r, 5)};
        map_labels_place(labels, N, 0, 0, 480, 480);
        for (int i = 0; i < N; i++)
            for (int k = 0; k < i; k++)
                assert_true(fabs(labels[i].at_x - labels[k].at_x) >=
                                (labels[i].width + labels[k].width) / 2 ||
                            fabs(labels[i].at_y - labels[k].at_y) >= 12);
    }
}

static int count_of(const char *text, const char *part)
{
    int n = 0;
    for (; (text = strstr(text, part)); text += strlen(part))
        n++;
    return n;
}

static void test_spark_bars(void **state)
{
    (void)state;
    str svg = {0};
    spark_bars_svg(&svg, (double[]){0, 2, (double)NAN, -1, 4}, 5, "a <b>");
    assert_non_null(strstr(str_text(&svg), "aria-label=\"a &lt;b&gt;\""));
    assert_int_equal(count_of(str_text(&svg), "<rect"),
                     3); /* two bars and the line they stand on */
    assert_non_null(strstr(str_text(&svg), "height=\"18.0\"")); /* the highest fills the drawing */
    assert_non_null(strstr(str_text(&svg), "height=\"9.0\""));
    str_clear(&svg);
    spark_bars_svg(&svg, NULL, 0, "none");
    assert_int_equal(count_of(str_text(&svg), "<rect"), 1);
    str_release(&svg);
}

static void test_sparkline(void **state)
{
    (void)state;
    double nan = strtod("nan", NULL);
    str svg = {0};
    sparkline_svg(&svg, (double[]){1, nan, 3}, 3, "a \"b\"");
    check_nesting(str_text(&svg));
    assert_non_null(strstr(str_text(&svg), "aria-label=\"a &quot;b&quot;\""));
    assert_non_null(strstr(str_text(&svg), "points=\"3.0,21.0 117.0,3.0\""));
    str_clear(&svg);
    sparkline_svg(&svg, (double[]){nan}, 1, "none");
    assert_non_null(strstr(str_text(&svg), "no data"));
    str_clear(&svg);
    sparkline_svg(&svg, NULL, 0, "empty");
    check_nesting(str_text(&svg));
    double *values = mem_small(100000, sizeof *values);
    values[54321] = 1;
    str_clear(&svg);
    sparkline_svg(&svg, values, 100000, "one spike");
    assert_non_null(strstr(str_text(&svg), ",3.0 ")); /* it reaches the top */
    assert_true(svg.len < 8000);
    mem_free(values);
    str_release(&svg);
}

static void test_value_rows(void **state)
{
    (void)state;
    double nan = strtod("nan", NULL);
    const value_row rows[] = {{"soft <optimum>", 12, 1}, {"missing", nan, 0}, {"below", -6, 3}};
    str svg = {0};
    value_rows_svg(&svg, rows, 3, 9, "chain");
    check_nesting(str_text(&svg));
    assert_non_null(strstr(str_text(&svg), ">no value</text>"));
    assert_non_null(strstr(str_text(&svg), ">soft &lt;optimum&gt;</text>"));
    str_clear(&svg);
    value_rows_svg(&svg, NULL, 0, nan, "none");
    check_nesting(str_text(&svg));
    str_clear(&svg);
    value_rows_svg(&svg, (value_row[]){{"a", 1e308, 0}, {"b", -1e308, 0}}, 2, 0, "huge");
    check_nesting(str_text(&svg));
    str_release(&svg);
}

static void test_token_strip(void **state)
{
    (void)state;
    double nan = strtod("nan", NULL);
    const token_value tokens[] = {{"<b>", 4, true},
                                  {"\x01\xff", 2, false},
                                  {"none", nan, false},
                                  {"zero", 0, false},
                                  {"low", 0.1, false}};
    str svg = {0};
    token_strip_svg(&svg, tokens, 5, 0, 0, "activation");
    const char *text = str_text(&svg);
    check_nesting(text);
    assert_non_null(strstr(text, "<g><title>&lt;b&gt;: 4</title><rect"));
    assert_non_null(strstr(text, "<title>\\x01\\xff: 2</title>"));
    assert_non_null(strstr(text, "<title>none: no value</title>"));
    assert_non_null(strstr(text, "class=\"draw-on9\" fill=\"#111111\">&lt;b&gt;</text>"));
    assert_non_null(strstr(text, "class=\"draw-text\" fill=\"#1a1a1a\">zero</text>"));
    str_clear(&svg);
    token_strip_svg(&svg, NULL, 0, nan, 100, "empty");
    check_nesting(str_text(&svg));
    str_release(&svg);
}

static void test_alternative_text(void **state)
{
    (void)state;
    fixture f;
    str text = {0};
    fill(&f);
    cluster_map_alt(&text, &f.map);
    assert_string_equal(str_text(&text), "Cluster map: 95 points in 9 clusters, 5 in none; largest "
                                         "is cluster 1 with 10 members (name)");
    str_release(&text);
}

/* Several strips in one picture: each has its title, its tokens and its own scale. */
static void test_strips(void **state)
{
    (void)state;
    const token_value tokens[] = {{"a", 1, false}, {"b,", 2, false}};
    const token_strip strips[] = {
        {.name = "warm", .title = "warm & <best>", .label = "Strip", .tokens = tokens, .n = 2},
        {.name = "cold", .title = "cold", .label = "Strip", .tokens = tokens, .n = 1}};
    str text = {0};
    token_strips_file(&text, strips, 2);
    check_nesting(str_text(&text));
    assert_non_null(strstr(str_text(&text), "<style>"));
    assert_non_null(strstr(str_text(&text), ">warm &amp; &lt;best&gt;</text>"));
    assert_non_null(strstr(str_text(&text), ">cold</text>"));
    assert_non_null(strstr(str_text(&text), "text-anchor=\"start\""));
    str_clear(&text);
    token_strip_values(&(drawn_values){&text, "warm", ""}, &strips[0]);
    assert_string_equal(str_text(&text), "warm,,,a,0,,1,,,,\nwarm,,,\"b,\",1,,2,,,,\n");
    str_clear(&text);
    token_strip_alt(&text, &strips[0]);
    assert_string_equal(str_text(&text), "Strip: 2 tokens, highest 2 at position 1");
    str_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points_and_legend),
        cmocka_unit_test(test_legend_as_a_list),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_hostile_texts),
        cmocka_unit_test(test_degenerate),
        cmocka_unit_test(test_many_points_stay_small),
        cmocka_unit_test(test_many_points_keep_their_shapes),
        cmocka_unit_test(test_far_points_do_not_shrink_a_large_map),
        cmocka_unit_test(test_many_clusters),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_labels_do_not_cover_each_other),
        cmocka_unit_test(test_sparkline),
        cmocka_unit_test(test_spark_bars),
        cmocka_unit_test(test_value_rows),
        cmocka_unit_test(test_token_strip),
        cmocka_unit_test(test_alternative_text),
        cmocka_unit_test(test_strips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
