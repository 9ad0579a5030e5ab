/* Pickles as data: values come out as they went in, calls stay records, and whatever is not needed
 * for saved tensors is refused. */
#include "test.h"
#include "base/memory.h"
#include "data/common.h"
#include "data/common_pickle.h"
#include "data/pickle.h"
#include <stdlib.h>
#include <string.h>

static const char *const known[] = {"collections.OrderedDict", "torch.FloatStorage"};

static int lookup(const char *name)
{
    for (int i = 0; i < (int)COUNT_OF(known); i++)
        if (strcmp(known[i], name) == 0)
            return i;
    return -1;
}

/* The value as Python would print it, calls as NUMBER(arguments){pairs}. */
static void show(str *out, const pickle_value *v, int depth)
{
    static const char *const brackets[] = {
        [PICKLE_TUPLE] = "()", [PICKLE_LIST] = "[]", [PICKLE_PERSISTENT] = "<>"};
    switch (v->kind) {
    case PICKLE_NONE:
        str_add(out, "None");
        return;
    case PICKLE_BOOL:
        str_add(out, v->integer ? "True" : "False");
        return;
    case PICKLE_INT:
        str_addf(out, "%lld", (long long)v->integer);
        return;
    case PICKLE_FLOAT:
        str_addf(out, "%g", v->real);
        return;
    case PICKLE_TEXT:
        str_addf(out, "'%.*s'", (int)v->length, v->text);
        return;
    case PICKLE_GLOBAL:
        str_addf(out, "%lld", (long long)v->integer);
        return;
    default:
        break;
    }
    const pickle_object *o = v->object;
    if (depth > 4) {
        str_add(out, "...");
        return;
    }
    if (v->kind == PICKLE_CALL)
        str_addf(out, "%lld", (long long)o->called);
    const char *b = v->kind == PICKLE_CALL || v->kind == PICKLE_DICT ? "()" : brackets[v->kind];
    if (v->kind != PICKLE_DICT) {
        str_add_char(out, b[0]);
        for (size_t i = 0; i < o->items.n; i++) {
            str_add(out, i ? ", " : "");
            show(out, &o->items.data[i], depth + 1);
        }
        str_add_char(out, b[1]);
    }
    if (v->kind == PICKLE_DICT || o->pairs.n) {
        str_add_char(out, '{');
        for (size_t i = 0; i < o->pairs.n; i++) {
            str_add(out, i == 0 ? "" : i % 2 ? ": " : ", ");
            show(out, &o->pairs.data[i], depth + 1);
        }
        str_add_char(out, '}');
    }
    str_add(out, o->has_state ? "+state" : "");
}

/* Parses an exact copy; *shown is the value or stays empty. */
static err_code parse(str *shown, const void *data, size_t n, err *e)
{
    unsigned char *copy = malloc(n + 1);
    assert_non_null(copy);
    if (n)
        memcpy(copy + 1, data, n);
    arena memory = {0};
    pickle_value value;
    str_clear(shown);
    err_code rc = pickle_parse(&value, copy + 1, n, lookup, "f", &memory, e);
    if (!rc)
        show(shown, &value, 0);
    arena_release(&memory);
    free(copy);
    return rc;
}

