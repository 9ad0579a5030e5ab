/* The "decoder" section. Its parts may stand only in the order in which real files have them, so
 * that each token can be shown by itself: replacements, byte fallback, fusing, stripping. */
#include "data/tokenizer_loader.h"
#include <string.h>

static const char KNOWN[] = "null, ByteLevel, Metaspace, and in this order Replace of a string, "
                            "ByteFallback, Fuse, Strip from the start are";

/* How far the parts read so far have come. */
typedef enum { AT_TOKENS, AT_BYTES, AT_TEXT, AT_END } decoder_state;

typedef struct decoder_reader {
    loader *l;
    decoder_state state;
} decoder_reader;

static err_code read_replace(decoder_reader *r, const cJSON *object)
{
    decoder *d = &r->l->t->decoder;
    if (r->state != AT_TOKENS || d->n_replacements == MAX_DECODER_REPLACEMENTS ||
        loader_section(loader_section(object, "pattern"), "Regex"))
        return loader_unsupported(r->l, "decoder", "Replace here or of a Regex", KNOWN);
    decoder_replacement *replacement = &d->replacements[d->n_replacements++];
    err_code code =
        loader_string(&replacement->pattern, r->l, loader_section(object, "pattern"), "String", 1);
    return code ? code : loader_string(&replacement->content, r->l, object, "content", 0);
}

static err_code read_strip(decoder_reader *r, const cJSON *object)
{
    int64_t start, stop;
    decoder *d = &r->l->t->decoder;
    if (json_int(&start, object, "start", r->l->name, r->l->e) ||
        json_int(&stop, object, "stop", r->l->name, r->l->e) ||
        loader_string(&d->strip, r->l, object, "content", 1))
        return r->l->e->code;
    if (r->state != AT_TEXT || stop != 0 || start < 0 || start > MAX_STEP_BYTES)
        return loader_unsupported(r->l, "decoder", "Strip here or from the end", KNOWN);
    d->n_strip = (int)start;
    r->state = AT_END;
    return OK;
}

static err_code read_metaspace(decoder_reader *r, const cJSON *object)
{
    decoder *d = &r->l->t->decoder;
    const cJSON *scheme = loader_section(object, "prepend_scheme");
    if (r->state != AT_TOKENS || d->n_replacements > 0)
        return loader_unsupported(r->l, "decoder", "Metaspace here", KNOWN);
    decoder_replacement *replacement = &d->replacements[d->n_replacements++];
    str_add(&replacement->content, " ");
    d->first_loses_replaced = !cJSON_IsString(scheme) || strcmp(scheme->valuestring, "never") != 0;
    r->state = AT_END;
    return loader_string(&replacement->pattern, r->l, object, "replacement", 1);
}

static err_code read_part(decoder_reader *r, const cJSON *object)
{
    const char *type = loader_type(object);
    if (r->l->byte_level || strcmp(type, "ByteLevel") == 0) {
        if (r->l->byte_level && (strcmp(type, "ByteLevel") == 0 || strcmp(type, "Fuse") == 0))
            return OK;
        return loader_unsupported(r->l, "decoder", type,
                                  r->l->byte_level ? "after a ByteLevel pre_tokenizer ByteLevel is"
                                                   : "without a ByteLevel pre_tokenizer");
    }
    if (strcmp(type, "Replace") == 0)
        return read_replace(r, object);
    if (strcmp(type, "Strip") == 0)
        return read_strip(r, object);
    if (strcmp(type, "Metaspace") == 0)
        return read_metaspace(r, object);
    bool fallback = strcmp(type, "ByteFallback") == 0;
    if ((!fallback && strcmp(type, "Fuse") != 0) || (fallback && r->state != AT_TOKENS) ||
        r->state == AT_END)
        return loader_unsupported(r->l, "decoder", type, KNOWN);
    r->l->t->decoder.byte_fallback |= fallback;
    r->state = fallback ? AT_BYTES : AT_TEXT;
    return OK;
}

err_code loader_decoder(loader *l, const cJSON *section)
{
    decoder_reader r = {.l = l};
    const cJSON *part;
    if (!section)
        return OK;
    if (strcmp(loader_type(section), "Sequence") != 0)
        return read_part(&r, section);
    const cJSON *parts = loader_section(section, "decoders");
    if (!cJSON_IsArray(parts))
        return err_set(l->e, E_FORMAT, "%s: the decoder's \"decoders\" is not a list", l->name);
    cJSON_ArrayForEach(part, parts) {
        if (read_part(&r, part))
            return l->e->code;
    }
    return OK;
}
