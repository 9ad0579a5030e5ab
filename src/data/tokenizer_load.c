/* tokenizer.json, or vocab.json + merges.txt, into a tokenizer. Each section says its type; a type
 * or option that this program does not carry out is refused by name, because ignoring it would give
 * wrong ids without a word. Truncation and padding are not: they never apply to whole texts. */
#include "base/memory.h"
#include "data/bytelevel.h"
#include "data/tokenizer_loader.h"
#include <stdio.h>
#include <string.h>

enum { MAX_FILE_BYTES = 64 << 20 }; /* the largest real one: 33 MB; parsed, 20 times its size */

static err_code parse_json(cJSON **out, const char *text, size_t n, const char *name, err *e)
{
    *out = NULL;
    if (n > MAX_FILE_BYTES)
        return err_set(e, E_FORMAT, "%s: %zu bytes, more than any tokenizer needs (limit %d)", name,
                       n, (int)MAX_FILE_BYTES);
    return json_parse(out, text, n, name, e);
}

static bool is_set(const cJSON *object, const char *key)
{
    const cJSON *item = loader_section(object, key);
    return item && !cJSON_IsFalse(item) &&
           !(cJSON_IsString(item) && item->valuestring[0] == '\0') &&
           !(cJSON_IsNumber(item) && item->valuedouble == 0);
}

static err_code read_model_options(loader *l, const cJSON *model)
{
    static const char *const refused[] = {"dropout", "continuing_subword_prefix",
                                          "end_of_word_suffix"};
    if (loader_section(model, "type") && strcmp(loader_type(model), "BPE") != 0)
        return loader_unsupported(l, "model", loader_type(model), "BPE is");
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        if (is_set(model, refused[i]))
            return loader_unsupported(l, "BPE option", refused[i],
                                      "it must be null, false or empty");
    err_code code = loader_flag(&l->t->bpe.ignore_merges, l, model, "ignore_merges", false);
    return code ? code : loader_flag(&l->t->bpe.fuse_unknown, l, model, "fuse_unk", false);
}

/* The tokens of single bytes; returns how many there are. */
static int find_bytes(loader *l, bool fallback)
{
    bpe *b = &l->t->bpe;
    int found = 0;
    b->characters = !l->byte_level;
    for (int byte = 0; byte < 256; byte++) {
        char spelling[8];
        if (b->characters)
            snprintf(spelling, sizeof spelling, "<0x%02X>", (unsigned)byte);
        else
            spelling[utf8_encode(spelling, bytelevel_char((unsigned char)byte))] = '\0';
        b->byte_id[byte] = b->characters && !fallback ? -1 : loader_find(l, spelling);
        found += b->byte_id[byte] >= 0;
    }
    return found;
}

static err_code read_symbols(loader *l, const cJSON *model)
{
    bool fallback;
    const cJSON *unknown = loader_section(model, "unk_token");
    if (loader_flag(&fallback, l, model, "byte_fallback", false))
        return l->e->code;
    int found = find_bytes(l, fallback);
    if (fallback && found != 256 && (l->byte_level || found != 0))
        return loader_unsupported(l, "BPE option", "byte_fallback",
                                  "a token for each of the 256 bytes is needed");
    l->t->bpe.unknown_id = -1;
    if (!unknown)
        return OK;
    if (cJSON_IsString(unknown))
        l->t->bpe.unknown_id = loader_find(l, unknown->valuestring);
    if (!cJSON_IsString(unknown) || (l->t->bpe.unknown_id < 0 && found != 256))
        return err_set(l->e, E_FORMAT, "%s: \"unk_token\" is not a token of the vocabulary",
                       l->name);
    return OK;
}

static err_code read_tokenizer(loader *l, const cJSON *root, const cJSON *config)
{
    const cJSON *model = loader_section(root, "model");
    if (!cJSON_IsObject(root) || !cJSON_IsObject(model))
        return err_set(l->e, E_FORMAT, "%s: no object \"model\": not a tokenizer.json", l->name);
    err_code code =
        loader_steps(l, loader_section(root, "normalizer"), loader_section(root, "pre_tokenizer"));
    if (!code)
        code = loader_decoder(l, loader_section(root, "decoder"));
    if (!code)
        code = read_model_options(l, model);
    if (!code)
        code = loader_tokens(l, json_member(model, "vocab"), loader_section(root, "added_tokens"));
    if (!code)
        code = read_symbols(l, model);
    if (!code)
        code = loader_merges(l, json_member(model, "merges"));
    if (!code)
        code = loader_bos(l, loader_section(root, "post_processor"), config);
    return code;
}

