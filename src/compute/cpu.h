/* What the cpu backend's files share: ranges given to the pool, and sums in fixed lanes. */
#ifndef COMPUTE_CPU_H
#define COMPUTE_CPU_H
#include "base/memory.h"
#include "compute/backend.h"
#include "compute/tiles.h"

/* The arguments of one elementwise or row operation; each operation uses what it needs. */
typedef struct operands {
    float *out, *out2, *out3;
    const float *a, *b, *c, *d;
    const void *stored; /* numbers of this type */
    number_type type;
    const int32_t *index;
    int32_t *out_index;
    float number;
    int rows, columns;
} operands;

/* Works on items first .. end-1 and writes only what belongs to them. */
typedef void range_task(const operands *o, size_t first, size_t end);

/* Cuts n items into blocks of per_block (the last may be short) and gives them to the pool. */
void cpu_for(backend *be, range_task *task, const operands *o, size_t n, size_t per_block);
/* Items are single numbers. */
void cpu_elements(backend *be, range_task *task, const operands *o, size_t n);
/* Items are rows of `columns` numbers. */
void cpu_rows(backend *be, range_task *task, const operands *o, int n_rows, int columns);

/* y[i] = scale * x[i] for x of this type. */
void cpu_scaled_copy(float *y, const void *x, number_type type, float scale, size_t n);

/* Sums over rows are taken in chunks of this many rows, merged in their order. */
enum { ROW_CHUNK = 256 };

/* A sum is kept in LANES partial sums, element i in lane i % LANES: that is how vector registers
 * add, and fixing it fixes the result. */
enum { LANES = 16 };

static inline float lane_total(const float lane[LANES])
{
    float total = 0;
    for (int j = 0; j < LANES; j++)
        total += lane[j];
    return total;
}

static inline float row_sum(const float *x, int n)
{
    float lane[LANES] = {0};
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] += x[i + j];
    for (int j = 0; i < n; i++, j++)
        lane[j] += x[i];
    return lane_total(lane);
}

static inline float row_dot(const float *a, const float *b, int n)
{
    float lane[LANES] = {0};
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] += a[i + j] * b[i + j];
    for (int j = 0; i < n; i++, j++)
        lane[j] += a[i] * b[i];
    return lane_total(lane);
}

/* n >= 1; NaN values are passed over. */
static inline float row_max(const float *x, int n)
{
    float lane[LANES], largest = x[0];
    for (int j = 0; j < LANES; j++)
        lane[j] = x[0];
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] = x[i + j] > lane[j] ? x[i + j] : lane[j];
    for (; i < n; i++)
        largest = x[i] > largest ? x[i] : largest;
    for (int j = 0; j < LANES; j++)
        largest = lane[j] > largest ? lane[j] : largest;
    return largest;
}

#endif
