/* The two 16-bit float formats that weights are stored in, as bits. */
#ifndef BASE_HALF_H
#define BASE_HALF_H
#include "base/host_device.h"
#include <stdint.h>
#include <string.h>

/* Exact, including subnormals, infinities and NaNs. Inline and without branches, so that a loop
 * over them becomes vector instructions. */
HOST_DEVICE static inline float bf16_to_float(uint16_t bits)
{
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

HOST_DEVICE static inline float f16_to_float(uint16_t bits)
{
    int32_t rest = bits & 0x7fff;         /* signed: vector units convert signed integers */
    float small = (float)rest * 0x1p-24f; /* zero and subnormals are multiples of 2^-24 */
    uint32_t special = rest >= 0x7c00 ? (255u - 31u) << 23 : (127u - 15u) << 23;
    uint32_t wide = ((uint32_t)rest << 13) + special, small_bits;
    memcpy(&small_bits, &small, sizeof small_bits);
    wide = (rest < 0x400 ? small_bits : wide) | (uint32_t)(bits & 0x8000) << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

/* Round to nearest, ties to even; overflow gives infinity, NaN stays NaN. */
uint16_t f16_from_float(float value);
uint16_t bf16_from_float(float value);

#endif
