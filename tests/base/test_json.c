/* JSON in: what is refused, where the error points, what members give. JSON out: the layout. */
#include "test.h"
#include "base/common.h"
#include "base/json.h"
#include "base/memory.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text;
    const char *says; /* part of the message; NULL: it is valid */
} documents[] = {
    {"{\"a\": 1}", NULL},
    {" [1, -2.5e3, \"x\", true, null, {}] \n", NULL},
    {"\"text\"", NULL},
    {"{\"a\": 1, \"A\": 2}", NULL}, /* keys differ in case: two keys */
    {"[{\"a\": 1}, {\"a\": 2}]", NULL},
    {"\"\\u00e9\\ud83d\\ude00\"", NULL}, /* a surrogate pair */
    {"\"\\\\u0000\"", NULL},             /* a backslash, then text: not an escape */
    {"[0, -0, 10, 0.5, -1.25E+2, 1e-2, 1e05]", NULL},
    {"\t\r\n1", NULL},
    {"", "line 1, column 1"},
    {"[01]", "not a JSON number"},
    {"[-01]", "not a JSON number"},
    {"[1.]", "not a JSON number"},
    {"[1.e5]", "not a JSON number"},
    {"[-.5]", "not a JSON number"},
    {"[-]", "not a JSON number"},
    {"[1e]", "not a JSON number"},
    {"[1e+]", "not a JSON number"},
    {"1.", "not a JSON number"},
    {"-", "not a JSON number"},
    {"[+1]", "not valid JSON"},
    {"[.5]", "not valid JSON"},
    {"[1\f]", "control character"}, /* blanks for cJSON */
    {"\x01[1]", "control character"},
    {"\"a\tb\"", "not escaped"},
    {"\xEF\xBB\xBF[1]", "line 1, column 1"}, /* a byte order mark */
    {"   ", "not valid JSON"},
    {"{", "not valid JSON"},
    {"{\"a\": }", "line 1"},
    {"{\"a\": 1}\n{\"b\": 2}", "line 2"}, /* a second document */
    {"[1] x", "line 1, column 5"},
    {"[1,\n 2,\n x]", "line 3, column 2"},
    {"{\"a\": 1, \"b\": 2, \"a\": 3}", "\"a\""}, /* the same key twice */
    {"{\"x\": {\"b\": 1, \"b\": 1}}", "\"b\""},  /* also deep inside */
    {"{a: 1}", "not valid JSON"},
    {"{'a': 1}", "not valid JSON"},
    {"[NaN]", "not valid JSON"},
    {"[Infinity]", "not valid JSON"},
    {"[1, 2", "not valid JSON"},
    {"\"open", "not valid JSON"},
    {"\"\\", "not valid JSON"},
    {"\"\\q\"", "not valid JSON"},
    {"\"\\u12", "not valid JSON"},
    {"\"\\u12g4\"", "not valid JSON"},
    {"\"\\u001[b\"", "not valid JSON"}, /* NUL for cJSON */
    {"\"\\ud83d\\u00\"", "not valid JSON"},
    {"\"\\ud800\"", "not valid JSON"}, /* a surrogate alone */
    {"\"a\\u0000b\"", "NUL"},          /* would cut the string short */
    {"{\"\\u0000\": 1}", "NUL"},
    {"\"\xC3\"", "UTF-8"},
    {"\"\xC0\xAF\"", "UTF-8"},     /* overlong slash */
    {"\"\xED\xA0\x80\"", "UTF-8"}, /* surrogate as bytes */
    {"[1,\n\"\xFF\"]", "line 2, column 2"},
};

static void documents_are_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(documents); i++) {
        size_t n = strlen(documents[i].text);
        char *exact = malloc(n ? n : 1); /* no NUL behind: ASan sees any read beyond */
        assert_non_null(exact);
        memcpy(exact, documents[i].text, n);
        err e = {0};
        cJSON *tree = NULL;
        err_code rc = json_parse(&tree, exact, n, "cfg.json", &e);
        free(exact);
        if (!documents[i].says) {
            assert_int_equal(rc, OK);
            assert_non_null(tree);
        } else {
            if (rc != E_FORMAT || !strstr(e.text, documents[i].says) || !strstr(e.text, "cfg.json"))
                fail_msg("%s gave %d, %s", documents[i].text, (int)rc, e.text);
            assert_null(tree);
        }
        cJSON_Delete(tree);
    }
}

