/* The stack machine of Python pickles, with the opcodes that protocol 2 uses for plain values,
 * containers, calls and persistent ids. Every opcode takes a byte and makes at most one value, so
 * memory is bounded by the length of the pickle. */
#include "data/pickle.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

enum {
    PROTOCOL = 2,
    MAX_STACK = 1 << 20,
    MAX_MARKS = 1 << 10,
    MAX_NAME = 200 /* of a module and of what is in it, each */
};

/* pickletools.py; those of one character are written as such there too. */
enum opcode {
    OP_MARK = '(',
    OP_STOP = '.',
    OP_BININT = 'J',
    OP_BININT1 = 'K',
    OP_BININT2 = 'M',
    OP_NONE = 'N',
    OP_BINPERSID = 'Q',
    OP_REDUCE = 'R',
    OP_BINUNICODE = 'X',
    OP_APPEND = 'a',
    OP_BUILD = 'b',
    OP_GLOBAL = 'c',
    OP_EMPTY_DICT = '}',
    OP_APPENDS = 'e',
    OP_BINGET = 'h',
    OP_LONG_BINGET = 'j',
    OP_EMPTY_LIST = ']',
    OP_BINPUT = 'q',
    OP_LONG_BINPUT = 'r',
    OP_SETITEM = 's',
    OP_TUPLE = 't',
    OP_EMPTY_TUPLE = ')',
    OP_SETITEMS = 'u',
    OP_BINFLOAT = 'G',
    OP_PROTO = 0x80,
    OP_TUPLE1 = 0x85,
    OP_TUPLE2 = 0x86,
    OP_TUPLE3 = 0x87,
    OP_NEWTRUE = 0x88,
    OP_NEWFALSE = 0x89,
    OP_LONG1 = 0x8a
};

typedef struct machine {
    const unsigned char *start, *at, *end;
    pickle_values stack, memo;
    size_t marks[MAX_MARKS], n_marks; /* heights of the stack */
    pickle_lookup *lookup;
    const char *where;
    arena *memory;
    err *e;
} machine;

static err_code refuse(const machine *m, const char *what)
{
    return err_set(m->e, E_FORMAT, "%s: byte %zu of the pickle: %s", m->where,
                   (size_t)(m->at - m->start), what);
}

/* The next n bytes, or NULL when they are not there. */
static const unsigned char *take(machine *m, size_t n)
{
    if (n > (size_t)(m->end - m->at))
        return NULL;
    m->at += n;
    return m->at - n;
}

/* The next n bytes (up to 8) as a little-endian number. */
static bool take_number(machine *m, int n, uint64_t *out)
{
    const unsigned char *p = take(m, (size_t)n);
    *out = 0;
    for (int i = n - 1; p && i >= 0; i--)
        *out = *out << 8 | p[i];
    return p != NULL;
}

static void grow(pickle_values *v, size_t n)
{
    if (v->n + n <= v->capacity)
        return;
    v->capacity = 2 * (v->n + n);
    v->data = mem_grow(v->data, v->capacity, sizeof *v->data);
}

/* Appends to a container's values, whose memory is the arena's. */
static void extend(pickle_values *v, const pickle_value *values, size_t n, arena *memory)
{
    if (n > v->capacity - v->n) {
        v->capacity = 2 * v->n + n;
        pickle_value *data = arena_push(memory, v->capacity, sizeof *data);
        if (v->n)
            memcpy(data, v->data, v->n * sizeof *data);
        v->data = data;
    }
    if (n)
        memcpy(v->data + v->n, values, n * sizeof *values);
    v->n += n;
}

static err_code push(machine *m, pickle_value value)
{
    if (m->stack.n == MAX_STACK)
        return refuse(m, "more values at once than allowed");
    grow(&m->stack, 1);
    m->stack.data[m->stack.n++] = value;
    return OK;
}

static err_code push_int(machine *m, pickle_kind kind, int64_t value)
{
    return push(m, (pickle_value){.kind = kind, .integer = value});
}

static err_code push_object(machine *m, pickle_kind kind)
{
    return push(
        m, (pickle_value){.kind = kind, .object = arena_push(m->memory, 1, sizeof(pickle_object))});
}

/* How many values lie above the last mark; those below it are out of reach until it is taken. */
static size_t above_mark(const machine *m)
{
    return m->stack.n - (m->n_marks ? m->marks[m->n_marks - 1] : 0);
}

/* Whether n values can be taken from the stack. */
static bool has(const machine *m, size_t n)
{
    return above_mark(m) >= n;
}

static pickle_value *top(const machine *m, size_t depth)
{
    return &m->stack.data[m->stack.n - 1 - depth];
}

