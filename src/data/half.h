/* The two 16-bit float formats that weights are stored in, as bits. */
#ifndef DATA_HALF_H
#define DATA_HALF_H
#include <stdint.h>

/* Exact, including subnormals, infinities and NaNs. */
float f16_to_float(uint16_t bits);
float bf16_to_float(uint16_t bits);

/* Round to nearest, ties to even; overflow gives infinity, NaN stays NaN. */
uint16_t f16_from_float(float value);
uint16_t bf16_from_float(float value);

#endif
