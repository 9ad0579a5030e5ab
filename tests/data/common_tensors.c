/* Files of tensors, opened, looked at and refused. */
#include "test.h"
#include "data/common_tensors.h"
#include "base/memory.h"
#include "data/common.h"
#include <stdlib.h>
#include <string.h>

err_code parse_tensors(const void *data, size_t n, err *e)
{
    unsigned char *copy = malloc(n + 1);
    assert_non_null(copy);
    if (n)
        memcpy(copy + 1, data, n);
    tensor_file f;
    err_code rc = tensor_file_parse(&f, copy + 1, n, "f", e);
    for (int i = 0; !rc && i < f.n_tensors; i++) {
        float *values = mem_small(f.tensors[i].count, sizeof *values);
        err ignored = {0};
        stored_tensor_load_f32(values, &f.tensors[i], -1, NULL, &ignored);
        mem_free(values);
    }
    tensor_file_close(&f);
    free(copy);
    return rc;
}

void check_values(const tensor_file *f, const char *name, float first, int rank,
                  const int64_t *shape)
{
    size_t n = 1;
    err e = {0};
    for (int i = 0; i < rank; i++)
        n *= (size_t)shape[i];
    float *values = mem_small(n, sizeof *values);
    if (tensor_file_load_f32(values, f, name, rank, shape, &e))
        fail_msg("%s", e.text);
    for (size_t i = 0; i < n; i++)
        if (values[i] != (float)i / 4 + first)
            fail_msg("%s: value %zu is %g", name, i, (double)values[i]);
    mem_free(values);
}

tensor_file open_container(const char *name)
{
    files folder = files_from_dir("tests/data/fixtures/containers");
    tensor_file f;
    err e = {0};
    if (tensor_file_open(&f, &folder, name, &e))
        fail_msg("%s", e.text);
    return f;
}

void check_refused(const char *name, const char *parts)
{
    files folder = files_from_dir("tests/data/fixtures/containers");
    tensor_file f;
    err e = {0};
    if (!tensor_file_open(&f, &folder, name, &e))
        fail_msg("%s: taken", name);
    check_err(&e, E_FORMAT, name);
    check_err(&e, E_FORMAT, parts);
    assert_null(f.tensors);
}
