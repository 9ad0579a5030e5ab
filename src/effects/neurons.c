/* Sums in double, in the order of the text, on one thread: little beside the model's run. */
#include "effects/neurons.h"
#include "base/memory.h"
#include <math.h>

/* The largest of D sizes, first the largest, ties to the lower index; NaN is never among them.
 * Returns how many. */
static int find_largest(int best[NEURONS], const double *size_D, int D)
{
    int n = 0;
    for (int d = 0; d < D; d++) {
        int at = n;
        while (at > 0 && size_D[d] > size_D[best[at - 1]])
            at--;
        if (at == NEURONS || isnan(size_D[d]))
            continue;
        n += n < NEURONS;
        for (int i = n - 1; i > at; i--)
            best[i] = best[i - 1];
        best[at] = d;
    }
    return n;
}

void neurons_align(target_neurons *out, const float *row_O, int O)
{
    int best[NEURONS];
    double total = 0, *size_O = mem_small((size_t)O, sizeof *size_O);
    for (int o = 0; o < O; o++)
        total += size_O[o] = fabs((double)row_O[o]);
    out->n_aligned = total > 0 ? find_largest(best, size_O, O) : 0;
    for (int i = 0; i < out->n_aligned; i++)
        out->aligned[i] = (aligned_neuron){
            .neuron = best[i], .weight = (double)row_O[best[i]], .share = size_O[best[i]] / total};
    mem_free(size_O);
}

/* ---- with which it rises and falls --------------------------------------------------------------
 */

err_code neuron_sums_new(neuron_sums *out, const scan_source *source, const survey *s, int first,
                         int C, err *e)
{
    int D = source->hook->width;
    size_t longest = (size_t)prompts_longest(source->prompts), width = (size_t)D;
    *out = (neuron_sums){.s = s, .first = first, .C = C, .D = D};
    out->sum_D = mem_small(width, sizeof *out->sum_D);
    out->squares_D = mem_small(width, sizeof *out->squares_D);
    out->at_C = mem_small((size_t)C, sizeof *out->at_C);
    out->counted_T = mem_small(longest, sizeof *out->counted_T);
    out->product_CD =
        mem_array((size_t)C * width, sizeof *out->product_CD, "products with neurons", e);
    out->host_TD = mem_array(longest * width, sizeof *out->host_TD, "a prompt's values", e);
    if (out->product_CD && out->host_TD)
        return OK;
    neuron_sums_release(out);
    return e->code;
}

void neuron_sums_release(neuron_sums *x)
{
    mem_free(x->sum_D);
    mem_free(x->squares_D);
    mem_free(x->product_CD);
    mem_free(x->at_C);
    mem_free(x->counted_T);
    mem_free(x->host_TD);
    *x = (neuron_sums){0};
}

static void add_products(neuron_sums *x, int prompt)
{
    for (int c = 0; c < x->C; c++) {
        const token_activation *list = x->s->active[x->first + c];
        double *product_D = ROW(x->product_CD, c, x->D);
        size_t n = x->s->n_active[x->first + c];
        for (; x->at_C[c] < n && list[x->at_C[c]].prompt == prompt; x->at_C[c]++) {
            const token_activation *a = &list[x->at_C[c]];
            const float *value_D = ROW(x->host_TD, a->position, x->D);
            for (int d = 0; d < x->D; d++)
                product_D[d] += (double)a->value * (double)value_D[d];
        }
    }
}

err_code neuron_sums_add(neuron_sums *x, const scan_source *source, int prompt, const float *x_TD,
                         int length, err *e)
{
    backend *be = model_backend(source->model);
    be->download(be, x->host_TD, x_TD, (size_t)length * (size_t)x->D * sizeof *x_TD);
    err_code rc = backend_sync(be, e);
    if (rc)
        return rc;
    prompts_counted(x->counted_T, source->prompts, source->tokenizer, prompt);
    for (int t = 0; t < length; t++) {
        const float *value_D = ROW(x->host_TD, t, x->D);
        x->n += x->counted_T[t];
        for (int d = 0; d < x->D && x->counted_T[t]; d++) {
            x->sum_D[d] += (double)value_D[d];
            x->squares_D[d] += (double)value_D[d] * (double)value_D[d];
        }
    }
    add_products(x, prompt);
    return OK;
}

/* Of one neuron with a series of activations that sums to `sum` and in squares to `squares`. */
static correlated_neuron correlate(const neuron_sums *x, int which, int d, double sum,
                                   double squares)
{
    double n = (double)x->n, product = ROW(x->product_CD, which, x->D)[d];
    double variance = n * squares - sum * sum;
    double of_neuron = n * x->squares_D[d] - x->sum_D[d] * x->sum_D[d];
    double lengths = sqrt(squares * x->squares_D[d]);
    return (correlated_neuron){.neuron = d,
                               .correlation = variance > 0 && of_neuron > 0
                                                  ? (n * product - sum * x->sum_D[d]) /
                                                        sqrt(variance * of_neuron)
                                                  : (double)NAN,
                               .cosine = lengths > 0 ? product / lengths : (double)NAN};
}

void neuron_sums_correlate(target_neurons *out, const neuron_sums *x, int which)
{
    const token_activation *list = x->s->active[x->first + which];
    double sum = 0, squares = 0, *size_D = mem_small((size_t)x->D, sizeof *size_D);
    int best[NEURONS];
    for (size_t i = 0; i < x->s->n_active[x->first + which]; i++) {
        sum += (double)list[i].value;
        squares += (double)list[i].value * (double)list[i].value;
    }
    for (int d = 0; d < x->D; d++)
        size_D[d] = fabs(correlate(x, which, d, sum, squares).correlation);
    out->n_correlated = find_largest(best, size_D, x->D);
    for (int i = 0; i < out->n_correlated; i++)
        out->correlated[i] = correlate(x, which, best[i], sum, squares);
    mem_free(size_D);
}
