/* tokenizer.json, or vocab.json + merges.txt, into a tokenizer. Each section says its type; a type
 * or option that this program does not carry out is refused by name, because ignoring it would give
 * wrong ids without a word. */
#include "base/json.h"
#include "base/memory.h"
#include "data/bytelevel.h"
#include "data/nfc.h"
#include "data/tokenizer_parts.h"
#include <string.h>

/* A file being loaded. */
typedef struct loader {
    tokenizer *t;
    const char *name; /* for messages */
    err *e;
} loader;

/* Member `key`, NULL when absent or null. */
static const cJSON *section(const cJSON *object, const char *key)
{
    const cJSON *item = json_member(object, key);
    return item && !cJSON_IsNull(item) ? item : NULL;
}

static const char *type_of(const cJSON *object)
{
    const cJSON *type = json_member(object, "type");
    return cJSON_IsString(type) ? type->valuestring : "(without a type)";
}

/* A flag, or `fallback` when absent or null; anything else than a boolean counts as set, so that
 * it is looked at rather than skipped. */
static bool flag(const cJSON *object, const char *key, bool fallback)
{
    const cJSON *item = section(object, key);
    return item ? !cJSON_IsFalse(item) : fallback;
}

static bool is_set(const cJSON *object, const char *key)
{
    const cJSON *item = section(object, key);
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
    const cJSON *normalizer = section(root, "normalizer");
    if (normalizer && strcmp(type_of(normalizer), "NFC") != 0)
        return unsupported(l, "normalizer", type_of(normalizer), "null and NFC are");
    l->t->nfc = normalizer != NULL;

    const cJSON *words = section(root, "pre_tokenizer");
    if (!words || strcmp(type_of(words), "ByteLevel") != 0)
        return unsupported(l, "pre_tokenizer", words ? type_of(words) : "null", "ByteLevel is");
    if (flag(words, "add_prefix_space", true))
        return unsupported(l, "pre_tokenizer option", "add_prefix_space: true", "false is");
    if (flag(words, "use_regex", true))
        l->t->words = splitter_new_gpt2();

    const cJSON *decoder = section(root, "decoder");
    if (decoder && strcmp(type_of(decoder), "ByteLevel") != 0)
        return unsupported(l, "decoder", type_of(decoder), "ByteLevel is");
    return OK; /* post_processor adds tokens around the text only where asked, and we never ask */
}

static err_code read_model_options(loader *l, const cJSON *model)
{
    static const char *const refused[] = {"dropout", "continuing_subword_prefix",
                                          "end_of_word_suffix", "byte_fallback"};
    const char *type = type_of(model);
    if (section(model, "type") && strcmp(type, "BPE") != 0)
        return unsupported(l, "model", type, "BPE is");
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        if (is_set(model, refused[i]))
            return unsupported(l, "BPE option", refused[i], "it must be null, false or empty");
    l->t->bpe.ignore_merges = flag(model, "ignore_merges", false);
    l->t->bpe.fuse_unknown = flag(model, "fuse_unk", false);
    return OK;
}

static err_code read_id(int *out, const loader *l, const cJSON *item, const char *token)
{
    if (!cJSON_IsNumber(item) || item->valuedouble < 0 || item->valuedouble >= VOCAB_MAX_IDS ||
        item->valuedouble != (int)item->valuedouble)
        return err_set(l->e, E_FORMAT, "%s: token \"%.80s\": its id is not a whole number below %d",
                       l->name, token, VOCAB_MAX_IDS);
    *out = (int)item->valuedouble;
    return OK;
}

static err_code count_ids(int *n_ids, const loader *l, const cJSON *tokens,
                          const cJSON *added)
{
    const cJSON *item;
    int id = 0;
    *n_ids = 0;
    if (!cJSON_IsObject(tokens))
        return err_set(l->e, E_FORMAT, "%s: the vocabulary is not an object of tokens and ids",
                       l->name);
    cJSON_ArrayForEach(item, tokens) {
        if (read_id(&id, l, item, item->string))
            return l->e->code;
        *n_ids = id >= *n_ids ? id + 1 : *n_ids;
    }
    if (added && !cJSON_IsArray(added))
        return err_set(l->e, E_FORMAT, "%s: \"added_tokens\" is not a list", l->name);
    cJSON_ArrayForEach(item, added) {
        const char *content;
        if (json_string(&content, item, "content", l->name, l->e) ||
            read_id(&id, l, json_member(item, "id"), content))
            return l->e->code;
        *n_ids = id >= *n_ids ? id + 1 : *n_ids;
    }
    return OK;
}

/* Tokens that are not spelled in the byte alphabet cannot come out of merging; they keep their
 * spelling as their bytes. */
static err_code read_vocab(loader *l, const cJSON *object)
{
    vocab *v = &l->t->vocab;
    const cJSON *item;
    cJSON_ArrayForEach(item, object) {
        int id = (int)item->valuedouble;
        size_t n = strlen(item->string), n_bytes = n;
        if (v->flags[id] & TOKEN_USED)
            return err_set(l->e, E_FORMAT, "%s: id %d has two tokens, the second is \"%.80s\"",
                           l->name, id, item->string);
        unsigned char *bytes = mem_small(n, 1);
        if (bytelevel_read(bytes, &n_bytes, item->string, n))
            vocab_set(v, id, bytes, n_bytes, TOKEN_MERGED);
        else
            vocab_set(v, id, item->string, n, 0);
        mem_free(bytes);
    }
    return OK;
}

/* An added token may be in the model's vocabulary too, then under the same id. Compared where the
 * file's spelling and the bytes are the same thing: printable ASCII. */
