/* Bytes as printable characters. The alphabet is small enough to be computed at each use: bytes
 * that stand for themselves are three ranges, the others are numbered in increasing order. */
#include "data/bytelevel.h"

enum { FIRST_STAND_IN = 0x100, N_STAND_INS = 68 };

static bool stands_for_itself(uint32_t c)
{
    return (c >= 0x21 && c <= 0x7e) || (c >= 0xa1 && c <= 0xac) || (c >= 0xae && c <= 0xff);
}

uint32_t bytelevel_char(unsigned char byte)
{
    if (stands_for_itself(byte))
        return byte;
    /* The bytes without a character of their own: 00-20, 7f-a0, ad. */
    uint32_t place = byte <= 0x20 ? byte : byte <= 0xa0 ? byte - 0x7fu + 33 : 67;
    return FIRST_STAND_IN + place;
}

int bytelevel_byte(uint32_t code)
{
    if (code < FIRST_STAND_IN)
        return stands_for_itself(code) ? (int)code : -1;
    int place = (int)(code - FIRST_STAND_IN);
    if (code - FIRST_STAND_IN >= N_STAND_INS)
        return -1;
    return place <= 0x20 ? place : place < 67 ? place - 33 + 0x7f : 0xad;
}

void bytelevel_spell(str *out, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char utf8[4];
        int length = utf8_encode(utf8, bytelevel_char(((const unsigned char *)bytes)[i]));
        str_add_bytes(out, utf8, (size_t)length);
    }
}

bool bytelevel_read(unsigned char *out, size_t *n_out, const char *text, size_t n)
{
    size_t k = 0;
    for (size_t i = 0; i < n;) {
        uint32_t code;
        int length = utf8_decode((const unsigned char *)text + i, n - i, &code);
        int byte = length ? bytelevel_byte(code) : -1;
        if (byte < 0)
            return false;
        out[k++] = (unsigned char)byte;
        i += (size_t)length;
    }
    *n_out = k;
    return true;
}