static void nul_bytes_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"[1]\0[2]", "\"a\0b\"  ", "\0[1]   ", "\"\\\0\"   "};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        err e = {0};
        cJSON *tree = NULL;
        assert_int_equal(json_parse(&tree, texts[i], 7, "x", &e), E_FORMAT);
        assert_null(tree);
    }
}

static void depth_is_limited(void **state)
{
    (void)state;
    static const struct {
        int depth;
        err_code rc;
    } rows[] = {{64, OK}, {65, E_FORMAT}, {1000000, E_FORMAT}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        str text = {0};
        err e = {0};
        cJSON *tree = NULL;
        for (int d = 0; d < rows[i].depth; d++)
            str_add(&text, d % 2 ? "{\"k\":" : "[");
        str_add(&text, "\"[[[[{{{{\""); /* brackets in strings do not count */
        for (int d = rows[i].depth; d-- > 0;)
            str_add(&text, d % 2 ? "}" : "]");
        assert_int_equal(json_parse(&tree, text.data, text.len, "deep", &e), rows[i].rc);
        cJSON_Delete(tree);
        str_release(&text);
    }
}

/* Any cut and any changed byte of a document: parsed or refused, never a crash (ASan). */
static void mutated_documents(void **state)
{
    (void)state;
    static const char text[] =
        "{\"w\": [1.5e-3, -0], \"s\": \"\\u00e9\\n\xC3\xA9\", \"b\": {\"t\": true}}";
    size_t n = sizeof text - 1;
    for (size_t at = 0; at < n; at++)
        for (int to = 0; to < 256; to++) {
            char *copy = malloc(n);
            assert_non_null(copy);
            memcpy(copy, text, n);
            copy[at] = (char)to;
            err e = {0};
            cJSON *tree = NULL;
            size_t length = to == 0 ? at : n; /* row 0 cuts instead */
            if (json_parse(&tree, copy, length, "m", &e)) {
                assert_null(tree);
                assert_int_equal(e.code, E_FORMAT);
            }
            cJSON_Delete(tree);
            free(copy);
        }
}

static void files_are_read(void **state)
{
    (void)state;
    err e = {0};
    cJSON *tree = NULL;
    const char *path = scratch("file.json");
    put_file(path, "{\"a\": 7}", 8);
    assert_int_equal(json_read(&tree, path, 8, &e), OK);
    cJSON_Delete(tree);
    assert_int_equal(json_read(&tree, path, 7, &e), E_FORMAT); /* over the limit */
    assert_null(tree);
    put_file(path, "{\"a\" 7}", 7);
    assert_int_equal(json_read(&tree, path, 100, &e), E_FORMAT);
    assert_non_null(strstr(e.text, path));
    assert_int_equal(json_read(&tree, scratch("none.json"), 100, &e), E_IO);
}

/* Each member asked for as each type: exactly its own type works, and the message says what is
 * there instead. */
