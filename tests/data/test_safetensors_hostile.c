/* What the reference parser of safetensors rejects, ours rejects, and more: the tricks of files in
 * the wild and of its own tests, one row each. The same on some 100,000 changed files is
 * tests/parity/fuzz_safetensors.py. */
#include "test.h"
#include "base/memory.h"
#include "data/common.h"
#include "data/common_tensors.h"
#include <stdlib.h>
#include <string.h>

/* Length, header and n_data zero bytes, as a file would hold them. */
static void build(str *out, const char *header, size_t n_data)
{
    uint64_t length = strlen(header);
    str_clear(out);
    str_add_bytes(out, &length, sizeof length);
    str_add(out, header);
    for (size_t i = 0; i < n_data; i++)
        str_add_char(out, '\0');
}

#define ENTRY(dtype, shape, offsets)                                                               \
    "\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets
#define W(dtype, shape, offsets) "{\"w\":{" ENTRY(dtype, shape, offsets) "}}"

static const struct {
    const char *header;
    size_t n_data;
    const char *said; /* NULL: this one is legal */
} headers[] = {
    {W("F32", "[2]", "[0,8]"), 8, NULL},
    {"  " W("F32", "[2]", "[0,8]") "   ", 8, NULL}, /* blanks around */
    {"{\"w\":{\"x\":1," ENTRY("F32", "[2]", "[0,8]") "}}", 8,
     NULL}, /* unknown members are skipped */
    {"{}", 0, NULL},
    {W("F32", "[0]", "[0,0]"), 0, NULL}, /* an empty tensor */
    {W("F4", "[4]", "[0,2]"), 2, NULL},  /* half bytes that fill whole ones */
    {"{\"__metadata__\":{\"a\":\"b\"}}", 0, NULL},
    {"[]", 0, "not a JSON object"},
    {"", 0, "f"},
    {"{", 0, "f"},
    {W("F32", "[2]", "[0,8]") "x", 8, "f"},             /* trailing garbage */
    {W("F32", "[2]", "[0,8]"), 7, "bytes 0 to 8 of 7"}, /* truncated */
    {W("F32", "[2]", "[0,8]"), 9, "end at byte 8"},     /* trailing bytes: two files in one */
    {W("F32", "[2]", "[0,12]"), 12, "do not fill"},     /* more place than elements */
    {W("F32", "[2]", "[8,0]"), 8, "bytes 8 to 0"},      /* end before begin */
    {W("F32", "[2]", "[0,-1]"), 8, "data_offsets"},
    {W("F32", "[2]", "[0,18446744073709551615]"), 8, "data_offsets"}, /* wraps when 8 is added */
    {W("F32", "[2]", "[0.5,8]"), 8, "data_offsets"},
    {W("F32", "[2]", "[0,8,8]"), 8, "data_offsets"},
    {W("F32", "[2]", "[0]"), 8, "data_offsets"},
    {W("F32", "[2]", "\"08\""), 8, "data_offsets"},
    {"{\"w\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "data_offsets"},
    {"{\"w\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "dtype"},
    {"{\"w\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, "shape"},
    {"{\"w\":[0,8]}", 8, "w"},
    {"{\"w\":null}", 8, "w"},
    {W("F32", "[-2]", "[0,8]"), 8, "size 0"},
    {W("F32", "[2,null]", "[0,8]"), 8, "size 1"},
    {W("F32", "[\"2\"]", "[0,8]"), 8, "size 0"},
    {W("F32", "2", "[0,8]"), 8, "not a list"},
    {W("F32", "[9007199254740992,9007199254740992]", "[0,8]"), 8, "overflows"},
    {W("F32", "[4503599627370496,1024]", "[0,8]"), 8, "overflows"}, /* times 32 bits: 0 mod 2^64 */
    {W("F32", "[1,1,1,1,1,1,1,1,2]", "[0,8]"), 8, "dimensions"},
    {W("F4", "[3]", "[0,2]"), 2, "do not fill"}, /* 12 bits are no whole bytes */
    {W("F\\u001b[2J", "[2]", "[0,8]"), 8, "none that safetensors has"}, /* a terminal's escape */
    {"{\"a\":{" ENTRY("U8", "[4]", "[0,4]") "},\"b\":{" ENTRY("U8", "[4]", "[2,6]") "}}", 6,
     "overlap"},
    {"{\"a\":{" ENTRY("U8", "[4]", "[0,4]") "},\"b\":{" ENTRY("U8", "[4]", "[0,4]") "}}", 4,
     "overlap"},
    {"{\"a\":{" ENTRY("U8", "[4]", "[0,4]") "},\"b\":{" ENTRY("U8", "[4]", "[5,9]") "}}", 9,
     "hole"},
    {W("U8", "[4]", "[1,5]"), 5, "hole"}, /* does not start at 0 */
    {"{\"w\":{" ENTRY("U8", "[1]", "[0,1]") "},\"w\":{" ENTRY("U8", "[0]", "[1,1]") "}}", 1,
     "twice"},
    {"{\"\":{" ENTRY("U8", "[1]", "[0,1]") "}}", 1, "name"},
    {"{\"a\\u0000b\":{" ENTRY("U8", "[1]", "[0,1]") "}}", 1, "NUL"},
    {"{\"a\\u001bb\":{" ENTRY("U8", "[1]", "[0,1]") "}}", 1, "control character"},
    {"{\"\xff\":{" ENTRY("U8", "[1]", "[0,1]") "}}", 1, "UTF-8"},
    {"{\"\\ud800\":{" ENTRY("U8", "[1]", "[0,1]") "}}", 1, "f"}, /* half a surrogate pair */
    {"{\"__metadata__\":[]}", 0, "__metadata__"},
    {"{\"__metadata__\":{\"a\":1}}", 0, "__metadata__"},
    {W("F128", "[2]", "[0,32]"), 32, "none that safetensors has"},
    {W("f32", "[2]", "[0,8]"), 8, "none that safetensors has"},
    {W("F32\\u0000", "[2]", "[0,8]"), 8, "NUL"},
    {"{\"w\":{\"dtype\":32,\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "not a string"},
    {W("F32", "[2.0]", "[0,8]"), 8, "not plain digits"},
    {W("F32", "[2e0]", "[0,8]"), 8, "not plain digits"},
    {W("F32", "[2E0]", "[0,8]"), 8, "not plain digits"},
    {W("F32", "[2]", "[-0,8]"), 8, "not plain digits"},
    {W("F32", "[02]", "[0,8]"), 8, "not a JSON number"},
    {W("F32", "[2.]", "[0,8]"), 8, "not a JSON number"},
    {W("F32", "[+2]", "[0,8]"), 8, "not valid JSON"},
    {W("F32", "[0x2]", "[0,8]"), 8, "not valid JSON"},
    {W("F32", "[2,]", "[0,8]"), 8, "not valid JSON"},
    {W("F32", "[18446744073709551614]", "[0,8]"), 8, "size 0"},  /* 2^64 - 2 */
    {W("F32", "[9223372036854775807]", "[0,8]"), 8, "size 0"},   /* 2^63 - 1 */
    {W("F32", "[4611686018427387904,0]", "[0,0]"), 0, "size 0"}, /* 2^62, though times 0 */
    {W("F32", "[9007199254740993]", "[0,8]"), 8, "do not fill"},
    {W("U8", "[1]", "[9007199254740992,9007199254740993]"), 1, "w"},
    {"\xef\xbb\xbf" W("F32", "[2]", "[0,8]"), 8, "only in strings"}, /* a byte order mark */
    {"\x01" W("F32", "[2]", "[0,8]"), 8, "control character"},
    {W("F32",
       "[\x0b"
       "2]",
       "[0,8]"),
     8, "control character"},
    {W("F32", "[2]", "[0,8]") "\x01", 8, "control character"},
    {"{\"a\nb\":{" ENTRY("U8", "[1]", "[0,1]") "}}", 1, "control character"}, /* not escaped */
    {"{\"w\":{" ENTRY("F32", "[2]", "[0,8]") ",\"dtype\":\"F32\"}}", 8, "twice"},
    {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "twice"},
    {"{\"__metadata__\":{\"a\":null}}", 0, "__metadata__"},
    {"{\"__metadata__\":null}", 0, "__metadata__"},
    {"null", 0, "not a JSON object"},
    {"{}{}", 0, "not valid JSON"},
    {"{\"w\":{" ENTRY("F32", "[2]", "[0,8]") "}", 8, "not valid JSON"},
};

static void hostile_headers_are_refused(void **state)
{
    (void)state;
    str file = {0};
    for (size_t i = 0; i < COUNT_OF(headers); i++) {
        err e = {0};
        build(&file, headers[i].header, headers[i].n_data);
        err_code code = parse_tensors(file.data, file.len, &e);
        if (!headers[i].said && code)
            fail_msg("%s: %s", headers[i].header, e.text);
        if (headers[i].said && !code)
            fail_msg("%s: taken", headers[i].header);
        if (headers[i].said)
            check_err(&e, E_FORMAT, headers[i].said);
    }
    str_release(&file);
}

static void hostile_lengths_are_refused(void **state)
{
    (void)state;
    static const uint64_t lengths[] = {
        3, 100, (uint64_t)1 << 31, (uint64_t)1 << 63, UINT64_MAX - 7, UINT64_MAX};
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        char file[10];
        memcpy(file, &lengths[i], sizeof lengths[i]);
        memcpy(file + 8, "{}", 2);
        err e = {0};
        parse_tensors(file, sizeof file, &e);
        check_err(&e, E_FORMAT, "truncated or not a safetensors file");
    }
}

static void many_entries_take_no_quadratic_time(void **state)
{
    (void)state;
    str header = {0}, file = {0};
    err e = {0};
    str_add(&header, "{");
    for (int i = 0; i < 60000; i++) /* the "abuse" pattern: all claim the same bytes */
        str_addf(&header, "%s\"t%d\":{" ENTRY("U8", "[16]", "[0,16]") "}", i ? "," : "", i);
    str_add(&header, "}");
    build(&file, header.data, 16);
    parse_tensors(file.data, file.len, &e);
    check_err(&e, E_FORMAT, "overlap");
    str_clear(&header);
    for (int i = 0; i < 100000; i++)
        str_add_char(&header, '[');
    build(&file, header.data, 0);
    parse_tensors(file.data, file.len, &e);
    check_err(&e, E_FORMAT, "deeper");
    str_release(&header);
    str_release(&file);
}

static void every_truncation_fails_and_no_flip_crashes(void **state)
{
    (void)state;
    static const char *const names[] = {"floats.safetensors", "mixed.safetensors"};
    str file = {0};
    for (size_t f = 0; f < COUNT_OF(names); f++) {
        read_fixture(&file, names[f]);
        err e = {0};
        assert_int_equal(parse_tensors(file.data, file.len, &e), OK);
        for (size_t n = 0; n < file.len; n++)
            assert_int_equal(parse_tensors(file.data, n, &e), E_FORMAT);
        int refused = 0;
        for (size_t bit = 0; bit < 8 * file.len; bit++) {
            file.data[bit / 8] ^= (char)(1 << bit % 8);
            refused += parse_tensors(file.data, file.len, &e) != OK;
            file.data[bit / 8] ^= (char)(1 << bit % 8);
        }
        assert_true(refused > 1000);
    }
    str_release(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_headers_are_refused),
        cmocka_unit_test(hostile_lengths_are_refused),
        cmocka_unit_test(many_entries_take_no_quadratic_time),
        cmocka_unit_test(every_truncation_fails_and_no_flip_crashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