static const struct {
    const char *words, *value;
} good[] = {
    {"P N .", "None"},
    {"N .", "None"}, /* protocol 0 and 1 say nothing */
    {"P T .", "True"},
    {"P -7 .", "-7"},
    {"P 255 .", "255"},
    {"P M x34 x12 .", "4660"},
    {"P 1099511627776 .", "1099511627776"},
    {"P -1099511627776 .", "-1099511627776"},
    {"P x8a x00 .", "0"},
    {"P x8a x01 xff .", "-1"},
    {"P x8a x02 xff x00 .", "255"},
    {"P 0.25 .", "0.25"},
    {"P 'abc' .", "'abc'"},
    {"P '' .", "''"},
    {"P ) .", "()"},
    {"P 1 t1 .", "(1)"},
    {"P 1 2 3 t3 .", "(1, 2, 3)"},
    {"P ( 1 2 3 4 t .", "(1, 2, 3, 4)"},
    {"P ( t .", "()"},
    {"P ] 1 a ( 2 ) e .", "[1, 2, ()]"},
    {"P ] ( e .", "[]"},
    {"P } 'a' 1 s ( 'b' 2 'c' N u .", "{'a': 1, 'b': 2, 'c': None}"},
    {"P collections:OrderedDict ) R ( 'a' 1 u .", "0(){'a': 1}"},
    {"P collections:OrderedDict ) R } b .", "0()+state"},
    {"P ( 'storage' torch:FloatStorage t Q .", "<'storage', 1>"},
    {"P 'a' q0 h0 t2 .", "('a', 'a')"},
    {"P 'a' r x00 x00 x00 x00 j x00 x00 x00 x00 t2 .", "('a', 'a')"},
    {"P ( 'a' q0 'b' q0 h0 t .", "('a', 'b', 'b')"},
    {"P ] q0 h0 a .", "[[[[[...]]]]]"}, /* a list that holds itself is a value like any other */
    {"P ] q0 h0 t2 .", "([], [])"},
    {"P ] q0 h0 1 a t2 .", "([1], [1])"}, /* shared, not copied */
};

static void values_come_out_as_they_went_in(void **state)
{
    (void)state;
    str pickle = {0}, shown = {0};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        err e = {0};
        pickle_build(&pickle, good[i].words);
        if (parse(&shown, pickle.data, pickle.len, &e))
            fail_msg("%s: %s", good[i].words, e.text);
        if (strcmp(str_text(&shown), good[i].value) != 0)
            fail_msg("%s: %s, not %s", good[i].words, str_text(&shown), good[i].value);
    }
    str_release(&pickle);
    str_release(&shown);
}

static const struct {
    const char *words, *said;
} bad[] = {
    {"", "no end"},
    {"P", "no end"},
    {"P .", "left over"},
    {"P N N .", "left over"},
    {"P N . N", "left over"},
    {"P N ( .", "left over"},
    {"x80 x04 N .", "protocol 2"},
    {"P x95", "opcode 0x95"}, /* FRAME of protocol 4 */
    {"P os:system 'true' t1 R .", "refuses to run os.system"},
    {"P os:system .", "refuses to run os.system"}, /* even when nothing calls it */
    {"P builtins:eval .", "refuses to run builtins.eval"},
    {"P collections:OrderedDict.__init__ .", "refuses to run collections.OrderedDict.__init__"},
    {"P c x1b [ 2 J x0a a x0a .", "without a proper name"}, /* a terminal's escape */
    {"P c o s x0a", "without a proper name"},
    {"P c x0a x0a .", "without a proper name"},
    {"P c", "without a proper name"},
    {"P i", "opcode 0x69"},   /* INST calls, too */
    {"P o", "opcode 0x6f"},   /* OBJ */
    {"P x81", "opcode 0x81"}, /* NEWOBJ */
    {"P x92", "opcode 0x92"}, /* NEWOBJ_EX */
    {"P x93", "opcode 0x93"}, /* STACK_GLOBAL */
    {"P x82", "opcode 0x82"}, /* EXT1: a name from the registry of extensions */
    {"P x97", "opcode 0x97"}, /* NEXT_BUFFER */
    {"P ) R .", "a call without"},
    {"P 'x' ) R .", "a call without"},
    {"P collections:OrderedDict ] R .", "a call without"},
    {"P R", "a call without"},
    {"P ( R", "a call without"},
    {"P collections:OrderedDict ( ) R", "a call without"}, /* reaches below the mark */
    {"P 'x' Q .", "persistent id"},
    {"P Q .", "persistent id"},
    {"P } } b .", "not the result of a call"},
    {"P b", "not the result of a call"},
    {"P 1 t2 .", "stack is empty"},
    {"P t3 .", "stack is empty"},
    {"P t .", "no mark"},
    {"P u .", "no mark"},
    {"P ( u .", "stack is empty"},
    {"P } ( 'a' u .", "does not take them"}, /* a key without its value */
    {"P ] ( 'a' 1 u .", "does not take them"},
    {"P ] 'a' 1 s .", "does not take them"},
    {"P ) 1 a .", "does not take them"}, /* a tuple does not change */
    {"P } 1 a .", "does not take them"},
    {"P 1 a .", "stack is empty"},
    {"P 'a' 1 s .", "stack is empty"},
    {"P h0 .", "not there"},
    {"P N q1 .", "wrong number"},
    {"P N r xff xff xff xff .", "wrong number"}, /* a memo of 4 billion places */
    {"P q0 .", "not there"},
    {"P j x00 x00 x00 x80 .", "not there"},
    {"P X x10 x00 x00 x00 a b", "string is cut off"},
    {"P X xff xff xff xff a", "string is cut off"},
    {"P X x00", "string is cut off"},
    {"P x8a x09 x00 x00 x00 x00 x00 x00 x00 x00 x01 .", "more than 64 bits"},
    {"P x8a x08 x00", "integer is cut off"},
    {"P x8a", "more than 64 bits"},
    {"P G x00", "number is cut off"},
    {"P K", "cut off"},
    {"P J x00 x00 x00", "cut off"},
};

