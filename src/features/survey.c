/* The second pass over the prompts: chosen columns of the SAE only, active tokens kept. */
#include "features/survey.h"
#include "base/memory.h"
#include <stdlib.h>

typedef struct surveyor {
    const scan_source *source;
    sae_columns *columns;
    backend *be;
    int C;
    float *f_TC;      /* backend */
    float *host_f_TC; /* ordinary memory */
    bool *counted_T;
    survey *out;
    size_t *capacity;
} surveyor;

static void keep(surveyor *v, int which, token_activation found)
{
    survey *s = v->out;
    if (s->n_active[which] == v->capacity[which]) {
        v->capacity[which] = 2 * v->capacity[which] + 64;
        s->active[which] = mem_grow(s->active[which], v->capacity[which], sizeof **s->active);
    }
    s->active[which][s->n_active[which]++] = found;
}

static err_code take_prompt(void *context, int prompt, const float *x_TD, int length, err *e)
{
    surveyor *v = context;
    sae_encode_columns(v->f_TC, NULL, v->columns, x_TD, length);
    v->be->download(v->be, v->host_f_TC, v->f_TC,
                    (size_t)length * (size_t)v->C * sizeof *v->host_f_TC);
    err_code rc = backend_sync(v->be, e);
    if (rc)
        return rc;
    prompts_counted(v->counted_T, v->source->prompts, v->source->tokenizer, prompt);
    for (int t = 0; t < length; t++)
        for (int c = 0; c < v->C && v->counted_T[t]; c++) {
            float value = ROW(v->host_f_TC, t, v->C)[c];
            if (value > 0)
                keep(v, c, (token_activation){.prompt = prompt, .position = t, .value = value});
        }
    return OK;
}

err_code survey_features(survey *out, const scan_source *source, sae *s, const int *features, int n,
                         err *e)
{
    size_t longest = (size_t)prompts_longest(source->prompts), cells = longest * (size_t)n;
    *out = (survey){.n_features = n,
                    .features = features,
                    .active = mem_small((size_t)n, sizeof *out->active),
                    .n_active = mem_small((size_t)n, sizeof *out->n_active)};
    surveyor v = {.source = source,
                  .be = model_backend(source->model),
                  .C = n,
                  .out = out,
                  .counted_T = mem_small(longest, sizeof *v.counted_T),
                  .capacity = mem_small((size_t)n, sizeof *v.capacity)};
    err_code rc = sae_columns_new(&v.columns, s, features, n, e);
    if (rc)
        goto out;
    v.f_TC = v.be->alloc(v.be, cells, sizeof *v.f_TC, "activations of the chosen features", e);
    v.host_f_TC = mem_array(cells, sizeof *v.host_f_TC, "activations of the chosen features", e);
    if (!v.f_TC || !v.host_f_TC) {
        rc = e->code;
        goto out;
    }
    rc = scan_prompts(source, take_prompt, &v, e);
out:
    sae_columns_free(v.columns);
    v.be->free(v.be, v.f_TC);
    mem_free(v.host_f_TC);
    mem_free(v.counted_T);
    mem_free(v.capacity);
    if (rc)
        survey_release(out);
    return rc;
}

void survey_release(survey *s)
{
    for (int i = 0; i < s->n_features; i++)
        mem_free(s->active[i]);
    mem_free(s->active);
    mem_free(s->n_active);
    *s = (survey){0};
}

static int by_token(const void *a, const void *b)
{
    const token_stat *x = a, *y = b;
    return (x->token > y->token) - (x->token < y->token);
}

static int by_falling_mean(const void *a, const void *b)
{
    const token_stat *x = a, *y = b;
    if (x->mean != y->mean)
        return x->mean < y->mean ? 1 : -1;
    return by_token(a, b);
}

/* Equal tokens by falling value, so that their sum is taken in one order. */
static int by_token_then_value(const void *a, const void *b)
{
    int order = by_token(a, b);
    return order ? order : by_falling_mean(a, b);
}

int survey_tokens(token_stat **out, const survey *s, int which, const prompt_set *p, int min_count,
                  arena *a)
{
    size_t n = s->n_active[which];
    token_stat *all = mem_small(n + 1, sizeof *all);
    for (size_t i = 0; i < n; i++) {
        const token_activation *t = &s->active[which][i];
        all[i] = (token_stat){.token = prompts_tokens(p, t->prompt)[t->position],
                              .n_active = 1,
                              .mean = (double)t->value,
                              .max = t->value};
    }
    qsort(all, n, sizeof *all, by_token_then_value);
    int merged = 0;
    for (size_t i = 0; i < n; i++) {
        if (merged && all[merged - 1].token == all[i].token) {
            token_stat *m = &all[merged - 1];
            m->n_active++;
            m->mean += all[i].mean;
            m->max = m->max > all[i].max ? m->max : all[i].max;
        } else {
            all[merged++] = all[i];
        }
    }
    int kept = 0;
    for (int i = 0; i < merged; i++) {
        if (all[i].n_active < min_count)
            continue;
        all[kept] = all[i];
        all[kept++].mean /= (double)all[i].n_active;
    }
    qsort(all, (size_t)kept, sizeof *all, by_falling_mean);
    *out = arena_push(a, (size_t)kept + 1, sizeof **out);
    for (int i = 0; i < kept; i++)
        (*out)[i] = all[i];
    mem_free(all);
    return kept;
}
