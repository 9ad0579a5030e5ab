/* SHA-256 against the vectors of FIPS 180-4's examples and NIST's CAVS files. */
#include "test.h"
#include "base/memory.h"
#include "base/sha256.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text, *hex;
} vectors[] = {
    /* the empty message: one block that is all padding */
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    /* 56 bytes: the length no longer fits the block, a second one follows */
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    /* 112 bytes: two blocks and the padding */
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
     "lmnopqrsmnopqrstnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};

static void known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        char hex[SHA256_HEX];
        sha256_of(hex, vectors[i].text, strlen(vectors[i].text));
        assert_string_equal(hex, vectors[i].hex);
    }
}

static void a_million_letters(void **state)
{
    (void)state;
    char letters[1000], hex[SHA256_HEX];
    sha256 s;
    memset(letters, 'a', sizeof letters);
    sha256_start(&s);
    for (int i = 0; i < 1000; i++)
        sha256_add(&s, letters, sizeof letters);
    sha256_finish(&s, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* The digest must not depend on how the message was cut: every cut of a 130-byte message. */
static void any_cut_gives_the_same(void **state)
{
    (void)state;
    unsigned char message[130];
    char whole[SHA256_HEX], parts[SHA256_HEX];
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (unsigned char)(i * 7);
    sha256_of(whole, message, sizeof message);
    for (size_t cut = 0; cut <= sizeof message; cut++) {
        sha256 s;
        sha256_start(&s);
        sha256_add(&s, message, cut);
        sha256_add(&s, message + cut, 0);
        sha256_add(&s, message + cut, sizeof message - cut);
        sha256_finish(&s, parts);
        assert_string_equal(parts, whole);
    }
}

static void of_a_file(void **state)
{
    (void)state;
    char path[] = "/tmp/saeinv_sha256_XXXXXX", hex[SHA256_HEX];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *f = fdopen(fd, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite("abc", 1, 3, f), 3);
    assert_int_equal(fclose(f), 0);
    err e = {0};
    assert_int_equal(sha256_of_file(hex, path, &e), OK);
    assert_string_equal(hex, vectors[1].hex);
    remove(path);
    assert_int_equal(sha256_of_file(hex, path, &e), E_IO);
    assert_non_null(strstr(e.text, path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(a_million_letters),
        cmocka_unit_test(any_cut_gives_the_same),
        cmocka_unit_test(of_a_file),
    };
    return cmocka_run_group_tests_name("sha256", tests, NULL, NULL);
}
