/* AdamW (Loshchilov, Hutter 2019) over a parameter list; clipping by global norm (Pascanu et al.
 * 2013); the update itself is the backend's. */
#include "train/adamw.h"
#include "base/memory.h"
#include <math.h>

struct adamw {
    backend *be;
    const parameter *list;
    int n;
    float **first, **second;
};

float adamw_rate(const adamw_options *o, long step)
{
    double rate = (double)o->peak_rate;
    if (step < o->warmup)
        return (float)(rate * (double)step / (double)o->warmup);
    long into_decay = step - (o->steps - o->decay);
    if (into_decay <= 0 || o->decay <= 0)
        return o->peak_rate;
    double falling = 0.5 * (1 + cos(acos(-1.0) * (double)into_decay / (double)o->decay));
    double share = (double)o->final_share;
    return (float)(rate * (share + (1 - share) * falling));
}

void adamw_free(adamw *a)
{
    if (!a)
        return;
    for (int i = 0; i < a->n; i++) {
        a->be->free(a->be, a->first[i]);
        a->be->free(a->be, a->second[i]);
    }
    mem_free(a->first);
    mem_free(a->second);
    mem_free(a);
}

err_code adamw_new(adamw **out, backend *be, const parameter *list, int n, err *e)
{
    adamw *a = mem_small(1, sizeof *a);
    *a = (adamw){be, list, n, mem_small((size_t)n, sizeof(float *)),
                 mem_small((size_t)n, sizeof(float *))};
    *out = NULL;
    for (int i = 0; i < n; i++) {
        a->first[i] = be->alloc(be, list[i].n, sizeof(float), "optimiser state", e);
        if (a->first[i])
            a->second[i] = be->alloc(be, list[i].n, sizeof(float), "optimiser state", e);
        if (!a->second[i]) {
            adamw_free(a);
            return e->code;
        }
    }
    *out = a;
    return OK;
}

err_code adamw_step(double *norm, adamw *a, const adamw_options *o, long step, err *e)
{
    double squares = 0;
    for (int i = 0; i < a->n; i++) {
        double sum = 0;
        a->be->sum_squares(a->be, &sum, a->list[i].gradient, a->list[i].n);
        squares += sum;
    }
    double length = sqrt(squares);
    if (norm)
        *norm = length;
    if (!isfinite(length))
        return err_set(e, E_NUMERIC,
                       "training diverged at step %ld: the gradient is not finite; "
                       "a lower learning rate than %g may help",
                       step, (double)o->peak_rate);
    adamw_settings s = {.learning_rate = adamw_rate(o, step),
                        .beta1 = o->beta1,
                        .beta2 = o->beta2,
                        .eps = o->eps,
                        .gradient_scale = 1,
                        .step = (int)step};
    if (o->max_norm > 0 && length > (double)o->max_norm)
        s.gradient_scale = (float)((double)o->max_norm / length);
    for (int i = 0; i < a->n; i++) {
        s.weight_decay = a->list[i].decays ? o->weight_decay : 0;
        a->be->adamw(a->be, a->list[i].value, a->list[i].gradient, a->first[i], a->second[i],
                     a->list[i].n, &s);
    }
    return backend_sync(a->be, e);
}

float *adamw_first(adamw *a, int i)
{
    return a->first[i];
}

float *adamw_second(adamw *a, int i)
{
    return a->second[i];
}
