/* tokenizer.json, or vocab.json + merges.txt, into a tokenizer. Each section says its type; a type
 * or option that this program does not carry out is refused by name, because ignoring it would give
 * wrong ids without a word. */
#include "base/memory.h"
#include "data/tokenizer_loader.h"
#include <string.h>

enum { MAX_FILE_BYTES = 64 << 20 }; /* the largest real one: 33 MB; parsed, 20 times its size */

static err_code parse_json(cJSON **out, const char *text, size_t n, const char *name, err *e)
{
    if (n > MAX_FILE_BYTES)
        return err_set(e, E_FORMAT, "%s: %zu bytes, more than any tokenizer needs (limit %d)", name,
                       n, (int)MAX_FILE_BYTES);
    return json_parse(out, text, n, name, e);
}

static const char *type_of(const cJSON *object)
{
    const cJSON *type = json_member(object, "type");
    return cJSON_IsString(type) ? type->valuestring : "(without a type)";
}

static bool is_set(const cJSON *object, const char *key)
{
    const cJSON *item = loader_section(object, key);
    return item && !cJSON_IsFalse(item) &&
           !(cJSON_IsString(item) && item->valuestring[0] == '\0') &&
           !(cJSON_IsNumber(item) && item->valuedouble == 0);
}

static err_code unsupported(const loader *l, const char *what, const char *value, const char *known)
{
    return err_set(l->e, E_FORMAT, "%s: %s \"%.80s\" is not supported (%s)", l->name, what, value,
                   known);
}

static err_code read_pipeline(loader *l, const cJSON *root)
{
    const cJSON *normalizer = loader_section(root, "normalizer");
    if (normalizer && strcmp(type_of(normalizer), "NFC") != 0)
        return unsupported(l, "normalizer", type_of(normalizer), "null and NFC are");
    l->t->nfc = normalizer != NULL;

    const cJSON *words = loader_section(root, "pre_tokenizer");
    if (!words || strcmp(type_of(words), "ByteLevel") != 0)
        return unsupported(l, "pre_tokenizer", words ? type_of(words) : "null", "ByteLevel is");
    if (loader_flag(words, "add_prefix_space", true))
        return unsupported(l, "pre_tokenizer option", "add_prefix_space: true", "false is");
    if (loader_flag(words, "use_regex", true))
        l->t->words = splitter_new_gpt2();

    const cJSON *decoder = loader_section(root, "decoder");
    if (decoder && strcmp(type_of(decoder), "ByteLevel") != 0)
        return unsupported(l, "decoder", type_of(decoder), "ByteLevel is");
    return OK; /* post_processor adds tokens around the text only where asked, and we never ask */
}

static err_code read_model_options(loader *l, const cJSON *model)
{
    static const char *const refused[] = {"dropout", "continuing_subword_prefix",
                                          "end_of_word_suffix", "byte_fallback"};
    const char *type = type_of(model);
    if (loader_section(model, "type") && strcmp(type, "BPE") != 0)
        return unsupported(l, "model", type, "BPE is");
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        if (is_set(model, refused[i]))
            return unsupported(l, "BPE option", refused[i], "it must be null, false or empty");
    l->t->bpe.ignore_merges = loader_flag(model, "ignore_merges", false);
    l->t->bpe.fuse_unknown = loader_flag(model, "fuse_unk", false);
    return OK;
}

static err_code read_unknown(loader *l, const cJSON *model)
{
    const cJSON *unknown = loader_section(model, "unk_token");
    l->t->bpe.unknown_id = -1;
    if (!unknown)
        return OK;
    const cJSON *id = cJSON_IsString(unknown)
                          ? json_member(json_member(model, "vocab"), unknown->valuestring)
                          : NULL;
    if (!id)
        return err_set(l->e, E_FORMAT, "%s: \"unk_token\" is not a token of the vocabulary",
                       l->name);
    l->t->bpe.unknown_id = (int)id->valuedouble;
    return OK;
}

static void index_all(tokenizer *t)
{
    added_tokens_index(&t->raw_added);
    added_tokens_index(&t->normalized_added);
    bpe_index(&t->bpe, &t->vocab);
}

err_code tokenizer_parse(tokenizer **out, const char *json, size_t n, const char *name, err *e)
{
    loader l = {.t = mem_small(1, sizeof *l.t), .name = name, .e = e};
    cJSON *root = NULL;
    *out = NULL;
    err_code code = parse_json(&root, json, n, name, e);
    if (code)
        goto out;
    const cJSON *model = loader_section(root, "model");
    if (!cJSON_IsObject(root) || !cJSON_IsObject(model)) {
        code = err_set(e, E_FORMAT, "%s: no object \"model\": not a tokenizer.json", name);
        goto out;
    }
    code = read_pipeline(&l, root);
    if (!code)
        code = read_model_options(&l, model);
    if (!code)
        code = loader_tokens(&l, json_member(model, "vocab"), loader_section(root, "added_tokens"));
    if (!code)
        code = read_unknown(&l, model);
    if (!code)
        code = loader_merges(&l, json_member(model, "merges"));
    if (!code)
        index_all(l.t);
out:
    cJSON_Delete(root);
    if (code)
        tokenizer_free(l.t);
    else
        *out = l.t;
    return code;
}

err_code tokenizer_parse_gpt2(tokenizer **out, const char *vocab_json, size_t n_vocab,
                              const char *merges, size_t n_merges, const char *name, err *e)
{
    loader l = {.t = mem_small(1, sizeof *l.t), .name = name, .e = e};
    cJSON *root = NULL;
    *out = NULL;
    err_code code = parse_json(&root, vocab_json, n_vocab, name, e);
    if (!code)
        code = loader_tokens(&l, root, NULL);
    if (!code)
        code = loader_merge_lines(&l, merges, n_merges);
    if (code)
        goto out;
    int end = vocab_find(&l.t->vocab, "<|endoftext|>", strlen("<|endoftext|>"));
    if (end >= 0) {
        l.t->vocab.flags[end] |= TOKEN_ADDED | TOKEN_SPECIAL;
        added_tokens_add(&l.t->raw_added, "<|endoftext|>", strlen("<|endoftext|>"), end);
    }
    l.t->bpe.unknown_id = -1;
    l.t->words = splitter_new_gpt2();
    index_all(l.t);
out:
    cJSON_Delete(root);
    if (code)
        tokenizer_free(l.t);
    else
        *out = l.t;
    return code;
}

static err_code open_gpt2(tokenizer **out, const files *f, err *e)
{
    mapping vocab_json = {0}, merges = {0};
    err_code code = files_open(&vocab_json, f, "vocab.json", e);
    if (!code)
        code = files_open(&merges, f, "merges.txt", e);
    if (!code)
        code = tokenizer_parse_gpt2(out, (const char *)vocab_json.data, vocab_json.size,
                                    (const char *)merges.data, merges.size, f->label, e);
    io_unmap(&vocab_json);
    io_unmap(&merges);
    return code;
}

err_code tokenizer_open(tokenizer **out, const files *f, err *e)
{
    static const char NAME[] = "tokenizer.json";
    *out = NULL;
    if (!files_has(f, NAME) && files_has(f, "vocab.json") && files_has(f, "merges.txt"))
        return open_gpt2(out, f, e);
    mapping map;
    err_code code = files_open(&map, f, NAME, e);
    if (code)
        return code;
    arena scratch = {0};
    code = tokenizer_parse(out, (const char *)map.data, map.size, files_path(f, NAME, &scratch), e);
    arena_release(&scratch);
    io_unmap(&map);
    return code;
}
