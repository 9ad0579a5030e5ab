/* The tokens of a tokenizer file: ids counted, bytes and flags stored, added tokens told apart by
 * whether they are looked for before or after normalisation. */
#include "base/memory.h"
#include "data/bytelevel.h"
#include "data/nfc.h"
#include "data/tokenizer_loader.h"
#include <string.h>

const cJSON *loader_section(const cJSON *object, const char *key)
{
    const cJSON *item = json_member(object, key);
    return item && !cJSON_IsNull(item) ? item : NULL;
}

bool loader_flag(const cJSON *object, const char *key, bool fallback)
{
    const cJSON *item = loader_section(object, key);
    return item ? !cJSON_IsFalse(item) : fallback;
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

static err_code count_ids(int *n_ids, const loader *l, const cJSON *tokens, const cJSON *added)
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
            return err_set(l->e, E_FORMAT,
                           "%s: added token \"%.80s\" has id %d, but another in "
                           "the vocabulary",
                           l->name, added->tokens[i].content, added->tokens[i].id);
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
            if (loader_flag(item, refused[i], false))
                return err_set(l->e, E_FORMAT,
                               "%s: added token \"%.80s\": option %s is not "
                               "supported",
                               l->name, content, refused[i]);
        if (n == 0 || (v->flags[id] & TOKEN_ADDED) ||
            ((v->flags[id] & TOKEN_USED) && !has_bytes(v, id, content, n)))
            return err_set(l->e, E_FORMAT,
                           "%s: added token \"%.80s\" (id %d) is empty, or its id "
                           "is another token's",
                           l->name, content, id);
        bool special = loader_flag(item, "special", false);
        vocab_set(v, id, content, n, TOKEN_ADDED | (special ? TOKEN_SPECIAL : 0));
        if (loader_flag(item, "normalized", !special))
            add_normalized(l->t, content, n, id);
        else
            added_tokens_add(&l->t->raw_added, content, n, id);
    }
    return OK;
}

err_code loader_tokens(loader *l, const cJSON *tokens, const cJSON *added)
{
    int n_ids;
    err_code code = count_ids(&n_ids, l, tokens, added);
    if (code)
        return code;
    vocab_init(&l->t->vocab, n_ids);
    code = read_vocab(l, tokens);
    if (!code)
        code = read_added(l, added);
    if (code)
        return code;
    vocab_index(&l->t->vocab);
    code = check_added(l, &l->t->raw_added);
    return code ? code : check_added(l, &l->t->normalized_added);
}
