/* Error texts: set once at the place of failure, given context on the way up. */
#include "base/err.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Messages quote file names, keys and values that nobody vouches for: what could move a terminal's
 * cursor or fake a second message shows as "?". */
static void make_printable(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

err_code err_set(err *e, err_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    make_printable(e->text);
    e->code = code;
    return code;
}

err_code err_context(err *e, const char *format, ...)
{
    char context[sizeof e->text];
    va_list args;
    va_start(args, format);
    vsnprintf(context, sizeof context, format, args);
    va_end(args);
    make_printable(context);

    size_t n = strlen(context), room = sizeof e->text - 1;
    if (n + 2 > room)
        return e->code;
    size_t kept = strlen(e->text);
    if (kept > room - n - 2)
        kept = room - n - 2;
    memmove(e->text + n + 2, e->text, kept);
    memcpy(e->text, context, n);
    memcpy(e->text + n, ": ", 2);
    e->text[n + 2 + kept] = '\0';
    return e->code;
}

void err_die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("saeinv: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    abort();
}