/* A tuple of the n values on top, in their place. */
static err_code make_tuple(machine *m, size_t n)
{
    pickle_object *tuple = arena_push(m->memory, 1, sizeof *tuple);
    if (n)
        extend(&tuple->items, top(m, n - 1), n, m->memory);
    m->stack.n -= n;
    return push(m, (pickle_value){.kind = PICKLE_TUPLE, .object = tuple});
}

/* Moves the n values on top into the container below them: elements, or pairs. */
static err_code fill(machine *m, size_t n, bool pairs)
{
    pickle_value *container = top(m, n);
    if (pairs ? n % 2 || (container->kind != PICKLE_DICT && container->kind != PICKLE_CALL)
              : container->kind != PICKLE_LIST)
        return refuse(m, "items are put into something that does not take them");
    pickle_values *to = pairs ? &container->object->pairs : &container->object->items;
    if (n)
        extend(to, top(m, n - 1), n, m->memory);
    m->stack.n -= n;
    return OK;
}

/* TUPLE, APPENDS and SETITEMS take all values above the last mark, which goes with them. */
static err_code take_marked(machine *m, int op)
{
    if (!m->n_marks)
        return refuse(m, "no mark is there to end at");
    size_t n = above_mark(m);
    m->n_marks--;
    if (op == OP_TUPLE)
        return make_tuple(m, n);
    return has(m, n + 1) ? fill(m, n, op == OP_SETITEMS) : refuse(m, "the stack is empty");
}

static bool is_plain_name(const unsigned char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(text[i] >= 'a' && text[i] <= 'z') && !(text[i] >= 'A' && text[i] <= 'Z') &&
            !(text[i] >= '0' && text[i] <= '9') && text[i] != '_' && text[i] != '.')
            return false;
    return n > 0 && n <= MAX_NAME;
}

/* Two lines, a module and a name in it. */
static err_code push_global(machine *m)
{
    const unsigned char *part[2];
    size_t length[2];
    for (int i = 0; i < 2; i++) {
        part[i] = m->at;
        const unsigned char *line_end = memchr(m->at, '\n', (size_t)(m->end - m->at));
        length[i] = line_end ? (size_t)(line_end - m->at) : 0;
        if (!is_plain_name(part[i], length[i]))
            return refuse(m, "asks for something without a proper name");
        m->at = line_end + 1;
    }
    const char *name = arena_printf(m->memory, "%.*s.%.*s", (int)length[0], (const char *)part[0],
                                    (int)length[1], (const char *)part[1]);
    int number = m->lookup(name);
    if (number < 0)
        return err_set(
            m->e, E_FORMAT,
            "%s: refuses to run %s: only what torch.save writes for a dict of tensors is "
            "read; save the model's state_dict() alone",
            m->where, name);
    return push_int(m, PICKLE_GLOBAL, number);
}

/* A call is noted, not made. */
static err_code note_call(machine *m)
{
    if (!has(m, 2) || top(m, 0)->kind != PICKLE_TUPLE || top(m, 1)->kind != PICKLE_GLOBAL)
        return refuse(m, "a call without a function and its arguments");
    pickle_object *call = arena_push(m->memory, 1, sizeof *call);
    call->called = top(m, 1)->integer;
    call->items = top(m, 0)->object->items;
    m->stack.n -= 2;
    return push(m, (pickle_value){.kind = PICKLE_CALL, .object = call});
}

static err_code note_persistent(machine *m)
{
    if (!has(m, 1) || top(m, 0)->kind != PICKLE_TUPLE)
        return refuse(m, "a persistent id that is not a tuple");
    top(m, 0)->kind = PICKLE_PERSISTENT;
    return OK;
}

static err_code note_state(machine *m)
{
    if (!has(m, 2) || top(m, 1)->kind != PICKLE_CALL)
        return refuse(m, "a state for something that is not the result of a call");
    top(m, 1)->object->has_state = true;
    m->stack.n--;
    return OK;
}

/* Numbers of the memo are handed out in order, so it never has holes. */
static err_code memo_put(machine *m, uint64_t index)
{
    if (!has(m, 1) || index > m->memo.n)
        return refuse(m, "a value is remembered that is not there, or under a wrong number");
    if (index == m->memo.n) {
        grow(&m->memo, 1);
        m->memo.n++;
    }
    m->memo.data[index] = *top(m, 0);
    return OK;
}

static err_code memo_get(machine *m, uint64_t index)
{
    return index < m->memo.n ? push(m, m->memo.data[index])
                             : refuse(m, "a remembered value is asked for that is not there");
}

static err_code push_text(machine *m)
{
    uint64_t n;
    const unsigned char *text = take_number(m, 4, &n) ? take(m, (size_t)n) : NULL;
    if (!text)
        return refuse(m, "a string is cut off");
    return push(
        m, (pickle_value){.kind = PICKLE_TEXT, .length = (uint32_t)n, .text = (const char *)text});
}

