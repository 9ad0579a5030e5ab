/* Texts that take minutes wherever a step is quadratic: long words, runs, and near misses, through
 * every kind of step. They are a word of their own in some tokenizer each. */
#include "test.h"
#include "base/memory.h"
#include "data/common.h"
#include <string.h>

enum { N = 1 << 17 };

static const char *const patterns[] = {
    "a",
    " ",
    "\n",
    "'s",
    " \n",
    "A",
    "\xca\xb0\x41",     /* a letter that counts as upper and lower case, then an upper one */
    "\xcc\x81",         /* marks ... */
    "\xcc\x81\xcc\xa7", /* ... out of order */
    "\xe1\x84\x80\xe1\x85\xa1", /* Hangul to compose */
    "roses",
    "\xe2\x96\x81", /* the mark for a space */
    "\xe4\xbd\xa0",
    "1",
    "\xff",
    "\xff a",
    "<|endoftext|",
    "<mask> ",
    "<mask>  \t",
};

static void long_texts_take_no_quadratic_time(void **state)
{
    (void)state;
    static const char *const names[] = {"neox",   "llama3",    "gptoss",   "deepseek", "llama2_old",
                                        "gemma3", "metaspace", "dropping", "behaviors"};
    token_list l = {0};
    str text = {0};
    for (size_t k = 0; k < COUNT_OF(names); k++) {
        tokenizer *t = open_tokenizer_fixture(names[k]);
        for (size_t i = 0; i < COUNT_OF(patterns); i++) {
            str_clear(&text);
            while (text.len < N)
                str_add(&text, patterns[i]);
            str_add(&text, i % 2 ? "b" : ""); /* what follows a run decides how it ends */
            encode(&l, t, text.data, text.len);
            check_cover(&l, text.len);
        }
        tokenizer_free(t);
    }
    str_release(&text);
    token_list_release(&l);
}

/* Spaces that each of many tokens takes. */
static void blanks_are_walked_once(void **state)
{
    (void)state;
    static const char JSON[] =
        "{\"added_tokens\":[{\"id\":1,\"content\":\"  \",\"rstrip\":true,\"lstrip\":true},"
        "{\"id\":2,\"content\":\"\\t\",\"single_word\":true,\"lstrip\":true}],"
        "\"model\":{\"vocab\":{\"a\":0},\"merges\":[]}}";
    tokenizer *t;
    err e = {0};
    token_list l = {0};
    str text = {0};
    if (tokenizer_parse(&t, JSON, sizeof JSON - 1, "tokenizer.json", &e))
        fail_msg("%s", e.text);
    for (int i = 0; i < N; i++)
        str_add_char(&text, i % 3 == 2 ? '\t' : ' ');
    for (int i = 0; i < N; i++)
        str_add_char(&text, ' ');
    encode(&l, t, text.data, text.len);
    check_cover(&l, text.len);
    assert_true(l.n > N / 3);
    str_release(&text);
    token_list_release(&l);
    tokenizer_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_texts_take_no_quadratic_time),
        cmocka_unit_test(blanks_are_walked_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
