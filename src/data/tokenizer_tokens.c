/* The tokens of a tokenizer file: ids counted, bytes and flags stored, added tokens told apart by
 * whether they are looked for before or after normalisation. */
#include "base/memory.h"
#include "data/bytelevel.h"
#include "data/tokenizer_loader.h"
#include <string.h>

static err_code read_id(int *out, const loader *l, const cJSON *item, const char *token)
{
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble < VOCAB_MAX_IDS) ||
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

/* A token as the file spells it. In the byte alphabet it is the bytes, which are what a reader
 * sees; what is not spelled in it cannot come out of merging and is what it looks like. */
static void set_token(loader *l, int id, const char *spelling, str *scratch)
{
    vocab *v = &l->t->vocab;
    size_t n = strlen(spelling), n_bytes = n;
    if (!l->byte_level) {
        str_clear(scratch);
        decoder_show(scratch, &l->t->decoder, spelling, n, false);
        vocab_set(v, id, spelling, n, TOKEN_MERGED);
        if (scratch->len != n || memcmp(scratch->data, spelling, n) != 0)
            vocab_show(v, id, str_text(scratch), scratch->len);
        if (decoder_byte(spelling, n) >= 0)
            v->flags[id] |= TOKEN_BYTE;
        return;
    }
    unsigned char *bytes = mem_small(n, 1);
    if (bytelevel_read(bytes, &n_bytes, spelling, n))
        vocab_set(v, id, bytes, n_bytes, TOKEN_MERGED);
    else
        vocab_set(v, id, spelling, n, TOKEN_FOREIGN);
    mem_free(bytes);
}

static err_code read_vocab(loader *l, const cJSON *object)
{
    vocab *v = &l->t->vocab;
    const cJSON *item;
    str scratch = {0};
    err_code code = OK;
    cJSON_ArrayForEach(item, object) {
        int id = (int)item->valuedouble;
        if (v->flags[id] & TOKEN_USED) {
            code = err_set(l->e, E_FORMAT, "%s: id %d has two tokens, the second is \"%.80s\"",
                           l->name, id, item->string);
            break;
        }
        set_token(l, id, item->string, &scratch);
    }
    str_release(&scratch);
    vocab_index(v);
    return code;
}

int loader_find(const loader *l, const char *token)
{
    const vocab *v = &l->t->vocab;
    size_t n = strlen(token), n_bytes = n;
    if (!l->byte_level)
        return vocab_find(v, token, n);
    unsigned char *bytes = mem_small(n, 1);
    bool is_spelled = bytelevel_read(bytes, &n_bytes, token, n);
    int id = is_spelled ? vocab_find(v, bytes, n_bytes) : vocab_find_foreign(v, token, n);
    mem_free(bytes);
    return id;
}

/* Content as it looks once normalised, by the steps that stand before the search for such tokens.
 */
static err_code normalize(str *out, const loader *l, const char *content)
{
    const step_list *steps = &l->t->steps;
    edited_text text = {0};
    str_clear(out);
    str_add(out, content);
    err_code code = OK;
    for (int i = 0; i < steps->n && steps->items[i].added != &l->t->normalized_added; i++) {
        bool changed = false;
        if (step_edits(&steps->items[i]) && out->len > 0)
            code = step_edit(&changed, &text, &steps->items[i], out->data, out->len, true,
                             (size_t)1 << 20, l->e);
        if (code)
            break;
        if (changed) {
            str_clear(out);
            str_add_bytes(out, str_text(&text.text), text.text.len);
        }
    }
    edited_text_release(&text);
    if (!code && out->len == 0)
        code = err_set(l->e, E_FORMAT,
                       "%s: nothing is left of added token \"%.80s\" when it is "
                       "normalised",
                       l->name, content);
    return code;
}

/* An added token that the vocabulary does not have gets the next number after it, whatever the file
 * says: so Hugging Face `tokenizers` counts, and a file that disagrees is not what it seems. */
static err_code check_id(const loader *l, const char *content, int id, int *next)
{
    int known = loader_find(l, content), wanted = known >= 0 ? known : (*next)++;
    if (content[0] && id == wanted && !(l->t->vocab.flags[id] & TOKEN_ADDED) &&
        (known >= 0 || !(l->t->vocab.flags[id] & TOKEN_USED)))
        return OK;
    return err_set(l->e, E_FORMAT,
                   "%s: added token \"%.80s\" (id %d) is empty, or its id is another token's, or "
                   "not the one that it gets from Hugging Face tokenizers (%d)",
                   l->name, content, id, wanted);
}

static err_code read_added_token(loader *l, const cJSON *item, int *next, str *scratch)
{
    const char *content = json_member(item, "content")->valuestring;
    int id = (int)json_member(item, "id")->valuedouble;
    added_token token = {.id = id};
    bool special, normalized;
    if (loader_flag(&special, l, item, "special", false) ||
        loader_flag(&normalized, l, item, "normalized", !special) ||
        loader_flag(&token.single_word, l, item, "single_word", false) ||
        loader_flag(&token.lstrip, l, item, "lstrip", false) ||
        loader_flag(&token.rstrip, l, item, "rstrip", false) || check_id(l, content, id, next))
        return l->e->code;

    size_t n = strlen(content);
    vocab *v = &l->t->vocab;
    if (!(v->flags[id] & TOKEN_USED))
        vocab_set(v, id, content, n, 0);
    v->flags[id] |= (unsigned char)(TOKEN_ADDED | (special ? TOKEN_SPECIAL : 0));
    str_clear(scratch);
    str_add_bytes(scratch, content, n);
    if (normalized && normalize(scratch, l, content))
        return l->e->code;
    added_tokens_add(normalized ? &l->t->normalized_added : &l->t->raw_added, &token, scratch->data,
                     scratch->len);
    size_t start = scratch->len; /* a reader sees what the text must spell */
    decoder_show(scratch, &l->t->decoder, scratch->data, start, false);
    vocab_show(v, id, scratch->data + start, scratch->len - start);
    return OK;
}

static err_code index_added(loader *l)
{
    const added_token *twin = added_tokens_index(&l->t->normalized_added);
    added_tokens_index(&l->t->raw_added); /* the same content would be the same id */
    if (twin)
        return err_set(l->e, E_FORMAT, "%s: two added tokens are \"%.80s\" once normalised",
                       l->name, twin->content);
    return OK;
}

err_code loader_tokens(loader *l, const cJSON *tokens, const cJSON *added)
{
    int n_ids;
    const cJSON *item;
    str scratch = {0};
    err_code code = count_ids(&n_ids, l, tokens, added);
    if (code)
        return code;
    vocab_init(&l->t->vocab, n_ids);
    code = read_vocab(l, tokens);
    int next = cJSON_GetArraySize(tokens);
    cJSON_ArrayForEach(item, added) {
        if (code)
            break;
        code = read_added_token(l, item, &next, &scratch);
    }
    str_release(&scratch);
    return code ? code : index_added(l);
}
