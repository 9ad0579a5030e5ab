/* The byte alphabet of GPT-2. */
#include "test.h"
#include "base/memory.h"
#include "data/bytelevel.h"
#include <string.h>

static void known_characters(void **state)
{
    (void)state;
    static const struct {
        unsigned char byte;
        uint32_t code;
    } rows[] = {
        {'!', '!'},    {'~', '~'},    {0xa1, 0xa1},  {0xac, 0xac},  {0xae, 0xae},
        {0xff, 0xff},  {0, 0x100},    {'\n', 0x10a}, {' ', 0x120},  /* the first stand-ins, in order
                                                                     */
        {0x7f, 0x121}, {0x80, 0x122}, {0xa0, 0x142}, {0xad, 0x143}, /* the last: the soft hyphen in
                                                                       the middle of Latin-1 */
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(bytelevel_char(rows[i].byte), rows[i].code);
        assert_int_equal(bytelevel_byte(rows[i].code), rows[i].byte);
    }
    static const uint32_t outside[] = {0, ' ', '\n', 0x7f, 0xa0, 0xad, 0x144, 0x4e2d, 0x10ffff};
    for (size_t i = 0; i < COUNT_OF(outside); i++)
        assert_int_equal(bytelevel_byte(outside[i]), -1);
}

static void every_byte_there_and_back(void **state)
{
    (void)state;
    unsigned char all[256], back[512];
    for (int i = 0; i < 256; i++) {
        all[i] = (unsigned char)i;
        for (int j = 0; j < i; j++)
            assert_int_not_equal(bytelevel_char((unsigned char)i),
                                 bytelevel_char((unsigned char)j));
    }
    str spelled = {0};
    size_t n;
    bytelevel_spell(&spelled, all, sizeof all);
    assert_true(utf8_valid(spelled.data, spelled.len));
    assert_true(bytelevel_read(back, &n, spelled.data, spelled.len));
    assert_int_equal(n, 256);
    assert_memory_equal(back, all, 256);
    str_add(&spelled, " ");
    assert_false(bytelevel_read(back, &n, spelled.data, spelled.len));
    str_release(&spelled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_characters),
        cmocka_unit_test(every_byte_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