static void members_have_one_type(void **state)
{
    (void)state;
    static const char text[] = "{\"i\": -3, \"d\": 0.5, \"b\": true, \"s\": \"x\", \"z\": null,"
                               "\"a\": [], \"o\": {}, \"huge\": 1e999, \"big\": 9007199254740994}";
    static const struct {
        const char *key;
        bool is_int, is_double, is_bool, is_string;
    } rows[] = {
        {"i", true, true, false, false},      {"d", false, true, false, false},
        {"b", false, false, true, false},     {"s", false, false, false, true},
        {"z", false, false, false, false},    {"a", false, false, false, false},
        {"o", false, false, false, false},    {"missing", false, false, false, false},
        {"I", false, false, false, false},    /* another key than i */
        {"huge", false, false, false, false}, /* becomes infinite */
        {"big", false, true, false, false}, /* 2^53 + 2: a double may have skipped the true value */
    };
    err e = {0};
    cJSON *tree = NULL;
    assert_int_equal(json_parse(&tree, text, sizeof text - 1, "t", &e), OK);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *key = rows[i].key, *s = NULL;
        int64_t whole = 0;
        double real = 0;
        bool yes = false;
        assert_int_equal(json_int(&whole, tree, key, "t", &e) == OK, rows[i].is_int);
        assert_int_equal(json_double(&real, tree, key, "t", &e) == OK, rows[i].is_double);
        assert_int_equal(json_bool(&yes, tree, key, "t", &e) == OK, rows[i].is_bool);
        e = (err){0};
        assert_int_equal(json_string(&s, tree, key, "the SAE's cfg.json", &e) == OK,
                         rows[i].is_string);
        if (!rows[i].is_string) {
            assert_int_equal(e.code, E_FORMAT);
            assert_non_null(strstr(e.text, "the SAE's cfg.json"));
            assert_non_null(strstr(e.text, key));
        }
    }
    int64_t whole;
    double real;
    assert_int_equal(json_int(&whole, tree, "i", "t", &e), OK);
    assert_true(whole == -3);
    assert_int_equal(json_double(&real, tree, "d", "t", &e), OK);
    assert_true(real == 0.5);
    assert_null(json_member(tree, "missing"));
    cJSON_Delete(tree);
}

static void printed_layout(void **state)
{
    (void)state;
    cJSON *tree = cJSON_CreateObject();
    json_add_string(tree, "text", "tab\t quote\" slash\\ line\n bell\a \xC3\xA9 </script>");
    json_add_number(tree, "third", 1.0 / 3);
    json_add_number(tree, "nan", (double)NAN);
    json_add_number(tree, "zero", -0.0);
    json_add_bool(tree, "yes", true);
    cJSON *array = json_add_array(tree, "scalars");
    for (int i = 0; i < 3; i++)
        cJSON_AddItemToArray(array, json_number(i));
    json_add_number(json_add_object(tree, "inner"), "x", (double)INFINITY);
    json_add_object(tree, "empty");
    json_add_array(tree, "none");
    cJSON *rows = json_add_array(tree, "rows");
    json_add_number(json_add_object(rows, ""), "a", 1);
    json_add_object(rows, "");

    str out = {0};
    json_print(&out, tree);
    assert_string_equal(
        out.data,
        "{\n"
        "  \"text\": \"tab\\t quote\\\" slash\\\\ line\\n bell\\u0007 \xC3\xA9 </script>\",\n"
        "  \"third\": 0.333333,\n"
        "  \"nan\": null,\n"
        "  \"zero\": 0,\n"
        "  \"yes\": true,\n"
        "  \"scalars\": [0, 1, 2],\n"
        "  \"inner\": {\n"
        "    \"x\": null\n"
        "  },\n"
        "  \"empty\": {},\n"
        "  \"none\": [],\n"
        "  \"rows\": [\n"
        "    {\n"
        "      \"a\": 1\n"
        "    },\n"
        "    {}\n"
        "  ]\n"
        "}\n");
    /* Read back and printed again: the same bytes. */
    err e = {0};
    cJSON *again = NULL;
    str second = {0};
    const char *path = scratch("out.json");
    assert_int_equal(json_write(path, tree, &e), OK);
    assert_true(file_is(path, out.data, out.len));
    assert_int_equal(json_read(&again, path, 10000, &e), OK);
    json_print(&second, again);
    assert_string_equal(second.data, out.data);
    cJSON_Delete(again);
    cJSON_Delete(tree);
    str_release(&second);
    str_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_judged), cmocka_unit_test(nul_bytes_are_refused),
        cmocka_unit_test(depth_is_limited),     cmocka_unit_test(mutated_documents),
        cmocka_unit_test(files_are_read),       cmocka_unit_test(members_have_one_type),
        cmocka_unit_test(printed_layout),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, scratch_remove);
}
