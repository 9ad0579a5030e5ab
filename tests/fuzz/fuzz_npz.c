/* Zip archives, of NumPy or of torch: the whole file; or, when it does not begin as one, a .npy
 * file, which is put into an archive so that a checksum does not stand before every change. */
#include "data/common_zip.h"
#include "fuzz/fuzz.h"
#include <string.h>

const char fuzz_target[] = "npz";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    str archive = {0};
    if (n >= 2 && memcmp(data, "PK", 2) == 0) {
        str_add_bytes(&archive, data, n);
    } else {
        zip_layout layout;
        const zip_piece piece = {"w.npy", data, n, false};
        zip_build(&archive, &layout, &piece, 1, ZIP_WIDE_LOCAL);
    }
    tensor_file f;
    err e = {0};
    err_code rc = tensor_file_parse(&f, archive.data, archive.len, "fuzz", &e);
    if (rc)
        fuzz_check_message(&e, rc);
    else
        fuzz_use_tensors(&f);
    str_release(&archive);
    return 0;
}
