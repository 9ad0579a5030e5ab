/* Sequences of token ids from text, from the command line, from a file. */
#include "base/memory.h"
#include "data/safetensors.h"
#include "pipeline/activations.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TOKENS = 1 << 24 };

void token_block_release(token_block *b)
{
    mem_free(b->ids_BT);
    *b = (token_block){0};
}

err_code token_block_from_text(token_block *out, const tokenizer *t, int bos, const char *text,
                               err *e)
{
    token_list list = {0};
    *out = (token_block){0};
    err_code rc = tokenizer_encode(&list, t, text, strlen(text), e);
    size_t n = list.n + (bos >= 0);
    if (!rc && (n == 0 || n > MOST_TOKENS))
        rc = err_set(e, E_DATA, "--text: %zu tokens; 1 to %d are needed", n, (int)MOST_TOKENS);
    if (!rc) {
        *out = (token_block){.B = 1, .T = (int)n, .ids_BT = mem_small(n, sizeof *out->ids_BT)};
        if (bos >= 0)
            out->ids_BT[0] = bos;
        for (size_t i = 0; i < list.n; i++)
            out->ids_BT[i + (bos >= 0)] = list.ids[i];
    }
    token_list_release(&list);
    return rc;
}

/* One id of "0,12,7" at *text, which then stands behind it and its comma. */
static err_code take_id(int32_t *out, const char **text, const char *whole, err *e)
{
    char *end;
    errno = 0;
    long id = strtol(*text, &end, 10);
    if (end == *text || errno || id < 0 || id > INT32_MAX || (*end && *end != ','))
        return err_set(e, E_USAGE,
                       "--tokens %.80s: not a list of token ids such as 0,12,7, nor a file", whole);
    *out = (int32_t)id;
    *text = *end ? end + 1 : end;
    return OK;
}

err_code token_block_add_ids(token_block *b, const char *ids, err *e)
{
    int T = 1;
    for (const char *c = ids; *c; c++)
        T += *c == ',';
    if (b->B && T != b->T)
        return err_set(e, E_SHAPE,
                       "--tokens %.80s: %d ids, but the sequence before has %d; sequences of "
                       "one file are equally long",
                       ids, T, b->T);
    int32_t *row = mem_small((size_t)T, sizeof *row);
    err_code rc = OK;
    const char *rest = ids;
    for (int i = 0; i < T && !rc; i++)
        rc = take_id(&row[i], &rest, ids, e);
    if (!rc) {
        b->T = T;
        b->ids_BT = mem_grow(b->ids_BT, (size_t)(b->B + 1) * (size_t)T, sizeof *b->ids_BT);
        memcpy(ROW(b->ids_BT, b->B, T), row, (size_t)T * sizeof *row);
        b->B++;
    }
    mem_free(row);
    return rc;
}

/* Number i of a stored tensor; -1 when it is no token id. */
static int32_t stored_id(const stored_tensor *t, const float *floats, size_t i)
{
    int64_t id = -1;
    int32_t narrow = -1;
    if (t->type == DTYPE_I64) {
        memcpy(&id, t->bytes + i * sizeof id, sizeof id);
    } else if (t->type == DTYPE_I32) {
        memcpy(&narrow, t->bytes + i * sizeof narrow, sizeof narrow);
        id = narrow;
    } else if (floats[i] >= 0 && floats[i] < 16777216.0f) { /* 2^24: exact in a float */
        id = (int64_t)floats[i];
        id = (float)id == floats[i] ? id : -1;
    }
    return id >= 0 && id <= INT32_MAX ? (int32_t)id : -1;
}

static err_code read_ids(token_block *out, const stored_tensor *t, err *e)
{
    if (t->rank != 2 || t->count == 0 || t->count > MOST_TOKENS)
        return err_set(e, E_SHAPE,
                       "%s: the tensor \"tokens\" should be [sequences, tokens] and hold 1 to %d "
                       "ids",
                       t->file, (int)MOST_TOKENS);
    bool whole = t->type == DTYPE_I64 || t->type == DTYPE_I32;
    float *floats = whole ? NULL : mem_small(t->count, sizeof *floats);
    err_code rc = whole ? OK : stored_tensor_load_f32(floats, t, -1, NULL, e);
    *out = (token_block){.B = (int)t->shape[0], .T = (int)t->shape[1]};
    out->ids_BT = mem_small(t->count, sizeof *out->ids_BT);
    for (size_t i = 0; i < t->count && !rc; i++)
        if ((out->ids_BT[i] = stored_id(t, floats, i)) < 0)
            rc = err_set(e, E_FORMAT, "%s: number %zu of the tensor \"tokens\" is no token id",
                         t->file, i);
    mem_free(floats);
    if (rc)
        token_block_release(out);
    return rc;
}

err_code token_block_read(token_block *out, const char *path, err *e)
{
    mapping map = {0};
    tensor_file file = {0};
    *out = (token_block){0};
    err_code rc = io_map(&map, path, e);
    if (!rc)
        rc = safetensors_parse(&file, map.data, map.size, path, e);
    const stored_tensor *t = rc ? NULL : tensor_file_find(&file, "tokens");
    if (!rc && !t)
        rc = err_set(e, E_FORMAT, "%s: there is no tensor \"tokens\"", path);
    if (!rc)
        rc = read_ids(out, t, e);
    tensor_file_close(&file);
    io_unmap(&map);
    return rc;
}
