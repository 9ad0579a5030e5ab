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
    splitter_free(t->words);
    bpe_release(&t->bpe);
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
    *bytes = used ? t->vocab.bytes.data + t->vocab.start[id] : "";
    *n = used ? t->vocab.length[id] : 0;
    return used;
}

void tokenizer_decode(str *out, const tokenizer *t, const int *ids, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *bytes;
        size_t length;
        if (tokenizer_bytes(t, ids[i], &bytes, &length))
            str_add_bytes(out, bytes, length);
    }
}

int tokenizer_find(const tokenizer *t, const char *content)
{
    size_t n = strlen(content);
    const added_token *a = added_tokens_find(&t->raw_added, content, n);
    if (!a)
        a = added_tokens_find(&t->normalized_added, content, n);
    return a ? a->id : vocab_find(&t->vocab, content, n);
}

bool tokenizer_is_special(const tokenizer *t, int id)
{
    return is_used(t, id) && (t->vocab.flags[id] & TOKEN_SPECIAL);
}

int tokenizer_bos(const tokenizer *t)
{
    static const char *const names[] = {"<|endoftext|>", "<|begin_of_text|>", "<bos>", "<s>"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        int id = tokenizer_find(t, names[i]);
        if (tokenizer_is_special(t, id))
            return id;
    }
    return -1;
}
