/* Text in drawings: the baked font's measures, escaping, CSV fields. */
#include "base/memory.h"
#include "draw/csv.h"
#include "draw/font.h"
#include "draw/svg_text.h"
#include "test.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void test_every_glyph(void **state)
{
    (void)state;
    for (int font = 0; font < FONTS; font++) {
        const font_face *face = &FONT_FACES[font];
        for (int i = 0; i < face->n; i++) {
            const glyph *g = &face->glyphs[i];
            assert_true(i == 0 || g->code > face->glyphs[i - 1].code);
            assert_true(g->offset + g->width * g->height <= (int)strlen(face->alpha));
            char text[5] = {0};
            utf8_encode(text, g->code);
            const char *at = text;
            assert_ptr_equal(font_next((font_name)font, &at), g);
            assert_int_equal(*at, 0);
            int ink = 0;
            for (int p = 0; p < g->width * g->height; p++)
                ink += glyph_coverage((font_name)font, g, p % g->width, p / g->width);
            assert_true(ink > 0 || g->code == ' ');
        }
    }
}

static void test_missing_is_a_box(void **state)
{
    (void)state;
    const font_face *face = &FONT_FACES[FONT_REGULAR];
    const glyph *box = &face->glyphs[face->n - 1];
    static const char *const MISSING[] = {"東", "\xff", "\xe6\x9d", "\x01", "\U0001f600"};
    for (size_t i = 0; i < COUNT_OF(MISSING); i++) {
        const char *at = MISSING[i];
        assert_ptr_equal(font_next(FONT_REGULAR, &at), box);
    }
}

static void test_fit(void **state)
{
    (void)state;
    str s = {0};
    font_fit(&s, FONT_REGULAR, "short", 100);
    assert_string_equal(str_text(&s), "short");
    for (double width = 14; width < 200; width += 1) {
        str_clear(&s);
        font_fit(&s, FONT_REGULAR, "a rather long label that must be cut", width);
        assert_true(font_width(FONT_REGULAR, str_text(&s)) <= width);
        assert_string_equal(str_text(&s) + s.len - 3, "…");
    }
    str_clear(&s);
    font_fit(&s, FONT_REGULAR, "東京東京東京東京", 60); /* never cuts inside a character */
    assert_true(utf8_valid(str_text(&s), s.len));
    str_release(&s);
}

static const struct {
    const char *text, *escaped;
} ESCAPES[] = {
    {"plain", "plain"},
    {"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
    {"a \"quoted\" & 'other'", "a &quot;quoted&quot; &amp; &#39;other&#39;"},
    {"\n\t\r", "␤\\t\\r"},                 /* white space a reader would miss */
    {"\x01\x1f\x7f", "\\x01\\x1f\\u007f"}, /* XML forbids most of these even as entities */
    {"\x80 \xff", "\\x80 \\xff"},          /* lone bytes of byte-level tokens */
    {"\xe6\x9d", "\\xe6\\x9d"},            /* half a character */
    {"\xc2\x85", "\\u0085"},               /* C1 */
    {"\u202e\u2066", "\\u202e\\u2066"},    /* would turn the rest of the line around */
    {"\xef\xbf\xbe\xef\xbf\xbf", "\\ufffe\\uffff"},
    {"\xef\xbb\xbf", "\\ufeff"},
    {"東京 é", "東京 é"},
};

static void test_escape(void **state)
{
    (void)state;
    str s = {0};
    for (size_t i = 0; i < COUNT_OF(ESCAPES); i++) {
        str_clear(&s);
        svg_escape(&s, ESCAPES[i].text);
        assert_string_equal(str_text(&s), ESCAPES[i].escaped);
    }
    str_release(&s);
}

/* No byte string leads to a byte that XML forbids, an open tag or an open quote. */
static void test_escape_all_bytes(void **state)
{
    (void)state;
    str s = {0};
    for (int a = 1; a < 256; a++)
        for (int b = 1; b < 256; b++) {
            str_clear(&s);
            svg_escape(&s, (char[]){(char)a, (char)b, 0});
            assert_true(utf8_valid(str_text(&s), s.len));
            for (const char *c = str_text(&s); *c; c++)
                assert_true((unsigned char)*c >= 0x20 && !strchr("<>\"'", *c));
        }
    str_release(&s);
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } rows[] = {{1.25, "1.2"}, {-0.04, "0.0"}, {-0.06, "-0.1"}, {100, "100.0"}};
    str s = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        str_clear(&s);
        svg_number(&s, rows[i].value);
        assert_string_equal(str_text(&s), rows[i].text);
    }
    str_clear(&s);
    svg_number(&s, strtod("nan", NULL));
    assert_string_equal(str_text(&s), "0.0");
    str_release(&s);
}

static void test_csv(void **state)
{
    (void)state;
    str s = {0};
    csv_text(&s, "plain");
    csv_next(&s);
    csv_text(&s, "a,\"b\"\nc");
    csv_next(&s);
    csv_text(&s, NULL);
    csv_next(&s);
    csv_number(&s, strtod("nan", NULL));
    csv_next(&s);
    csv_number(&s, -0.0);
    csv_end(&s);
    assert_string_equal(str_text(&s), "plain,\"a,\"\"b\"\"\nc\",,,0\n");
    str_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_glyph),
        cmocka_unit_test(test_missing_is_a_box),
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_escape_all_bytes),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_csv),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
