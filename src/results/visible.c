/* Bytes of tokens as text that can be shown anywhere. */
#include "results/visible.h"
#include <string.h>

/* Code points a reader could not see or that would disturb the text around them. */
static bool is_hidden(uint32_t c)
{
    static const uint32_t ranges[][2] = {
        {0x0000, 0x001F},   {0x007F, 0x00A0},    {0x00AD, 0x00AD}, {0x034F, 0x034F},
        {0x061C, 0x061C},   {0x115F, 0x1160},    {0x1680, 0x1680}, {0x17B4, 0x17B5},
        {0x180B, 0x180F},   {0x2000, 0x200F},    {0x2028, 0x202F}, {0x205F, 0x206F},
        {0x3000, 0x3000},   {0x3164, 0x3164},    {0xE000, 0xF8FF}, {0xFDD0, 0xFDEF},
        {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},    {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB},
        {0x1BCA0, 0x1BCA3}, {0xE0000, 0x10FFFF},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (c >= ranges[i][0] && c <= ranges[i][1])
            return true;
    return (c & 0xFFFE) == 0xFFFE;
}

static void add_character(str *out, uint32_t code, const char *bytes, int n)
{
    if (code == '\n')
        str_add(out, "\u21B5");
    else if (code == '\t')
        str_add(out, "\u21E5");
    else if (is_hidden(code))
        str_addf(out, "\\u{%X}", code);
    else
        str_add_bytes(out, bytes, (size_t)n);
}

/* Whether the space at i stands alone between two visible characters. */
static bool is_single(const char *bytes, size_t n, size_t i)
{
    return i > 0 && !strchr(" \n\r\t", bytes[i - 1]) && i + 1 < n &&
           !strchr(" \n\r\t", bytes[i + 1]);
}

void visible_add_part(str *out, const char *bytes, size_t n, size_t from, size_t to,
                      visible_spaces spaces)
{
    for (size_t i = from; i < to;) {
        uint32_t code;
        int length = utf8_decode((const unsigned char *)bytes + i, to - i, &code);
        if (!length)
            str_addf(out, "\\x%02x", (unsigned char)bytes[i]);
        else if (code == ' ' && !(spaces == VISIBLE_PROSE && is_single(bytes, n, i)))
            str_add(out, "\u2423");
        else
            add_character(out, code, bytes + i, length);
        i += (size_t)(length ? length : 1);
    }
}

void visible_add(str *out, const char *bytes, size_t n, visible_spaces spaces)
{
    visible_add_part(out, bytes, n, 0, n, spaces);
}
