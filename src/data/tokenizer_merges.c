/* The merge rules of a tokenizer file, in each of their three spellings. */
#include "base/memory.h"
#include "data/bytelevel.h"
#include "data/tokenizer_loader.h"
#include <string.h>

/* The bytes that merging works on, at most n; false when it is not spelled in the byte alphabet. */
static bool read_token(unsigned char *out, size_t *n_out, const loader *l, const char *token,
                       size_t n)
{
    if (l->byte_level)
        return bytelevel_read(out, n_out, token, n);
    memcpy(out, token, n);
    *n_out = n;
    return true;
}

/* Rule number n_rules: left and right as the file spells them. */
static err_code add_merge(loader *l, const char *left, size_t n_left, const char *right,
                          size_t n_right)
{
    const vocab *v = &l->t->vocab;
    unsigned char *bytes = mem_small(n_left + n_right, 1);
    size_t k_left = 0, k_right = 0;
    int ids[3] = {-1, -1, -1};
    if (read_token(bytes, &k_left, l, left, n_left) &&
        read_token(bytes + k_left, &k_right, l, right, n_right)) {
        ids[0] = vocab_find(v, bytes, k_left);
        ids[1] = vocab_find(v, bytes + k_left, k_right);
        ids[2] = vocab_find(v, bytes, k_left + k_right);
    }
    mem_free(bytes);
    if (ids[0] < 0 || ids[1] < 0 || ids[2] < 0)
        return err_set(l->e, E_FORMAT,
                       "%s: merge %d, \"%.*s\" + \"%.*s\": a part or the whole is "
                       "not in the vocabulary",
                       l->name, l->t->bpe.n_rules + 1, (int)(n_left < 80 ? n_left : 80), left,
                       (int)(n_right < 80 ? n_right : 80), right);
    bpe_add_rule(&l->t->bpe, ids[0], ids[1], ids[2]);
    return OK;
}

/* "left right", one space. */
static err_code add_merge_line(loader *l, const char *line, size_t n)
{
    const char *space = memchr(line, ' ', n);
    size_t n_left = space ? (size_t)(space - line) : 0;
    if (!space || memchr(space + 1, ' ', n - n_left - 1))
        return err_set(l->e, E_FORMAT, "%s: merge %d, \"%.*s\", is not two tokens and one space",
                       l->name, l->t->bpe.n_rules + 1, (int)(n < 80 ? n : 80), line);
    return add_merge(l, line, n_left, space + 1, n - n_left - 1);
}

err_code loader_merges(loader *l, const cJSON *merges)
{
    if (!cJSON_IsArray(merges))
        return err_set(l->e, E_FORMAT, "%s: \"merges\" is not a list", l->name);
    const cJSON *item;
    cJSON_ArrayForEach(item, merges) {
        const cJSON *left = item->child, *right = left ? left->next : NULL;
        err_code code;
        if (cJSON_IsString(item))
            code = add_merge_line(l, item->valuestring, strlen(item->valuestring));
        else if (cJSON_IsArray(item) && cJSON_IsString(left) && cJSON_IsString(right) &&
                 !right->next)
            code = add_merge(l, left->valuestring, strlen(left->valuestring), right->valuestring,
                             strlen(right->valuestring));
        else
            code = err_set(l->e, E_FORMAT, "%s: merge %d is neither \"a b\" nor [\"a\", \"b\"]",
                           l->name, l->t->bpe.n_rules + 1);
        if (code)
            return code;
    }
    return OK;
}

err_code loader_merge_lines(loader *l, const char *text, size_t n)
{
    if (!utf8_valid(text, n))
        return err_set(l->e, E_FORMAT, "%s: merges.txt is not UTF-8", l->name);
    for (size_t i = 0; i < n;) {
        const char *newline = memchr(text + i, '\n', n - i);
        size_t end = newline ? (size_t)(newline - text) : n, length = end - i;
        if (length > 0 && text[end - 1] == '\r')
            length--;
        bool comment = length >= 8 && memcmp(text + i, "#version", 8) == 0;
        if (length > 0 && !comment && add_merge_line(l, text + i, length))
            return l->e->code;
        i = end + 1;
    }
    return OK;
}
