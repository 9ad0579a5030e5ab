/* Which token starts a document. */
#include "base/memory.h"
#include "data/tokenizer_loader.h"
#include <string.h>

static err_code check_bos(loader *l, int64_t id, const char *where)
{
    if (id < 0 || id >= l->t->vocab.n_ids || !(l->t->vocab.flags[id] & TOKEN_USED))
        return err_set(l->e, E_FORMAT, "%s: %s starts texts with a token that has no id", l->name,
                       where);
    l->t->bos = (int)id;
    return OK;
}

/* {"single": [{"SpecialToken": {"id": "<s>"}}, {"Sequence": ..}], "special_tokens": {"<s>": {"ids":
 * [1]}}} */
static err_code read_template(loader *l, const cJSON *processor)
{
    const cJSON *single = loader_section(processor, "single"), *piece;
    if (!cJSON_IsArray(single))
        return err_set(l->e, E_FORMAT, "%s: the post_processor's \"single\" is not a list",
                       l->name);
    cJSON_ArrayForEach(piece, single) {
        const cJSON *special = loader_section(piece, "SpecialToken");
        const char *name;
        if (!special)
            return OK; /* what follows the text ends it */
        if (json_string(&name, special, "id", l->name, l->e))
            return l->e->code;
        const cJSON *token = json_member(loader_section(processor, "special_tokens"), name);
        const cJSON *ids = loader_section(token, "ids");
        const cJSON *id = ids ? ids->child : NULL;
        return check_bos(l, cJSON_IsNumber(id) ? (int64_t)id->valuedouble : -1,
                         "the post_processor's template");
    }
    return OK;
}

/* RobertaProcessing, BertProcessing: "cls": ["<s>", 0]. */
static err_code read_cls(loader *l, const cJSON *processor)
{
    const cJSON *cls = loader_section(processor, "cls");
    const cJSON *id = cls && cls->child ? cls->child->next : NULL;
    return check_bos(l, cJSON_IsNumber(id) ? (int64_t)id->valuedouble : -1,
                     "the post_processor's \"cls\"");
}

static err_code read_processor(loader *l, const cJSON *processor)
{
    const char *type = loader_type(processor);
    if (strcmp(type, "ByteLevel") == 0 || l->t->bos >= 0)
        return OK;
    if (strcmp(type, "TemplateProcessing") == 0)
        return read_template(l, processor);
    if (strcmp(type, "RobertaProcessing") == 0 || strcmp(type, "BertProcessing") == 0)
        return read_cls(l, processor);
    return loader_unsupported(l, "post_processor", type,
                              "ByteLevel, TemplateProcessing, RobertaProcessing, BertProcessing "
                              "and Sequence are");
}

/* "bos_token" is a string, or an object that holds it as "content"; null says that there is none.
 */
static err_code read_config(bool *said, loader *l, const cJSON *config)
{
    const cJSON *token = json_member(config, "bos_token");
    if (cJSON_IsObject(token))
        token = json_member(token, "content");
    *said = token != NULL;
    if (!token || cJSON_IsNull(token))
        return OK;
    if (!cJSON_IsString(token))
        return err_set(l->e, E_FORMAT, "%s: \"bos_token\" is neither a string nor null", l->name);
    int id = tokenizer_find(l->t, token->valuestring);
    if (id < 0)
        return err_set(l->e, E_FORMAT, "%s: the bos_token \"%.80s\" is not a token of it", l->name,
                       token->valuestring);
    l->t->bos = id;
    return OK;
}

/* What special tokens that start documents are called. Chat models of the ChatML kind only end
 * documents with theirs. */
static int usual_bos(const tokenizer *t)
{
    static const char *const names[] = {"<|endoftext|>", "<|begin_of_text|>", "<bos>", "<s>"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        int id = tokenizer_find(t, names[i]);
        if (tokenizer_is_special(t, id))
            return i == 0 && tokenizer_find(t, "<|im_start|>") >= 0 ? -1 : id;
    }
    return -1;
}

err_code loader_bos(loader *l, const cJSON *post_processor, const cJSON *config)
{
    bool said = false;
    l->t->bos = -1;
    err_code code =
        post_processor ? loader_sequence(l, post_processor, "processors", read_processor) : OK;
    if (!code && l->t->bos < 0)
        code = read_config(&said, l, config);
    if (!code && l->t->bos < 0 && !said)
        l->t->bos = usual_bos(l->t);
    return code;
}
