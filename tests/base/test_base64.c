/* Base64: the vectors of RFC 4648, section 10, and bytes above 0x7F. */
#include "test.h"
#include "base/base64.h"
#include "base/memory.h"
#include <string.h>

static void known_vectors(void **state)
{
    (void)state;
    static const char *const vectors[][2] = {{"", ""},
                                             {"f", "Zg=="},
                                             {"fo", "Zm8="},
                                             {"foo", "Zm9v"},
                                             {"foob", "Zm9vYg=="},
                                             {"fooba", "Zm9vYmE="},
                                             {"foobar", "Zm9vYmFy"},
                                             {"\xFF\xFE\xFB", "//77"}};
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        str out = {0};
        base64_add(&out, vectors[i][0], strlen(vectors[i][0]));
        assert_string_equal(str_text(&out), vectors[i][1]);
        str_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(known_vectors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
