/* Growing strings, number text, UTF-8 and "did you mean". */
#include "base/str.h"
#include "base/memory.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void str_reserve(str *s, size_t more)
{
    if (more > SIZE_MAX / 2 - s->len)
        err_die("out of memory: a string of more than %zu bytes", SIZE_MAX / 2);
    size_t need = s->len + more + 1;
    if (need <= s->cap)
        return;
    size_t cap = s->cap ? s->cap : 64;
    while (cap < need)
        cap *= 2;
    s->data = mem_grow(s->data, cap, 1);
    s->cap = cap;
}

void str_add_bytes(str *s, const void *bytes, size_t n)
{
    str_reserve(s, n);
    if (n)
        memcpy(s->data + s->len, bytes, n);
    s->len += n;
    s->data[s->len] = '\0';
}

void str_add(str *s, const char *text)
{
    str_add_bytes(s, text, strlen(text));
}

void str_add_char(str *s, char c)
{
    str_add_bytes(s, &c, 1);
}

void str_addf(str *s, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    str_reserve(s, (size_t)n);
    vsnprintf(s->data + s->len, (size_t)n + 1, format, again);
    s->len += (size_t)n;
    va_end(again);
    va_end(args);
}

void str_add_xml(str *s, const char *text)
{
    for (; *text; text++) {
        const char *entity = *text == '&'    ? "&amp;"
                             : *text == '<'  ? "&lt;"
                             : *text == '>'  ? "&gt;"
                             : *text == '"'  ? "&quot;"
                             : *text == '\'' ? "&#39;"
                                             : NULL;
        if (entity)
            str_add(s, entity);
        else
            str_add_char(s, *text);
    }
}

void str_clear(str *s)
{
    s->len = 0;
    if (s->data)
        s->data[0] = '\0';
}

void str_release(str *s)
{
    mem_free(s->data);
    *s = (str){0};
}

char *str_into(str *s, arena *a)
{
    char *text = arena_strndup(a, str_text(s), s->len);
    str_release(s);
    return text;
}

const char *str_text(const str *s)
{
    return s->data ? s->data : "";
}

const char *number_text(char buf[NUMBER_TEXT], double value)
{
    if (!isfinite(value)) {
        buf[0] = '\0';
    } else if (value == floor(value) && fabs(value) < 1e15) {
        snprintf(buf, NUMBER_TEXT, "%.0f", value == 0 ? 0.0 : value);
    } else {
        snprintf(buf, NUMBER_TEXT, "%.6g", value);
    }
    return buf;
}

int utf8_decode(const unsigned char *p, size_t n, uint32_t *code)
{
    static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
    if (n == 0)
        return 0;
    if (p[0] < 0x80) {
        *code = p[0];
        return 1;
    }
    int length = p[0] >= 0xF0 && p[0] < 0xF8 ? 4 : p[0] >= 0xE0 ? 3 : p[0] >= 0xC0 ? 2 : 0;
    if (length == 0 || p[0] >= 0xF8 || (size_t)length > n)
        return 0;
    uint32_t c = p[0] & (0x7Fu >> length);
    for (int i = 1; i < length; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3Fu);
    }
    if (c < smallest[length] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return 0;
    *code = c;
    return length;
}

int utf8_encode(char out[4], uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    int length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (int i = length - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)((0xF00u >> length & 0xFFu) | code);
    return length;
}

bool utf8_valid(const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text;
    uint32_t code;
    while (n) {
        int length = utf8_decode(p, n, &code);
        if (!length)
            return false;
        p += length;
        n -= (size_t)length;
    }
    return true;
}

/* Levenshtein distance of strings cut to 63 bytes. */
static int edit_distance(const char *a, const char *b)
{
    enum { LONGEST = 64 };
    int row[LONGEST];
    size_t na = strnlen(a, LONGEST - 1), nb = strnlen(b, LONGEST - 1);
    for (size_t j = 0; j <= nb; j++)
        row[j] = (int)j;
    for (size_t i = 1; i <= na; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= nb; j++) {
            int best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[nb];
}

const char *nearest_name(const char *name, const char *const *names, size_t n)
{
    const char *best = NULL;
    int best_distance = 0;
    for (size_t i = 0; i < n; i++) {
        int d = edit_distance(name, names[i]);
        if (!best || d < best_distance) {
            best = names[i];
            best_distance = d;
        }
    }
    return best;
}
