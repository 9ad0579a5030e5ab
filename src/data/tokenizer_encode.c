/* Text to tokens, in the order of Hugging Face's pipeline: added tokens of the raw text, then
 * normalisation, then added tokens of the normalised text, then words, then BPE in each word.
 * What is not UTF-8 skips to the last step, a word of its own, so that no byte is ever lost. */
#include "base/memory.h"
#include "data/nfc.h"
#include "data/tokenizer_parts.h"

enum { MAX_TEXT_BYTES = 1 << 30 };

/* One call's state. */
typedef struct encoder {
    token_list *out;
    const tokenizer *t;
    splitter_scratch *words;
    bpe_scratch bpe;
    nfc_text normal;
    err *e;
} encoder;

/* Text without added tokens, at `offset` of the whole. */
static err_code encode_words(encoder *c, const char *text, size_t n, size_t offset)
{
    for (size_t from = 0, end; from < n; from = end) {
        err_code code = splitter_word(&end, c->t->words, c->words, text, n, from, c->e);
        if (!code)
            code = bpe_encode(c->out, &c->t->bpe, &c->t->vocab, &c->bpe, text + from, end - from,
                              offset + from, c->e);
        if (code)
            return code;
    }
    return OK;
}

/* Normalised text that is valid UTF-8. */
static err_code encode_normalized(encoder *c, const char *text, size_t n, size_t offset)
{
    const added_token *added;
    for (size_t from = 0, start; from < n; from = start + added->n) {
        added = added_tokens_next(&start, &c->t->normalized_added, text, n, from);
        err_code code = encode_words(c, text + from, (added ? start : n) - from, offset + from);
        if (code || !added)
            return code;
        token_list_add(c->out, added->id, offset + start, offset + start + added->n);
    }
    return OK;
}

static bool is_ascii(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] >= 0x80)
            return false;
    return true;
}

/* Text that is valid UTF-8. */
static err_code encode_valid(encoder *c, const char *text, size_t n, size_t offset)
{
    if (!c->t->nfc || is_ascii(text, n))
        return encode_normalized(c, text, n, offset);
    nfc_normalize(&c->normal, text, n);
    size_t first = c->out->n;
    err_code code = encode_normalized(c, c->normal.text.data, c->normal.text.len, 0);
    for (size_t i = first; i < c->out->n; i++) {
        size_t start, end;
        nfc_source(&start, &end, &c->normal, c->out->starts[i], c->out->ends[i]);
        c->out->starts[i] = offset + start;
        c->out->ends[i] = offset + end;
    }
    return code;
}

/* How far text is valid UTF-8 (`valid`), or is not, from its start on. */
static size_t run_length(bool *valid, const char *text, size_t n)
{
    size_t i = 0;
    uint32_t code;
    *valid = utf8_decode((const unsigned char *)text, n, &code) > 0;
    while (i < n) {
        int length = utf8_decode((const unsigned char *)text + i, n - i, &code);
        if ((length > 0) != *valid)
            break;
        i += length > 0 ? (size_t)length : 1;
    }
    return i;
}

/* Text between raw added tokens. */
static err_code encode_piece(encoder *c, const char *text, size_t n, size_t offset)
{
    for (size_t from = 0; from < n;) {
        bool valid;
        size_t length = run_length(&valid, text + from, n - from);
        err_code code = valid ? encode_valid(c, text + from, length, offset + from)
                              : bpe_encode(c->out, &c->t->bpe, &c->t->vocab, &c->bpe, text + from,
                                           length, offset + from, c->e);
        if (code)
            return code;
        from += length;
    }
    return OK;
}

err_code tokenizer_encode(token_list *out, const tokenizer *t, const char *text, size_t n, err *e)
{
    if (n > MAX_TEXT_BYTES)
        return err_set(e, E_DATA,
                       "a text of %zu bytes is too long to tokenise at once (%d is the "
                       "limit)",
                       n, (int)MAX_TEXT_BYTES);
    encoder c = {.out = out, .t = t, .words = splitter_scratch_new(t->words), .e = e};
    const added_token *added = NULL;
    err_code code = OK;
    for (size_t from = 0, start; !code && from < n; from = start + added->n) {
        added = added_tokens_next(&start, &t->raw_added, text, n, from);
        code = encode_piece(&c, text + from, (added ? start : n) - from, from);
        if (!added)
            break;
        if (!code)
            token_list_add(out, added->id, start, start + added->n);
    }
    splitter_scratch_free(c.words);
    bpe_scratch_release(&c.bpe);
    nfc_release(&c.normal);
    return code;
}
