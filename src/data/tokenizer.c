/* Questions about a loaded tokenizer, and its end. */
#include "data/tokenizer.h"
#include "base/memory.h"
#include "data/tokenizer_parts.h"
#include <string.h>

void tokenizer_free(tokenizer *t)
{
    if (!t)
        return;
    vocab_release(&t->vocab);
    added_tokens_release(&t->raw_added);
    added_tokens_release(&t->normalized_added);
    steps_release(&t->steps);
    bpe_release(&t->bpe);
    decoder_release(&t->decoder);
    mem_free(t);
}

int tokenizer_size(const tokenizer *t)
{
    return t->vocab.n_ids;
}

static bool is_used(const tokenizer *t, int id)
{
    return id >= 0 && id < t->vocab.n_ids && (t->vocab.flags[id] & TOKEN_USED);
}

bool tokenizer_bytes(const tokenizer *t, int id, const char **bytes, size_t *n)
{
    bool used = is_used(t, id);
    *bytes = used ? t->vocab.bytes.data + t->vocab.shown_start[id] : "";
    *n = used ? t->vocab.shown_length[id] : 0;
    return used;
}

void tokenizer_decode(str *out, const tokenizer *t, const int *ids, size_t n)
{
    size_t start = out->len;
    bool is_first = t->decoder.first_loses_replaced;
    for (size_t i = 0; i < n; i++) {
        const char *bytes;
        size_t length;
        if (!tokenizer_bytes(t, ids[i], &bytes, &length))
            continue;
        if (is_first)
            decoder_show(out, &t->decoder, t->vocab.bytes.data + t->vocab.start[ids[i]],
                         t->vocab.length[ids[i]], true);
        else
            str_add_bytes(out, bytes, length);
        is_first = false;
    }
    decoder_strip(out, &t->decoder, start);
}

static bool is_text(const vocab *v, size_t start, size_t length, const char *text, size_t n)
{
    return length == n && memcmp(v->bytes.data + start, text, n) == 0;
}

int tokenizer_find(const tokenizer *t, const char *content)
{
    const vocab *v = &t->vocab;
    size_t n = strlen(content);
    int best = -1, best_rank = -1;
    for (int id = 0; id < v->n_ids; id++) {
        int flags = v->flags[id];
        int rank = flags & TOKEN_ADDED ? 2 : flags & TOKEN_BYTE ? 0 : 1;
        if ((flags & TOKEN_USED) && rank > best_rank &&
            (is_text(v, v->shown_start[id], v->shown_length[id], content, n) ||
             (rank == 2 && is_text(v, v->start[id], v->length[id], content, n)))) {
            best = id;
            best_rank = rank;
        }
    }
    return best;
}

bool tokenizer_is_special(const tokenizer *t, int id)
{
    return is_used(t, id) && (t->vocab.flags[id] & TOKEN_SPECIAL);
}

int tokenizer_bos(const tokenizer *t)
{
    return t->bos;
}
