/* Writes merges as a tokenizer.json that Hugging Face's tokenizers loads. */
#include "train/bpe_internal.h"
#include "base/arena.h"
#include "base/json.h"
#include "data/bytelevel.h"
#include <string.h>

static const char *const end_of_text = "<|endoftext|>";

static char *byte_text(arena *a, int byte)
{
    char utf8[4];
    int n = utf8_encode(utf8, bytelevel_char((unsigned char)byte));
    return arena_strndup(a, utf8, (size_t)n);
}

/* token_V: the text of every token, borrowed from the arena. */
static const char **token_texts(arena *a, const bpe_merge *merges, int n_merges)
{
    const char **token_V = arena_push(a, (size_t)(BPE_FIRST_MERGE + n_merges), sizeof *token_V);
    token_V[0] = end_of_text;
    for (int b = 0; b < 256; b++)
        token_V[BPE_FIRST_BYTE + b] = byte_text(a, b);
    for (int i = 0; i < n_merges; i++)
        token_V[BPE_FIRST_MERGE + i] =
            arena_printf(a, "%s%s", token_V[merges[i].left], token_V[merges[i].right]);
    return token_V;
}

static void add_special_token(cJSON *root)
{
    cJSON *token = cJSON_CreateObject();
    cJSON_AddItemToArray(json_add_array(root, "added_tokens"), token);
    json_add_number(token, "id", 0);
    json_add_string(token, "content", end_of_text);
    json_add_bool(token, "single_word", false);
    json_add_bool(token, "lstrip", false);
    json_add_bool(token, "rstrip", false);
    json_add_bool(token, "normalized", false);
    json_add_bool(token, "special", true);
}

static void add_byte_level(cJSON *root, const char *key)
{
    cJSON *step = json_add_object(root, key);
    json_add_string(step, "type", "ByteLevel");
    json_add_bool(step, "add_prefix_space", false);
    json_add_bool(step, "trim_offsets", true);
    json_add_bool(step, "use_regex", true);
}

static void add_model(cJSON *root, arena *a, const bpe_merge *merges, int n_merges)
{
    const char **token_V = token_texts(a, merges, n_merges);
    cJSON *model = json_add_object(root, "model");
    json_add_string(model, "type", "BPE");
    cJSON_AddNullToObject(model, "dropout");
    cJSON_AddNullToObject(model, "unk_token");
    cJSON_AddNullToObject(model, "continuing_subword_prefix");
    cJSON_AddNullToObject(model, "end_of_word_suffix");
    json_add_bool(model, "fuse_unk", false);
    json_add_bool(model, "byte_fallback", false);
    json_add_bool(model, "ignore_merges", false);
    cJSON *vocab = json_add_object(model, "vocab");
    for (int id = 0; id < BPE_FIRST_MERGE + n_merges; id++)
        json_add_number(vocab, token_V[id], id);
    cJSON *list = json_add_array(model, "merges");
    for (int i = 0; i < n_merges; i++)
        cJSON_AddItemToArray(list,
                             cJSON_CreateString(arena_printf(a, "%s %s", token_V[merges[i].left],
                                                             token_V[merges[i].right])));
}

void bpe_json(str *out, const bpe_merge *merges, int n_merges)
{
    arena a = {0};
    cJSON *root = cJSON_CreateObject();
    json_add_string(root, "version", "1.0");
    cJSON_AddNullToObject(root, "truncation");
    cJSON_AddNullToObject(root, "padding");
    add_special_token(root);
    cJSON_AddNullToObject(root, "normalizer");
    add_byte_level(root, "pre_tokenizer");
    cJSON_AddNullToObject(root, "post_processor");
    add_byte_level(root, "decoder");
    add_model(root, &a, merges, n_merges);
    str_clear(out);
    json_print(out, root);
    cJSON_Delete(root);
    arena_release(&a);
}
