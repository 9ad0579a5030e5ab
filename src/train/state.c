/* Checkpoints of the trainers. */
#include "train/state.h"
#include "base/memory.h"
#include "data/safetensors.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void train_state_release(train_state *s)
{
    str_release(&s->curve);
}

err_code train_state_save(const train_state *s, const state_array *arrays, int n, const char *dir,
                          const char *name, err *e)
{
    char step[32], number[40];
    snprintf(step, sizeof step, "%ld", s->step);
    snprintf(number, sizeof number, "%a", s->number);
    const char *const notes[][2] = {
        {"options", s->options},
        {"step", step},
        {"number", number},
        {"curve", str_text(&s->curve)},
    };
    arena paths = {0};
    tensor_entry *entries = mem_small((size_t)n, sizeof *entries);
    for (int i = 0; i < n; i++)
        entries[i] =
            (tensor_entry){arrays[i].name, DTYPE_F32, 1, {(int64_t)arrays[i].n}, arrays[i].values};
    err_code rc =
        safetensors_write(path_join(&paths, dir, name), entries, n, notes, (int)COUNT_OF(notes), e);
    mem_free(entries);
    arena_release(&paths);
    return rc;
}

static const char *note(const tensor_file *file, const char *key)
{
    const char *text = safetensors_metadata(file, key);
    return text ? text : "";
}

err_code train_state_load(bool *found, train_state *s, const state_array *arrays, int n,
                          const char *dir, const char *name, err *e)
{
    files folder = files_from_dir(dir);
    tensor_file file = {0};
    *found = files_has(&folder, name);
    if (!*found)
        return OK;
    err_code rc = tensor_file_open(&file, &folder, name, e);
    if (!rc && strcmp(note(&file, "options"), s->options))
        rc = err_set(e, E_CONFIG,
                     "%s/%s was made with other options (\"%.300s\", now \"%.300s\"): remove it to "
                     "start anew, or use the same options to go on",
                     dir, name, note(&file, "options"), s->options);
    for (int i = 0; i < n && !rc; i++)
        rc = tensor_file_load_f32(arrays[i].values, &file, arrays[i].name,
                                  SHAPE((int64_t)arrays[i].n), e);
    if (!rc) {
        s->step = strtol(note(&file, "step"), NULL, 10);
        s->number = strtod(note(&file, "number"), NULL);
        str_clear(&s->curve);
        str_add(&s->curve, note(&file, "curve"));
    }
    tensor_file_close(&file);
    return rc;
}