static bool is_in_vocab_as_other(const vocab *v, const added_token *a)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->content[i] < 0x21 || a->content[i] > 0x7e)
            return false;
    int id = vocab_find(v, a->content, a->n);
    return id >= 0 && id != a->id;
}

static err_code check_added(const loader *l, const added_tokens *added)
{
    for (int i = 0; i < added->n; i++)
        if (is_in_vocab_as_other(&l->t->vocab, &added->tokens[i]))
            return err_set(l->e, E_FORMAT, "%s: added token \"%.80s\" has id %d, but another in "
                           "the vocabulary", l->name, added->tokens[i].content,
                           added->tokens[i].id);
    return OK;
}

static bool has_bytes(const vocab *v, int id, const char *bytes, size_t n)
{
    return v->length[id] == n && memcmp(v->bytes.data + v->start[id], bytes, n) == 0;
}

/* Such a token is looked for in normalised text, so what is looked for is its normal form. */
static void add_normalized(tokenizer *t, const char *content, size_t n, int id)
{
    nfc_text normal = {0};
    if (t->nfc)
        nfc_normalize(&normal, content, n);
    added_tokens_add(&t->normalized_added, t->nfc ? normal.text.data : content,
                     t->nfc ? normal.text.len : n, id);
    nfc_release(&normal);
}

static err_code read_added(loader *l, const cJSON *added)
{
    static const char *const refused[] = {"single_word", "lstrip", "rstrip"};
    vocab *v = &l->t->vocab;
    const cJSON *item;
    cJSON_ArrayForEach(item, added) {
        const char *content = json_member(item, "content")->valuestring;
        int id = (int)json_member(item, "id")->valuedouble;
        size_t n = strlen(content);
        for (size_t i = 0; i < COUNT_OF(refused); i++)
            if (flag(item, refused[i], false))
                return err_set(l->e, E_FORMAT, "%s: added token \"%.80s\": option %s is not "
                               "supported", l->name, content, refused[i]);
        if (n == 0 || (v->flags[id] & TOKEN_ADDED) ||
            ((v->flags[id] & TOKEN_USED) && !has_bytes(v, id, content, n)))
            return err_set(l->e, E_FORMAT, "%s: added token \"%.80s\" (id %d) is empty, or its id "
                           "is another token's", l->name, content, id);
        bool special = flag(item, "special", false);
        vocab_set(v, id, content, n, TOKEN_ADDED | (special ? TOKEN_SPECIAL : 0));
        if (flag(item, "normalized", !special))
            add_normalized(l->t, content, n, id);
        else
            added_tokens_add(&l->t->raw_added, content, n, id);
    }
    return OK;
}

/* Rule number n_rules: left and right as the file spells them. */
static err_code add_merge(loader *l, const char *left, size_t n_left, const char *right,
                          size_t n_right)
{
    const vocab *v = &l->t->vocab;
    unsigned char *bytes = mem_small(n_left + n_right, 1);
    size_t k_left = 0, k_right = 0;
    int ids[3] = {-1, -1, -1};
    if (bytelevel_read(bytes, &k_left, left, n_left) &&
        bytelevel_read(bytes + k_left, &k_right, right, n_right)) {
        ids[0] = vocab_find(v, bytes, k_left);
        ids[1] = vocab_find(v, bytes + k_left, k_right);
        ids[2] = vocab_find(v, bytes, k_left + k_right);
    }
    mem_free(bytes);
    if (ids[0] < 0 || ids[1] < 0 || ids[2] < 0)
        return err_set(l->e, E_FORMAT, "%s: merge %d, \"%.*s\" + \"%.*s\": a part or the whole is "
                       "not in the vocabulary", l->name, l->t->bpe.n_rules + 1,
                       (int)(n_left < 80 ? n_left : 80), left,
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

static err_code read_merges(loader *l, const cJSON *merges)
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

static err_code read_merge_lines(loader *l, const char *text, size_t n)
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

static err_code read_unknown(loader *l, const cJSON *model)
{
    const cJSON *unknown = section(model, "unk_token");
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

/* Everything that stands before the merges: ids, vocabulary, added tokens. */
static err_code read_tokens(loader *l, const cJSON *vocab_object, const cJSON *added)
{
    int n_ids;
    err_code code = count_ids(&n_ids, l, vocab_object, added);
    if (code)
        return code;
    vocab_init(&l->t->vocab, n_ids);
    code = read_vocab(l, vocab_object);
    if (!code)
        code = read_added(l, added);
    if (code)
        return code;
    vocab_index(&l->t->vocab);
    code = check_added(l, &l->t->raw_added);
    return code ? code : check_added(l, &l->t->normalized_added);
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
    err_code code = json_parse(&root, json, n, name, e);
    if (code)
        goto out;
    const cJSON *model = section(root, "model");
    if (!cJSON_IsObject(root) || !cJSON_IsObject(model)) {
        code = err_set(e, E_FORMAT, "%s: no object \"model\": not a tokenizer.json", name);
        goto out;
    }
    code = read_pipeline(&l, root);
    if (!code)
        code = read_model_options(&l, model);
    if (!code)
        code = read_tokens(&l, json_member(model, "vocab"), section(root, "added_tokens"));
    if (!code)
        code = read_unknown(&l, model);
    if (!code)
        code = read_merges(&l, json_member(model, "merges"));
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
    err_code code = json_parse(&root, vocab_json, n_vocab, name, e);
    if (!code)
        code = read_tokens(&l, root, NULL);
    if (!code)
        code = read_merge_lines(&l, merges, n_merges);
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
