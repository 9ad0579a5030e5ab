/* What one number becomes, for the loops of the cpu backend and the kernels of the cuda backend. */
#ifndef COMPUTE_ELEMENT_H
#define COMPUTE_ELEMENT_H
#include "compute/backend.h"
#include "compute/cpu_math.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

/* ---- nonlinearities -----------------------------------------------------------------------------
 */

/* Value and slope together: what the two share costs most. */
HOST_DEVICE static inline float gelu(float x, float *slope)
{
    float density, below = fast_normal(x, &density);
    *slope = below + x * density;
    return x * below;
}

/* x sigmoid(2 u), which is x (1 + tanh u) / 2 without cancellation for negative u. */
HOST_DEVICE static inline float gelu_tanh(float x, float *slope)
{
    const float scale = 1.59576912f, cubic = 0.044715f; /* 2 sqrt(2 / pi) */
    float s = fast_sigmoid(scale * (x + cubic * x * x * x));
    *slope = s + x * s * (1.0f - s) * scale * (1.0f + 3.0f * cubic * x * x);
    return x * s;
}

HOST_DEVICE static inline float silu(float x, float *slope)
{
    float s = fast_sigmoid(x);
    *slope = s * (1.0f + x * (1.0f - s));
    return x * s;
}

HOST_DEVICE static inline float relu(float x, float *slope)
{
    *slope = x > 0 ? 1.0f : 0.0f;
    return x > 0 ? x : 0.0f;
}

/* cap tanh(x / cap), given 1 / cap. */
HOST_DEVICE static inline float capped(float x, float cap, float inverse)
{
    return cap * fast_tanh(x * inverse);
}

/* Its derivative, from its value. */
HOST_DEVICE static inline float cap_slope(float y, float inverse)
{
    float t = y * inverse;
    return 1.0f - t * t;
}

/* ---- order --------------------------------------------------------------------------------------
 */

/* A float's bits reordered so that unsigned comparison is float comparison. */
HOST_DEVICE static inline uint32_t order_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

HOST_DEVICE static inline float value_of(uint32_t order)
{
    uint32_t bits = order & 0x80000000u ? order & 0x7fffffffu : ~order;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* ---- rotation, optimiser ------------------------------------------------------------------------
 */

/* The pair (*low, *high) turned by the angle with this cosine and sine. */
HOST_DEVICE static inline void rotate_pair(float *low, float *high, float cos, float sin)
{
    float a = *low, b = *high;
    *low = a * cos - b * sin;
    *high = b * cos + a * sin;
}

/* A step of AdamW: constants of the step, then one number with its two moments. */
typedef struct adamw_constants {
    float scale, beta1, beta2, keep1, keep2; /* keep = 1 - beta */
    float decay, rate, correct2, eps;        /* rate includes the first moment's correction */
} adamw_constants;

static inline adamw_constants adamw_constants_of(const adamw_settings *s)
{
    float correct1 = (float)(1 / (1 - pow((double)s->beta1, s->step)));
    adamw_constants c;
    c.scale = s->gradient_scale;
    c.beta1 = s->beta1;
    c.beta2 = s->beta2;
    c.keep1 = 1 - s->beta1;
    c.keep2 = 1 - s->beta2;
    c.decay = 1 - s->learning_rate * s->weight_decay;
    c.rate = s->learning_rate * correct1;
    c.correct2 = (float)(1 / (1 - pow((double)s->beta2, s->step)));
    c.eps = s->eps;
    return c;
}

HOST_DEVICE static inline void adamw_element(float *value, float *first, float *second,
                                             float gradient, const adamw_constants *c)
{
    float g = gradient * c->scale;
    float m = c->beta1 * *first + c->keep1 * g, v = c->beta2 * *second + c->keep2 * g * g;
    *first = m;
    *second = v;
    *value = *value * c->decay - c->rate * m / (__builtin_sqrtf(v * c->correct2) + c->eps);
}

#endif
