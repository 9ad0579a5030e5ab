/* Looking into a model's folder. The memory a run takes is what its own allocations ask for,
 * counted by a backend that has no memory. */
#include "model/contents.h"
#include "base/memory.h"
#include "model/forward.h"
#include "model/weights.h"
#include <string.h>

/* ---- counting ---------------------------------------------------------------------------------
 */

typedef struct counter {
    backend be; /* first: operations get it back from its address */
    size_t bytes;
} counter;

/* Never read from or written to: the operations below do nothing. */
static void *count_alloc(backend *be, size_t n, size_t size, const char *what, err *e)
{
    counter *c = (counter *)be;
    size_t bytes, total;
    if (__builtin_mul_overflow(n, size, &bytes) ||
        __builtin_add_overflow(c->bytes, bytes, &total)) {
        err_set(e, E_MEMORY, "%s: %zu numbers are more than any memory holds", what, n);
        return NULL;
    }
    c->bytes = total;
    return c;
}

static void count_free(backend *be, void *p)
{
    (void)be;
    (void)p;
}

static void count_upload(backend *be, void *to, const void *host_from, size_t bytes)
{
    (void)be;
    (void)to;
    (void)host_from;
    (void)bytes;
}

static void count_fill(backend *be, float *x, float value, size_t n)
{
    (void)be;
    (void)x;
    (void)value;
    (void)n;
}

/* The memory of one sequence's run. */
static err_code count_run(size_t *bytes, counter *c, model *m, int tokens, forward_mode mode,
                          err *e)
{
    forward *f;
    c->bytes = 0;
    err_code rc = forward_new(&f, m, 1, tokens, NULL, mode, e);
    *bytes = c->bytes;
    forward_free(f);
    return rc;
}

/* ---- tensors ----------------------------------------------------------------------------------
 */

static err_code add_kind(model_contents *out, const stored_tensor *t, err *e)
{
    int i = 0;
    while (i < out->n_kinds && strcmp(out->kinds[i].name, t->dtype_name))
        i++;
    if (i == CONTENTS_MAX_KINDS)
        return err_set(e, E_FORMAT, "%s: tensors of more than %d types", t->file,
                       CONTENTS_MAX_KINDS);
    if (i == out->n_kinds)
        out->kinds[out->n_kinds++] = (stored_kind){.name = t->dtype_name};
    out->kinds[i].n_tensors++;
    out->kinds[i].bytes += t->size;
    for (; i > 0 && out->kinds[i].bytes > out->kinds[i - 1].bytes; i--) {
        stored_kind more = out->kinds[i];
        out->kinds[i] = out->kinds[i - 1];
        out->kinds[i - 1] = more;
    }
    return OK;
}

static err_code look_at_weights(model_contents *out, const model *m, err *e)
{
    err_code rc = OK;
    for (int i = 0; i < m->n_parameters && !rc; i++) {
        const stored_tensor *t;
        const parameter *p = &m->parameters[i];
        const weight_form *form = &m->forms[i];
        rc = checkpoint_get(&t, &m->file, p->name, form->rank,
                            (const int64_t[]){form->rows, form->columns}, e);
        if (rc)
            break;
        rc = add_kind(out, t, e);
        out->n_weights++;
        out->n_parameters += p->n;
        parameter_reading how = parameter_how(m, i, t);
        out->owned_bytes += how == READ_CONVERTED ? p->n * sizeof(float)
                            : how == READ_COPIED  ? t->size
                                                  : 0;
    }
    return rc;
}

static void look_at_rest(model_contents *out, const model *m, arena *a)
{
    out->ignored = arena_push(a, (size_t)m->file.n_tensors + 1, sizeof *out->ignored);
    for (int i = 0; i < m->file.n_tensors; i++)
        if (model_is_buffer(m->file.tensors[i]->name))
            out->ignored[out->n_ignored++] = arena_strdup(a, m->file.tensors[i]->name);
    for (int i = 0; i < out->n_kinds; i++)
        out->kinds[i].name = arena_strdup(a, out->kinds[i].name);
}

err_code model_look(model_contents *out, const files *f, int tokens, arena *a, err *e)
{
    *out = (model_contents){0};
    backend *ref = backend_ref();
    counter c = {.be = *ref};
    model *m = NULL;
    c.be.alloc = count_alloc;
    c.be.free = count_free;
    c.be.upload = count_upload;
    c.be.fill = count_fill;
    err_code rc = model_open(&m, &c.be, f, e);
    if (rc)
        goto out;
    out->config = m->config;
    out->n_files = m->file.n_shards;
    out->tokens = tokens < m->config.context ? tokens : m->config.context;
    rc = look_at_weights(out, m, e);
    if (!rc)
        rc = count_run(&out->run_bytes, &c, m, out->tokens, FORWARD_ONLY, e);
    if (!rc)
        rc = count_run(&out->gradient_bytes, &c, m, out->tokens, FORWARD_INPUT_GRADIENT, e);
    if (!rc)
        look_at_rest(out, m, a);
out:
    model_free(m);
    backend_free(ref);
    return rc;
}
