/* SHA-1 on the standard's own examples, and git's names of files. */
#include "test.h"
#include "hub/sha1.h"
#include "base/memory.h"
#include <string.h>

static void standard_examples(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hex;
    } cases[] = {
        /* FIPS 180's two, the empty message, and what `git hash-object` says of an empty file. */
        {"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
        {"", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
    };
    char hex[SHA1_HEX];
    sha1 s;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        sha1_start(&s);
        sha1_add(&s, cases[i].text, strlen(cases[i].text));
        sha1_finish(&s, hex);
        assert_string_equal(hex, cases[i].hex);
    }
    sha1_start(&s);
    sha1_add(&s, "blob 0", 7);
    sha1_finish(&s, hex);
    assert_string_equal(hex, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
}

/* A million times "a", in pieces of every length around the block's. */
static void any_pieces(void **state)
{
    (void)state;
    char piece[200], hex[SHA1_HEX];
    memset(piece, 'a', sizeof piece);
    sha1 s;
    sha1_start(&s);
    size_t done = 0;
    for (size_t n = 1; done < 1000000; n = n % sizeof piece + 1) {
        size_t take = n < 1000000 - done ? n : 1000000 - done;
        sha1_add(&s, piece, take);
        done += take;
    }
    sha1_finish(&s, hex);
    assert_string_equal(hex, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(standard_examples),
        cmocka_unit_test(any_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
