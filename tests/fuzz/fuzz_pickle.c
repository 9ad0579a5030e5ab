/* The data.pkl of torch.save's archives, with four storages to point at. */
#include "base/memory.h"
#include "data/common_zip.h"
#include "fuzz/fuzz.h"

const char fuzz_target[] = "pickle";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const float numbers[24];
    const zip_piece pieces[] = {
        {"x/data.pkl", data, n, false},   {"x/data/0", numbers, 96, false},
        {"x/data/1", numbers, 24, false}, {"x/data/2", numbers, 4, false},
        {"x/data/3", numbers, 0, false},
    };
    str archive = {0};
    zip_layout layout;
    zip_build(&archive, &layout, pieces, (int)COUNT_OF(pieces), ZIP_PLAIN);
    tensor_file f;
    err e = {0};
    err_code rc = tensor_file_parse(&f, archive.data, archive.len, "fuzz", &e);
    if (rc) {
        fuzz_check_message(&e, rc);
    } else {
        for (int i = 0; i < f.n_tensors; i++)
            PROMISE(f.tensors[i].size <= sizeof numbers); /* no view is larger than its storage */
        fuzz_use_tensors(&f);
    }
    str_release(&archive);
    return 0;
}