static err_code finish(tokenizer **out, loader *l, err_code code)
{
    *out = NULL;
    if (code) {
        tokenizer_free(l->t);
        return code;
    }
    bpe_index(&l->t->bpe, l->t->vocab.n_ids);
    *out = l->t;
    return OK;
}

static err_code parse(tokenizer **out, const char *json, size_t n, const char *name,
                      const cJSON *config, err *e)
{
    loader l = {.t = mem_small(1, sizeof *l.t), .name = name, .e = e};
    cJSON *root = NULL;
    err_code code = parse_json(&root, json, n, name, e);
    if (!code)
        code = read_tokenizer(&l, root, config);
    cJSON_Delete(root);
    return finish(out, &l, code);
}

err_code tokenizer_parse(tokenizer **out, const char *json, size_t n, const char *name, err *e)
{
    return parse(out, json, n, name, NULL, e);
}

/* `companions` are what loader_added() reads beside the two files. */
static err_code parse_gpt2(tokenizer **out, const char *vocab_json, size_t n_vocab,
                           const char *merges, size_t n_merges, const char *name,
                           const loader_companions *companions, err *e)
{
    loader l = {.t = mem_small(1, sizeof *l.t), .name = name, .e = e};
    cJSON *root = NULL, *added = NULL;
    err_code code = parse_json(&root, vocab_json, n_vocab, name, e);
    if (!code)
        code = loader_gpt2_steps(&l);
    if (!code)
        code = loader_added(&added, &l, root, companions);
    if (!code)
        code = loader_tokens(&l, root, added);
    if (!code)
        code = read_symbols(&l, NULL);
    if (!code)
        code = loader_merge_lines(&l, merges, n_merges);
    if (!code)
        code = loader_bos(&l, NULL, loader_bos_source(companions));
    cJSON_Delete(added);
    cJSON_Delete(root);
    return finish(out, &l, code);
}

err_code tokenizer_parse_gpt2(tokenizer **out, const char *vocab_json, size_t n_vocab,
                              const char *merges, size_t n_merges, const char *name, err *e)
{
    return parse_gpt2(out, vocab_json, n_vocab, merges, n_merges, name, &(loader_companions){0}, e);
}

/* NULL when the file is absent. */
static err_code open_companion(cJSON **out, const files *f, const char *name, err *e)
{
    mapping map;
    arena scratch = {0};
    *out = NULL;
    if (!files_has(f, name))
        return OK;
    err_code code = files_open(&map, f, name, e);
    if (code)
        return code;
    code = parse_json(out, (const char *)map.data, map.size, files_path(f, name, &scratch), e);
    arena_release(&scratch);
    io_unmap(&map);
    return code;
}

static err_code open_gpt2(tokenizer **out, const files *f, const loader_companions *companions,
                          err *e)
{
    mapping vocab_json = {0}, merges = {0};
    err_code code = files_open(&vocab_json, f, "vocab.json", e);
    if (!code)
        code = files_open(&merges, f, "merges.txt", e);
    if (!code)
        code = parse_gpt2(out, (const char *)vocab_json.data, vocab_json.size,
                          (const char *)merges.data, merges.size, f->label, companions, e);
    io_unmap(&vocab_json);
    io_unmap(&merges);
    return code;
}

static err_code open_whole(tokenizer **out, const files *f, const cJSON *bos_source, err *e)
{
    static const char NAME[] = "tokenizer.json";
    mapping map;
    arena scratch = {0};
    err_code code = files_open(&map, f, NAME, e);
    if (code)
        return code;
    code =
        parse(out, (const char *)map.data, map.size, files_path(f, NAME, &scratch), bos_source, e);
    arena_release(&scratch);
    io_unmap(&map);
    return code;
}

err_code tokenizer_open(tokenizer **out, const files *f, err *e)
{
    cJSON *config = NULL, *special = NULL, *added = NULL;
    *out = NULL;
    bool whole = files_has(f, "tokenizer.json") || !files_has(f, "vocab.json") ||
                 !files_has(f, "merges.txt");
    err_code code = open_companion(&config, f, "tokenizer_config.json", e);
    if (!code)
        code = open_companion(&special, f, "special_tokens_map.json", e);
    if (!code && !whole)
        code = open_companion(&added, f, "added_tokens.json", e);
    loader_companions companions = {config, special, added};
    if (!code)
        code = whole ? open_whole(out, f, loader_bos_source(&companions), e)
                     : open_gpt2(out, f, &companions, e);
    cJSON_Delete(config);
    cJSON_Delete(special);
    cJSON_Delete(added);
    return code;
}
