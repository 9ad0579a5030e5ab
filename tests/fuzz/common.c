/* What several targets do with what they parsed. */
#include "base/memory.h"
#include "fuzz/fuzz.h"
#include <string.h>

/* A tensor of a small file that is larger than this has its values described, not loaded. */
enum { MOST_LOADED = 1 << 22 };

void fuzz_check_message(const err *e, err_code code)
{
    PROMISE(e->code == code);
    size_t n = strnlen(e->text, sizeof e->text);
    PROMISE(n > 0 && n < sizeof e->text);
    for (size_t i = 0; i < n; i++)
        PROMISE((unsigned char)e->text[i] >= 0x20 && e->text[i] != 0x7f);
}

void fuzz_use_tensors(tensor_file *f)
{
    for (int i = 0; i < f->n_tensors; i++) {
        const stored_tensor *t = &f->tensors[i];
        PROMISE(tensor_file_find(f, t->name) == t);
        str text = {0};
        stored_tensor_describe(&text, t);
        str_release(&text);
        if (t->count > MOST_LOADED)
            continue;
        float *values = mem_small(t->count, sizeof *values);
        err e = {0};
        err_code rc = tensor_file_load_f32(values, f, t->name, t->rank, t->shape, &e);
        if (rc)
            fuzz_check_message(&e, rc);
        mem_free(values);
    }
    tensor_file_close(f);
}