static void what_tensors_do_not_need_is_refused(void **state)
{
    (void)state;
    str pickle = {0}, shown = {0};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        err e = {0};
        pickle_build(&pickle, bad[i].words);
        if (!parse(&shown, str_text(&pickle), pickle.len, &e))
            fail_msg("%s: taken, as %s", bad[i].words, str_text(&shown));
        if (!strstr(e.text, bad[i].said))
            fail_msg("%s: \"%s\" is not in \"%s\"", bad[i].words, bad[i].said, e.text);
        check_err(&e, E_FORMAT, "f: ");
    }
    str_release(&pickle);
    str_release(&shown);
}

static void depth_and_size_are_bounded(void **state)
{
    (void)state;
    str pickle = {0}, shown = {0};
    err e = {0};
    for (int i = 0; i < 100000; i++)
        str_add_char(&pickle, '(');
    parse(&shown, pickle.data, pickle.len, &e);
    check_err(&e, E_FORMAT, "nested deeper");
    str_clear(&pickle);
    for (int i = 0; i < 3000000; i++)
        str_add_char(&pickle, 'N');
    parse(&shown, pickle.data, pickle.len, &e);
    check_err(&e, E_FORMAT, "more values at once");
    /* Each tuple holds the one before twice: 2^100 leaves for whoever walks all of them. */
    str_clear(&pickle);
    str_add(&pickle, "N");
    for (char i = 1; i < 100; i++) {
        const char op[] = {'q', (char)(i - 1), 'h', (char)(i - 1), '\x86'};
        str_add_bytes(&pickle, op, sizeof op);
    }
    str_add(&pickle, ".");
    assert_int_equal(parse(&shown, pickle.data, pickle.len, &e), OK);
    str_release(&pickle);
    str_release(&shown);
}

static void a_global_may_be_long_but_not_endless(void **state)
{
    (void)state;
    str pickle = {0}, shown = {0};
    err e = {0};
    str_add(&pickle, "c");
    for (int i = 0; i < 1000; i++)
        str_add_char(&pickle, 'm');
    str_add(&pickle, "\nname\n.");
    parse(&shown, pickle.data, pickle.len, &e);
    check_err(&e, E_FORMAT, "without a proper name");
    str_release(&pickle);
    str_release(&shown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_out_as_they_went_in),
        cmocka_unit_test(what_tensors_do_not_need_is_refused),
        cmocka_unit_test(depth_and_size_are_bounded),
        cmocka_unit_test(a_global_may_be_long_but_not_endless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
