/* What stands beside vocab.json and merges.txt, as the "added_tokens" list that a tokenizer.json
 * would have. */
#include "base/memory.h"
#include "data/tokenizer_loader.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char END_OF_TEXT[] = "<|endoftext|>";

const cJSON *loader_bos_source(const loader_companions *c)
{
    return json_member(c->config, "bos_token") ? c->config : c->special;
}

static cJSON *entry_of(const cJSON *list, const char *content)
{
    cJSON *item;
    cJSON_ArrayForEach(item, list) {
        const cJSON *text = json_member(item, "content");
        if (cJSON_IsString(text) && strcmp(text->valuestring, content) == 0)
            return item;
    }
    return NULL;
}

static cJSON *add_entry(cJSON *list, const char *content, double id, bool special)
{
    cJSON *entry = cJSON_CreateObject();
    json_add_string(entry, "content", content);
    cJSON_AddNumberToObject(entry, "id", id);
    json_add_bool(entry, "special", special);
    cJSON_AddItemToArray(list, entry);
    return entry;
}

/* tokenizer_config.json: "added_tokens_decoder": {"50256": {"content": ..}}. */
static err_code read_decoder(cJSON *list, const loader *l, const cJSON *tokens)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, tokens) {
        char *end;
        double id = strtod(item->string, &end);
        if (end == item->string || *end || !cJSON_IsObject(item))
            return err_set(l->e, E_FORMAT,
                           "%s: \"added_tokens_decoder\" has the key \"%.80s\", which is no id of "
                           "an object",
                           l->name, item->string);
        cJSON *entry = cJSON_Duplicate(item, true);
        cJSON_DeleteItemFromObjectCaseSensitive(entry, "id");
        cJSON_AddNumberToObject(entry, "id", isfinite(id) ? id : -1);
        cJSON_AddItemToArray(list, entry);
    }
    return OK;
}

/* added_tokens.json: {"<pad>": 50257}. */
static err_code read_numbered(cJSON *list, const loader *l, const cJSON *tokens)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, tokens) {
        if (!cJSON_IsNumber(item))
            return err_set(l->e, E_FORMAT,
                           "%s: added_tokens.json: the id of \"%.80s\" is no number", l->name,
                           item->string);
        add_entry(list, item->string, item->valuedouble, false);
    }
    return OK;
}

/* A token that special_tokens_map.json names: in the list it becomes special; it may also be one of
 * the vocabulary. */
static err_code add_special(cJSON *list, const loader *l, const cJSON *vocabulary,
                            const cJSON *token)
{
    const cJSON *text = cJSON_IsObject(token) ? json_member(token, "content") : token;
    if (!text || cJSON_IsNull(text))
        return OK;
    if (!cJSON_IsString(text))
        return err_set(l->e, E_FORMAT, "%s: special_tokens_map.json has a token that is no string",
                       l->name);
    cJSON *entry = entry_of(list, text->valuestring);
    const cJSON *id = json_member(vocabulary, text->valuestring);
    if (!entry && !id)
        return err_set(l->e, E_FORMAT, "%s: the special token \"%.80s\" has no id", l->name,
                       text->valuestring);
    if (!entry)
        entry = add_entry(list, text->valuestring, cJSON_IsNumber(id) ? id->valuedouble : -1, true);
    cJSON_DeleteItemFromObjectCaseSensitive(entry, "special");
    json_add_bool(entry, "special", true);
    return OK;
}

static err_code read_special(cJSON *list, const loader *l, const cJSON *vocabulary,
                             const cJSON *map)
{
    static const char *const keys[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                       "pad_token", "cls_token", "mask_token"};
    const cJSON *item;
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (add_special(list, l, vocabulary, json_member(map, keys[i])))
            return l->e->code;
    cJSON_ArrayForEach(item, json_member(map, "additional_special_tokens")) {
        if (add_special(list, l, vocabulary, item))
            return l->e->code;
    }
    return OK;
}

static int compare_ids(const void *a, const void *b)
{
    const cJSON *x = json_member(*(cJSON *const *)a, "id"),
                *y = json_member(*(cJSON *const *)b, "id");
    return (x->valuedouble > y->valuedouble) - (x->valuedouble < y->valuedouble);
}

/* By id, the order in which Hugging Face `tokenizers` is given them. */
static void sort_by_id(cJSON *list)
{
    int n = cJSON_GetArraySize(list);
    cJSON **items = mem_small((size_t)n, sizeof *items);
    for (int i = 0; i < n; i++)
        items[i] = cJSON_DetachItemFromArray(list, 0);
    if (n > 0)
        qsort(items, (size_t)n, sizeof *items, compare_ids);
    for (int i = 0; i < n; i++)
        cJSON_AddItemToArray(list, items[i]);
    mem_free(items);
}

err_code loader_added(cJSON **out, loader *l, const cJSON *vocabulary, const loader_companions *c)
{
    const cJSON *numbered = loader_section(c->config, "added_tokens_decoder");
    cJSON *list = cJSON_CreateArray();
    err_code code = numbered ? read_decoder(list, l, numbered) : read_numbered(list, l, c->added);
    if (!code)
        code = read_special(list, l, vocabulary, c->special);
    const cJSON *end = json_member(vocabulary, END_OF_TEXT);
    if (!code && end && !entry_of(list, END_OF_TEXT))
        add_entry(list, END_OF_TEXT, cJSON_IsNumber(end) ? end->valuedouble : -1, true);
    sort_by_id(list);
    *out = list;
    return code;
}