/* A Python int of up to 8 bytes, two's complement. */
static err_code push_long(machine *m)
{
    uint64_t n, value;
    if (!take_number(m, 1, &n) || n > 8)
        return refuse(m, "an integer of more than 64 bits");
    if (!take_number(m, (int)n, &value))
        return refuse(m, "an integer is cut off");
    if (n > 0 && n < 8 && value >> (8 * n - 1))
        value |= UINT64_MAX << (8 * n); /* negative */
    return push_int(m, PICKLE_INT, (int64_t)value);
}

/* Big-endian, unlike the rest. */
static err_code push_float(machine *m)
{
    const unsigned char *p = take(m, 8);
    if (!p)
        return refuse(m, "a number is cut off");
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | p[i];
    pickle_value value = {.kind = PICKLE_FLOAT};
    memcpy(&value.real, &bits, sizeof value.real);
    return push(m, value);
}

/* Opcodes that are followed by a little-endian number of so many bytes. */
static err_code with_number(machine *m, int op, int bytes)
{
    uint64_t number;
    if (!take_number(m, bytes, &number))
        return refuse(m, "cut off");
    switch (op) {
    case OP_PROTO:
        return number == PROTOCOL ? OK : refuse(m, "not of protocol 2, which torch.save writes");
    case OP_BINPUT:
    case OP_LONG_BINPUT:
        return memo_put(m, number);
    case OP_BINGET:
    case OP_LONG_BINGET:
        return memo_get(m, number);
    default: /* BININT has a sign, the shorter ones do not */
        return push_int(m, PICKLE_INT, bytes == 4 ? (int32_t)(uint32_t)number : (int64_t)number);
    }
}

static err_code step(machine *m, int op)
{
    switch (op) {
    case OP_PROTO:
    case OP_BININT1:
    case OP_BINPUT:
    case OP_BINGET:
        return with_number(m, op, 1);
    case OP_BININT2:
        return with_number(m, op, 2);
    case OP_BININT:
    case OP_LONG_BINPUT:
    case OP_LONG_BINGET:
        return with_number(m, op, 4);
    case OP_LONG1:
        return push_long(m);
    case OP_BINFLOAT:
        return push_float(m);
    case OP_BINUNICODE:
        return push_text(m);
    case OP_NONE:
        return push_int(m, PICKLE_NONE, 0);
    case OP_NEWTRUE:
    case OP_NEWFALSE:
        return push_int(m, PICKLE_BOOL, op == OP_NEWTRUE);
    case OP_EMPTY_TUPLE:
        return push_object(m, PICKLE_TUPLE);
    case OP_EMPTY_LIST:
        return push_object(m, PICKLE_LIST);
    case OP_EMPTY_DICT:
        return push_object(m, PICKLE_DICT);
    case OP_MARK:
        if (m->n_marks == MAX_MARKS)
            return refuse(m, "nested deeper than allowed");
        m->marks[m->n_marks++] = m->stack.n;
        return OK;
    case OP_TUPLE:
    case OP_APPENDS:
    case OP_SETITEMS:
        return take_marked(m, op);
    case OP_TUPLE1:
    case OP_TUPLE2:
    case OP_TUPLE3:
        return has(m, (size_t)(op - OP_TUPLE1) + 1) ? make_tuple(m, (size_t)(op - OP_TUPLE1) + 1)
                                                    : refuse(m, "the stack is empty");
    case OP_APPEND:
        return has(m, 2) ? fill(m, 1, false) : refuse(m, "the stack is empty");
    case OP_SETITEM:
        return has(m, 3) ? fill(m, 2, true) : refuse(m, "the stack is empty");
    case OP_GLOBAL:
        return push_global(m);
    case OP_REDUCE:
        return note_call(m);
    case OP_BINPERSID:
        return note_persistent(m);
    case OP_BUILD:
        return note_state(m);
    default:
        return err_set(m->e, E_FORMAT,
                       "%s: byte %zu of the pickle: opcode 0x%02x, which saved tensors do not need",
                       m->where, (size_t)(m->at - m->start) - 1, (unsigned)op);
    }
}

err_code pickle_parse(pickle_value *out, const void *data, size_t n, pickle_lookup *lookup,
                      const char *where, arena *memory, err *e)
{
    const unsigned char *start = data;
    machine m = {.start = start,
                 .at = start,
                 .end = start + n,
                 .lookup = lookup,
                 .where = where,
                 .memory = memory,
                 .e = e};
    err_code rc = OK;
    const unsigned char *op = NULL;
    while (!rc && (op = take(&m, 1)) && *op != OP_STOP)
        rc = step(&m, *op);
    if (!rc && !op)
        rc = refuse(&m, "it has no end");
    if (!rc && (m.stack.n != 1 || m.n_marks || m.at != m.end))
        rc = refuse(&m, "it ends with something left over");
    if (!rc)
        *out = m.stack.data[0];
    mem_free(m.stack.data);
    mem_free(m.memo.data);
    return rc;
}
