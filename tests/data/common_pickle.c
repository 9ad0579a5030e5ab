/* An assembler for the few opcodes of saved tensors. */
#include "data/common_pickle.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void number(str *out, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        str_add_char(out, (char)(value >> 8 * i & 0xff));
}

static void integer(str *out, long long value)
{
    if (value >= 0 && value < 256) {
        str_add_char(out, 'K');
        number(out, (uint64_t)value, 1);
    } else if (value == (int32_t)value) {
        str_add_char(out, 'J');
        number(out, (uint64_t)value, 4);
    } else {
        str_add(out, "\x8a\x08");
        number(out, (uint64_t)value, 8);
    }
}

static void real(str *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    str_add_char(out, 'G');
    for (int i = 7; i >= 0; i--)
        str_add_char(out, (char)(bits >> 8 * i & 0xff));
}

static void text(str *out, const char *from, size_t n)
{
    str_add_char(out, 'X');
    number(out, n, 4);
    str_add_bytes(out, from, n);
}

static void global(str *out, const char *from, size_t n)
{
    str_add_char(out, 'c');
    for (size_t i = 0; i < n; i++)
        str_add_char(out, from[i] == ':' ? '\n' : from[i]);
    str_add_char(out, '\n');
}

static void word(str *out, const char *w, size_t n)
{
    const char *digits = w + (*w == '-');
    if (*w == '\'')
        text(out, w + 1, n - 2);
    else if (n > 1 && memchr(w, ':', n))
        global(out, w, n);
    else if (*digits >= '0' && *digits <= '9' && memchr(w, '.', n))
        real(out, strtod(w, NULL));
    else if (*digits >= '0' && *digits <= '9')
        integer(out, strtoll(w, NULL, 10));
    else if (n > 1 && *w == 't')
        str_add_char(out, (char)(0x84 + atoi(w + 1)));
    else if (n > 1 && (*w == 'q' || *w == 'h'))
        str_add_bytes(out, (char[]){*w, (char)atoi(w + 1)}, 2);
    else if (n > 1 && *w == 'x')
        str_add_char(out, (char)strtol(w + 1, NULL, 16));
    else if (*w == 'P')
        str_add_bytes(out, "\x80\x02", 2);
    else if (*w == 'T' || *w == 'F')
        str_add_char(out, (char)(*w == 'T' ? 0x88 : 0x89));
    else
        str_add_char(out, *w);
}

void pickle_build(str *out, const char *words)
{
    str_clear(out);
    for (const char *w = words; *w;) {
        const char *end = *w == '\'' ? strchr(w + 1, '\'') + 1 : w + strcspn(w, " ");
        word(out, w, (size_t)(end - w));
        w = end + strspn(end, " ");
    }
}
