/* Lines of an inspection. */
#include "pipeline/inspect_text.h"
#include "base/memory.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void inspect_line(str *out, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = mem_small((size_t)(n < 0 ? 0 : n) + 1, 1);
    va_start(args, format);
    vsnprintf(text, (size_t)(n < 0 ? 0 : n) + 1, format, args);
    va_end(args);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    str_addf(out, "  %-13s %s\n", name, text);
    mem_free(text);
}

const char *bytes_text(char buf[BYTES_TEXT], double bytes)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    size_t i = 0;
    for (; bytes >= 1000 && i + 1 < COUNT_OF(units); i++)
        bytes /= 1000;
    snprintf(buf, BYTES_TEXT, i ? "%.1f %s" : "%.0f %s", bytes, units[i]);
    return buf;
}
