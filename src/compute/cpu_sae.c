/* The cpu backend: the nonlinearities of sparse autoencoders. */
#include "compute/cpu.h"
#include "compute/element.h"
#include "compute/install.h"
#include <math.h>
#include <string.h>

/* a: pre, b: threshold or NULL. */
static void jumprelu_range(const operands *o, size_t first, size_t end)
{
    for (size_t n = first; n < end; n++) {
        const float *pre = ROW(o->a, n, o->columns);
        float *f = ROW(o->out, n, o->columns);
        if (!o->b) {
            for (int i = 0; i < o->columns; i++)
                f[i] = pre[i] > 0 ? pre[i] : 0;
            continue;
        }
        for (int i = 0; i < o->columns; i++) {
            float limit = o->b[i] > 0 ? o->b[i] : 0;
            f[i] = pre[i] > limit ? pre[i] : 0;
        }
    }
}

static void cpu_jumprelu_forward(backend *be, float *f_NF, const float *pre_NF,
                                 const float *threshold_F, int N, int F)
{
    operands o = {.out = f_NF, .a = pre_NF, .b = threshold_F, .columns = F};
    cpu_rows(be, jumprelu_range, &o, N, F);
}

/* a: d_f, b: f. */
static void jumprelu_backward_range(const operands *o, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        o->out[i] = o->b[i] != 0.0f ? o->a[i] : 0;
}

static void cpu_jumprelu_backward(backend *be, float *d_pre_NF, const float *d_f_NF,
                                  const float *f_NF, size_t n)
{
    operands o = {.out = d_pre_NF, .a = d_f_NF, .b = f_NF};
    cpu_elements(be, jumprelu_backward_range, &o, n);
}

enum { COLUMN_BLOCK = 64 };

/* a: d_f, b: pre, c: threshold; d[0]: bandwidth, d[1]: weight of the count. A block owns columns.
 */
static void threshold_range(const operands *o, size_t first, size_t end)
{
    float half = o->d[0] / 2, weight = o->d[1];
    double total[COLUMN_BLOCK] = {0};
    for (int n = 0; n < o->rows; n++) {
        const float *d_f = ROW(o->a, n, o->columns), *pre = ROW(o->b, n, o->columns);
        for (size_t i = first; i < end; i++) {
            float threshold = o->c[i], part = threshold * d_f[i] + weight;
            total[i - first] += (double)(fabsf(pre[i] - threshold) < half ? part : 0.0f);
        }
    }
    for (size_t i = first; i < end; i++)
        o->out[i] -= (float)(total[i - first] / (double)o->d[0]);
}

static void cpu_jumprelu_threshold_gradient(backend *be, float *d_threshold_F, const float *d_f_NF,
                                            const float *pre_NF, const float *threshold_F,
                                            float bandwidth, float l0_weight, int N, int F)
{
    float settings[2] = {bandwidth, l0_weight};
    operands o = {.out = d_threshold_F,
                  .a = d_f_NF,
                  .b = pre_NF,
                  .c = threshold_F,
                  .d = settings,
                  .rows = N,
                  .columns = F};
    cpu_for(be, threshold_range, &o, (size_t)F, COLUMN_BLOCK);
}

/* The k-th largest by its digits from the top, 11 bits at a time: each pass counts how many numbers
 * that share the digits found so far have each next digit. */
static float select_kth(const float *x, size_t n, size_t k)
{
    static const int shifts[] = {21, 10, 0}, widths[] = {11, 11, 10};
    uint32_t found = 0, mask = 0;
    for (int pass = 0; pass < 3; pass++) {
        size_t count[2048] = {0};
        uint32_t digits = (1u << widths[pass]) - 1;
        for (size_t i = 0; i < n; i++) {
            uint32_t order = order_of(x[i]);
            if ((order & mask) == found)
                count[(order >> shifts[pass]) & digits]++;
        }
        uint32_t digit = digits;
        while (count[digit] < k)
            k -= count[digit--];
        found |= digit << shifts[pass];
        mask |= digits << shifts[pass];
    }
    return value_of(found);
}

static void cpu_kth_largest(backend *be, float *host_value, const float *x, size_t n, size_t k)
{
    (void)be;
    *host_value = select_kth(x, n, k);
}

static void top_k_range(const operands *o, size_t first, size_t end)
{
    int F = o->columns, k = o->rows;
    for (size_t n = first; n < end; n++) {
        const float *pre = ROW(o->a, n, F);
        float *f = ROW(o->out, n, F);
        float limit = k > 0 ? select_kth(pre, (size_t)F, (size_t)(k < F ? k : F)) : INFINITY;
        int left = k; /* places for values equal to the limit */
        for (int i = 0; i < F; i++)
            left -= pre[i] > limit;
        for (int i = 0; i < F; i++) {
            bool kept = pre[i] > limit || (pre[i] == limit && left-- > 0);
            f[i] = kept && pre[i] > 0 ? pre[i] : 0;
        }
    }
}

static void cpu_top_k_rows(backend *be, float *f_NF, const float *pre_NF, int k, int N, int F)
{
    operands o = {.out = f_NF, .a = pre_NF, .rows = k, .columns = F};
    cpu_rows(be, top_k_range, &o, N, F);
}

void cpu_install_sae(backend *be)
{
    be->jumprelu_forward = cpu_jumprelu_forward;
    be->jumprelu_backward = cpu_jumprelu_backward;
    be->jumprelu_threshold_gradient = cpu_jumprelu_threshold_gradient;
    be->top_k_rows = cpu_top_k_rows;
    be->kth_largest = cpu_kth_largest;
}
