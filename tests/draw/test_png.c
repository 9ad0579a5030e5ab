/* Pixels: marks on the raster, the palette, and the PNG read back with libpng. */
#include "base/io.h"
#include "base/memory.h"
#include "base/rng.h"
#include "draw/palette.h"
#include "draw/png_file.h"
#include "test.h"
#include <png.h>
#include <stdlib.h>
#include <string.h>

static char directory[] = "/tmp/test_png_XXXXXX";

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    err e = {0};
    return io_remove_tree(directory, &e);
}

static rgb pixel(const raster *r, int x, int y)
{
    return ROW(r->pixels, y, r->width)[x];
}

static void test_line_coverage(void **state)
{
    (void)state;
    err e = {0};
    raster r;
    assert_int_equal(raster_init(&r, THEME_LIGHT, 20, 20, &e), OK);
    canvas_line(&r.canvas, 2, 10, 18, 10, 1, DASH_SOLID, PAINT(INK_TEXT));
    rgb ink = theme_color(THEME_LIGHT, INK_TEXT);
    assert_int_equal(pixel(&r, 20, 19), ink); /* two device pixels, both full */
    assert_int_equal(pixel(&r, 20, 20), ink);
    assert_int_equal(pixel(&r, 20, 17), 0xffffff);
    assert_int_equal(pixel(&r, 20, 22), 0xffffff);
    raster_release(&r);
}

/* A faint polyline that crosses itself must not darken where it does. */
static void test_polyline_blends_once(void **state)
{
    (void)state;
    err e = {0};
    raster r;
    assert_int_equal(raster_init(&r, THEME_LIGHT, 20, 20, &e), OK);
    canvas_polyline(&r.canvas, (double[]){2, 10, 18, 10, 10, 10, 10, 2, 10, 18}, 5, 2, DASH_SOLID,
                    FAINT_PAINT(INK_TEXT, 0.5));
    assert_int_equal(pixel(&r, 20, 20), pixel(&r, 10, 20));
    assert_int_equal(pixel(&r, 22, 20),
                     pixel(&r, 10, 20)); /* nor does it erase beside the crossing */
    raster_release(&r);
}

static void test_marks_outside_are_cut(void **state)
{
    (void)state;
    err e = {0};
    raster r;
    assert_int_equal(raster_init(&r, THEME_DARK, 10, 10, &e), OK);
    static const double FAR[] = {-1e9, -5, 5, 15, 1e9};
    for (size_t i = 0; i < COUNT_OF(FAR); i++)
        for (size_t k = 0; k < COUNT_OF(FAR); k++) {
            double x = FAR[i], y = FAR[k];
            canvas_line(&r.canvas, x, y, y, x, 1.5, DASH_SOLID, PAINT(INK_SERIES));
            canvas_rectangle(&r.canvas, x, y, 3, 3, PAINT(INK_SERIES + 1));
            for (int shape = 0; shape < MARKERS; shape++)
                canvas_marker(&r.canvas, x, y, 4, shape, PAINT(INK_SERIES + 2));
            if (x > -1e6 && x < 1e6 && y > -1e6 && y < 1e6) {
                canvas_text(&r.canvas, x, y, ANCHOR_MIDDLE, FONT_BOLD, PAINT(INK_TEXT), "Ag");
                canvas_text_upward(&r.canvas, x, y, ANCHOR_END, PAINT(INK_TEXT), "Ag");
            }
        }
    raster_release(&r);
}

static void test_palette_exact(void **state)
{
    (void)state;
    rgb pixels[256];
    unsigned char index[256];
    for (int i = 0; i < 256; i++)
        pixels[i] = (rgb)i * 65793u;
    palette p;
    palette_make(&p, index, pixels, 256);
    assert_int_equal(p.n, 256);
    for (int i = 0; i < 256; i++)
        assert_int_equal(p.color[index[i]], pixels[i]);
}

