/* What went wrong, in words a user can act on.
 *
 * Every function that can fail because of something outside the program returns an err_code and
 * fills an `err` whose text names the file, the key, the value and what to do. Callers add context
 * on the way up; only main.c prints it and exits. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

typedef enum {
    OK = 0,
    E_USAGE,    /* the command line */
    E_CONFIG,   /* a config key or value */
    E_IO,       /* the file system: missing, unreadable, full */
    E_FORMAT,   /* a file's bytes are not what they claim to be */
    E_SHAPE,    /* two things that must agree in size do not */
    E_MEMORY,   /* a large array did not fit */
    E_NUMERIC,  /* NaN, infinity, divergence */
    E_DATA,     /* valid input that cannot be worked with (no feature left, no prompt) */
    E_DIFFERS,  /* nothing went wrong: what was compared is not the same */
    E_CANCELLED /* Ctrl-C or a termination signal */
} err_code;

typedef struct err {
    err_code code;
    char text[1024];
} err;

/* Records the failure and returns `code`, so that `return err_set(e, ...)` reads well. */
err_code err_set(err *e, err_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "context: " before the text already there. Returns the code already there. */
err_code err_context(err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints "saeinv: message" to stderr and aborts: for our own bugs and for small allocations. */
_Noreturn void err_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
