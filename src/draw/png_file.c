/* The one file that calls libpng, whose errors are longjmps. */
#include "draw/png_file.h"
#include "base/io.h"
#include "base/memory.h"
#include "draw/palette.h"
#include <png.h>
#include <setjmp.h>

enum { PIXELS_PER_METRE = 7559 }; /* 192 dpi: 2 x 96 */

static void fail(png_structp png, png_const_charp message)
{
    err *e = png_get_error_ptr(png);
    err_set(e, E_IO, "libpng: %s", message);
    png_longjmp(png, 1);
}

static void ignore_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void put(png_structp png, png_bytep data, size_t n)
{
    str_add_bytes(png_get_io_ptr(png), data, n);
}

static void flush(png_structp png)
{
    (void)png;
}

/* Everything between setjmp and the last libpng call lives here, with nothing of its own to free.
 */
static void encode(png_structp png, png_infop info, const raster *r, const palette *p,
                   unsigned char *index)
{
    png_color colors[256];
    for (int i = 0; i < p->n; i++)
        colors[i] = (png_color){(png_byte)(p->color[i] >> 16), (png_byte)(p->color[i] >> 8),
                                (png_byte)p->color[i]};
    png_set_IHDR(png, info, (png_uint_32)r->width, (png_uint_32)r->height, 8,
                 PNG_COLOR_TYPE_PALETTE, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_set_PLTE(png, info, colors, p->n);
    png_set_pHYs(png, info, PIXELS_PER_METRE, PIXELS_PER_METRE, PNG_RESOLUTION_METER);
    png_set_compression_level(png, 7); /* half the time of 9, a twelfth more bytes */
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
    png_write_info(png, info);
    for (int y = 0; y < r->height; y++)
        png_write_row(png, ROW(index, y, r->width));
    png_write_end(png, info);
}

static err_code encode_safely(str *out, const raster *r, const palette *p, unsigned char *index,
                              err *e)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, e, fail, ignore_warning);
    if (!png)
        return err_set(e, E_MEMORY, "libpng could not start");
    png_infop info = png_create_info_struct(png);
    err_code rc = OK;
    if (!info) {
        rc = err_set(e, E_MEMORY, "libpng could not start");
    } else if (setjmp(png_jmpbuf(png))) {
        png_destroy_write_struct(&png, &info);
        return e->code;
    } else {
        png_set_write_fn(png, out, put, flush);
        encode(png, info, r, p, index);
    }
    png_destroy_write_struct(&png, &info);
    return rc;
}

err_code png_file_write(const raster *r, const char *path, err *e)
{
    size_t n = (size_t)r->width * (size_t)r->height;
    unsigned char *index = mem_array(n, 1, "the palette image of a figure", e);
    if (!index)
        return e->code;
    palette p;
    palette_make(&p, index, r->pixels, n);
    str bytes = {0};
    err_code rc = encode_safely(&bytes, r, &p, index, e);
    if (!rc)
        rc = io_write(path, bytes.data, bytes.len, e);
    str_release(&bytes);
    mem_free(index);
    return rc;
}

const char *png_file_version(void)
{
    return png_get_libpng_ver(NULL);
}