static void test_palette_nearest(void **state)
{
    (void)state;
    enum { N = 40000 };
    rgb *pixels = mem_small(N, sizeof *pixels);
    unsigned char *index = mem_small(N, 1);
    rng r = rng_stream(3, "test_png");
    for (int i = 0; i < N; i++) /* many more colours than 256, one of them common */
        pixels[i] = i % 4 ? (rgb)rng_below(&r, 1 << 24) : 0x123456;
    palette p;
    palette_make(&p, index, pixels, N);
    assert_int_equal(p.n, 256);
    assert_int_equal(p.color[0], 0x123456);
    for (int i = 0; i < 200; i++) {
        int best = 0, best_distance = 1 << 30;
        for (int k = 0; k < p.n; k++) {
            int d = 0;
            for (int shift = 0; shift <= 16; shift += 8) {
                int one = (int)(pixels[i] >> shift & 255) - (int)(p.color[k] >> shift & 255);
                d += one * one;
            }
            if (d < best_distance) {
                best_distance = d;
                best = k;
            }
        }
        assert_int_equal(index[i], best);
    }
    mem_free(index);
    mem_free(pixels);
}

/* Reads the file with libpng's simple interface and compares every pixel. */
static void check_pixels(const char *path, const raster *r)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    assert_true(png_image_begin_read_from_file(&image, path));
    assert_int_equal(image.width, r->width);
    assert_int_equal(image.height, r->height);
    image.format = PNG_FORMAT_RGB;
    unsigned char *rows = mem_small(PNG_IMAGE_SIZE(image), 1);
    assert_true(png_image_finish_read(&image, NULL, rows, 0, NULL));
    for (int i = 0; i < r->width * r->height; i++) {
        rgb read = (rgb)(rows[3 * i] << 16 | rows[3 * i + 1] << 8 | rows[3 * i + 2]);
        assert_int_equal(read, r->pixels[i]);
    }
    mem_free(rows);
}

static bool has_chunk(const str *file, const char *name)
{
    for (size_t i = 8; i + 8 <= file->len;) {
        const unsigned char *p = (const unsigned char *)file->data + i;
        size_t length = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        if (!memcmp(p + 4, name, 4))
            return true;
        assert_true(length <= file->len - i - 8);
        i += length + 12;
    }
    return false;
}

static void test_read_back(void **state)
{
    (void)state;
    err e = {0};
    raster r;
    assert_int_equal(raster_init(&r, THEME_LIGHT, 60, 30, &e), OK);
    canvas_text(&r.canvas, 4, 20, ANCHOR_START, FONT_REGULAR, PAINT(INK_TEXT),
                "Text 10\u207b\u00b3");
    canvas_marker(&r.canvas, 50, 10, 5, 3, PAINT(INK_SERIES + 1));
    arena a = {0};
    char *path = path_join(&a, directory, "a.png"), *again = path_join(&a, directory, "b.png");
    assert_int_equal(png_file_write(&r, path, &e), OK);
    assert_int_equal(png_file_write(&r, again, &e), OK);
    check_pixels(path, &r);
    str one = {0}, two = {0};
    assert_int_equal(io_read(&one, path, 1 << 20, &e), OK);
    assert_int_equal(io_read(&two, again, 1 << 20, &e), OK);
    assert_int_equal(one.len, two.len);
    assert_memory_equal(one.data, two.data, one.len);
    assert_int_equal(one.data[24], 8);                      /* bits */
    assert_int_equal(one.data[25], PNG_COLOR_TYPE_PALETTE); /* colour type */
    assert_int_equal(one.data[28], 0);                      /* not interlaced */
    assert_true(has_chunk(&one, "pHYs"));
    assert_false(has_chunk(&one, "tIME") || has_chunk(&one, "tEXt") || has_chunk(&one, "tRNS"));
    str_release(&one);
    str_release(&two);
    raster_release(&r);
    arena_release(&a);
}

static void test_unwritable(void **state)
{
    (void)state;
    err e = {0};
    raster r;
    assert_int_equal(raster_init(&r, THEME_LIGHT, 4, 4, &e), OK);
    arena a = {0};
    assert_int_equal(png_file_write(&r, path_join(&a, directory, "none/a.png"), &e), E_IO);
    assert_non_null(strstr(e.text, "none/a.png"));
    arena_release(&a);
    raster_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line_coverage),
        cmocka_unit_test(test_polyline_blends_once),
        cmocka_unit_test(test_marks_outside_are_cut),
        cmocka_unit_test(test_palette_exact),
        cmocka_unit_test(test_palette_nearest),
        cmocka_unit_test(test_read_back),
        cmocka_unit_test(test_unwritable),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
