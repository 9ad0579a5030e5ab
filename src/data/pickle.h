/* Python pickles as data: the tree of values that a pickle of protocol 2 spells, with every call in
 * it left as a record of what would be called. Nothing is ever run, and a call of anything that the
 * caller does not know is refused by its name.
 * Opcodes: Python's Lib/pickletools.py. */
#ifndef DATA_PICKLE_H
#define DATA_PICKLE_H
#include "base/arena.h"
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    PICKLE_UNSET = 0, /* never in a result */
    PICKLE_NONE,
    PICKLE_BOOL,
    PICKLE_INT,
    PICKLE_FLOAT,
    PICKLE_TEXT,
    PICKLE_GLOBAL,     /* a class or function: `integer` is the caller's number for it */
    PICKLE_TUPLE,      /* items */
    PICKLE_LIST,       /* items */
    PICKLE_DICT,       /* pairs */
    PICKLE_CALL,       /* items: the arguments; pairs: what was set on the result */
    PICKLE_PERSISTENT, /* items of the tuple that names something outside the pickle */
} pickle_kind;

typedef struct pickle_object pickle_object;

typedef struct pickle_value {
    pickle_kind kind;
    uint32_t length; /* of the text, which has no NUL at its end and may be any bytes */
    union {
        int64_t integer;
        double real;
        const char *text;
        pickle_object *object;
    };
} pickle_value;

typedef struct pickle_values {
    pickle_value *data;
    size_t n, capacity;
} pickle_values;

/* Objects are shared wherever the pickle shares them; they may even contain themselves. */
struct pickle_object {
    int64_t called; /* the caller's number of what a PICKLE_CALL calls */
    bool has_state; /* __setstate__ would be called on the result of the call */
    pickle_values items;
    pickle_values pairs; /* key, value, key, value ... */
};

/* The caller's number (>= 0) for "module.name", or -1: refused. */
typedef int pickle_lookup(const char *name);

/* Reads a whole pickle of n bytes. Everything is borrowed from its bytes and the arena, which takes
 * at most some hundred times n. E_FORMAT names `where`. */
err_code pickle_parse(pickle_value *out, const void *data, size_t n, pickle_lookup *lookup,
                      const char *where, arena *memory, err *e);

#endif
