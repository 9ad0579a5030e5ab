/* PNG files with an 8-bit palette. Only png_file.c touches libpng. */
#ifndef DRAW_PNG_FILE_H
#define DRAW_PNG_FILE_H
#include "base/err.h"
#include "draw/raster.h"

/* Writes the raster: palette type (at most 256 colours: the most frequent ones, others take the
 * nearest), level 9, no filter, no time, no text, 192 dpi. E_IO, E_MEMORY. */
err_code png_file_write(const raster *r, const char *path, err *e);

/* The version of libpng in use. Borrowed. */
const char *png_file_version(void);

#endif
