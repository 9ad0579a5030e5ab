/* A prompt's queries, keys and values, of which the host makes the pattern of one row in double. */
#include "effects/attention.h"
#include "base/memory.h"
#include <math.h>
#include <string.h>

struct attention_reader {
    const effect_setting *s;
    forward *pass;
    attention_shape shape;
    hook query, key, value;   /* of all heads */
    float *q_Z, *k_TE, *v_TE; /* Z, E: heads, key-value heads times d_head */
    double *part_T, *weight_T;
};

bool attention_is_read(const hook *read)
{
    return read->site == HOOK_Z;
}

void attention_reader_free(attention_reader *r)
{
    if (!r)
        return;
    forward_free(r->pass);
    void *arrays[] = {r->q_Z, r->k_TE, r->v_TE, r->part_T, r->weight_T};
    for (size_t i = 0; i < COUNT_OF(arrays); i++)
        mem_free(arrays[i]);
    mem_free(r);
}

/* Rotating models compare what they have rotated. */
static void find_hooks(attention_reader *r)
{
    const model_config *c = model_describe(r->s->model);
    int layer = r->s->read->layer;
    if (!hook_of_site(&r->query, c, HOOK_ROT_Q, layer))
        hook_of_site(&r->query, c, HOOK_Q, layer);
    if (!hook_of_site(&r->key, c, HOOK_ROT_K, layer))
        hook_of_site(&r->key, c, HOOK_K, layer);
    hook_of_site(&r->value, c, HOOK_V, layer);
    r->value.less = r->s->read->less;
}

err_code attention_reader_new(attention_reader **out, const effect_setting *s, err *e)
{
    *out = NULL;
    if (!attention_is_read(s->read))
        return err_set(e, E_CONFIG, "%s is not made of what attention brings", s->read->name);
    attention_reader *r = mem_small(1, sizeof *r);
    int longest = prompts_longest(s->prompts);
    size_t T = (size_t)longest;
    *r = (attention_reader){
        .s = s,
        .shape = model_attention(model_describe(s->model), s->read->layer, 1, longest),
        .part_T = mem_small(T, sizeof *r->part_T),
        .weight_T = mem_small(T, sizeof *r->weight_T)};
    find_hooks(r);
    r->q_Z = mem_small((size_t)r->query.width, sizeof *r->q_Z);
    r->k_TE = mem_array(T * (size_t)r->key.width, sizeof *r->k_TE, "keys of a prompt", e);
    r->v_TE = mem_array(T * (size_t)r->value.width, sizeof *r->v_TE, "values of a prompt", e);
    err_code rc = r->k_TE && r->v_TE ? OK : e->code;
    if (!rc)
        rc = forward_new(&r->pass, s->model, 1, longest, s->read, FORWARD_ONLY, e);
    if (rc)
        attention_reader_free(r);
    else
        *out = r;
    return rc;
}

/* Rows first .. last of the hook's value, when the prompt ends with its token `last`. */
static err_code read_rows(float *host_NW, attention_reader *r, const hook *at, int prompt,
                          int first, int last, err *e)
{
    backend *be = model_backend(r->s->model);
    const int32_t *tokens = prompts_tokens(r->s->prompts, prompt);
    err_code rc = forward_tokens(r->pass, tokens, 1, last + 1, at, e);
    if (rc)
        return rc;
    be->download(be, host_NW, ROW(forward_hook(r->pass), first, at->width),
                 (size_t)(last + 1 - first) * (size_t)at->width * sizeof *host_NW);
    return backend_sync(be, e);
}

static double dot(const float *a, const float *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* weight_T[first .. last]: how much head h of token `last` takes from each. */
static void make_pattern(attention_reader *r, int h, int first, int last)
{
    const attention_shape *s = &r->shape;
    int K = s->d_head, g = h / (s->n_heads / s->n_kv_heads);
    double cap = (double)s->softcap, largest = -HUGE_VAL, total = 0;
    for (int t = first; t <= last; t++) {
        const float *key = ROW(r->k_TE, t, r->key.width) + g * K;
        double score = (double)s->scale * dot(r->q_Z + h * K, key, K);
        r->weight_T[t] = cap > 0 ? cap * tanh(score / cap) : score;
        largest = fmax(largest, r->weight_T[t]);
    }
    for (int t = first; t <= last; t++)
        total += r->weight_T[t] = exp(r->weight_T[t] - largest);
    for (int t = first; t <= last; t++)
        r->weight_T[t] /= total;
}

err_code attention_parts(float *part_T, float *part_H, attention_reader *r, const float *column_D,
                         int prompt, int position, err *e)
{
    const attention_shape *s = &r->shape;
    int K = s->d_head, length = prompts_length(r->s->prompts, prompt), head = r->s->read->head;
    int first = s->window && position >= s->window ? position - s->window + 1 : 0;
    err_code rc = read_rows(r->q_Z, r, &r->query, prompt, position, position, e);
    if (!rc)
        rc = read_rows(r->k_TE, r, &r->key, prompt, 0, position, e);
    if (!rc)
        rc = read_rows(r->v_TE, r, &r->value, prompt, 0, position, e);
    if (rc)
        return rc;
    memset(r->part_T, 0, (size_t)length * sizeof *r->part_T);
    memset(part_H, 0, (size_t)s->n_heads * sizeof *part_H);
    for (int h = head < 0 ? 0 : head; h < (head < 0 ? s->n_heads : head + 1); h++) {
        const float *column_K = column_D + (head < 0 ? h * K : 0);
        int g = h / (s->n_heads / s->n_kv_heads);
        double of_head = 0;
        make_pattern(r, h, first, position);
        for (int t = first; t <= position; t++) {
            const float *value_K = ROW(r->v_TE, t, r->value.width) + g * K;
            double part = r->weight_T[t] * dot(value_K, column_K, K);
            r->part_T[t] += part;
            of_head += part;
        }
        part_H[h] = (float)of_head;
    }
    for (int t = 0; t < length; t++)
        part_T[t] = (float)r->part_T[t];
    return OK;
}
