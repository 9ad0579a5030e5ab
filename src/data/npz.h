/* NumPy's .npz: a zip archive with one .npy file per array.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, versions 1 to 3. */
#ifndef DATA_NPZ_H
#define DATA_NPZ_H
#include "data/tensor_file.h"
#include "data/zip.h"

/* Lists the arrays of the archive, each named as its member without ".npy". Arrays in Fortran order
 * are copied into C order. Types that are not little-endian numbers are listed and refused when
 * their values are asked for; arrays of Python objects (pickles) and of records are refused. */
err_code npz_read(tensor_file *out, const zip *z, err *e);
/* The one array of a bare .npy file, whose bytes `out` borrows; it is named "array". */
err_code npy_read(tensor_file *out, err *e);

#endif
