/* safetensors: the whole file. */
#include "data/safetensors.h"
#include "fuzz/fuzz.h"

const char fuzz_target[] = "safetensors";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    tensor_file f;
    err e = {0};
    err_code rc = safetensors_parse(&f, data, n, "fuzz", &e);
    if (rc) {
        fuzz_check_message(&e, rc);
        return 0;
    }
    size_t total = 0;
    for (int i = 0; i < f.n_tensors; i++)
        total += f.tensors[i].size;
    PROMISE(total < n); /* the tensors tile what the header leaves */
    safetensors_metadata(&f, "format");
    fuzz_use_tensors(&f);
    return 0;
}
