/* tokenizer.json: parsed, then a text with everything in it encoded and decoded. */
#include "data/tokenizer.h"
#include "fuzz/fuzz.h"
#include <string.h>

const char fuzz_target[] = "tokenizer";

static const char text[] = "Hello, world!  It's 12345 o'clock\n\n\tna\xc3\xafve \xe2\x96\x81<s> "
                           "<|endoftext|> \xf0\x9f\x98\x80 e\xcc\x81 \xff\xc0 end ";

static void use(const tokenizer *t)
{
    token_list tokens = {0};
    str back = {0};
    err e = {0};
    int bos = tokenizer_bos(t), size = tokenizer_size(t);
    PROMISE(bos >= -1 && bos < size);
    err_code rc = tokenizer_encode(&tokens, t, text, sizeof text - 1, &e);
    if (rc)
        fuzz_check_message(&e, rc);
    size_t n = rc ? 0 : tokens.n;
    for (size_t i = 0; i < n; i++) {
        const char *bytes;
        size_t n_bytes;
        PROMISE(tokens.ids[i] >= 0 && tokens.ids[i] < size);
        PROMISE(tokenizer_bytes(t, tokens.ids[i], &bytes, &n_bytes));
        tokenizer_is_special(t, tokens.ids[i]);
    }
    tokenizer_decode(&back, t, tokens.ids, n);
    tokenizer_find(t, "Hello");
    str_release(&back);
    token_list_release(&tokens);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    tokenizer *t = NULL;
    err e = {0};
    err_code rc = tokenizer_parse(&t, (const char *)data, n, "fuzz", &e);
    if (rc) {
        fuzz_check_message(&e, rc);
    } else {
        use(t);
        tokenizer_free(t);
    }
    return 0;
}
