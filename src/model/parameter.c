/* The parameters of a model: their declaration and their memory. */
#include "base/memory.h"
#include "model/weights.h"

static parameter *declare(model *m, const char *name, weight_form form)
{
    int i = m->n_parameters++;
    m->forms[i] = form;
    m->parameters[i] = (parameter){
        .name = name, .n = (size_t)form.rows * (size_t)form.columns, .decays = form.rank == 2};
    return &m->parameters[i];
}

parameter *declare_matrix(model *m, const char *name, int rows, int columns, float deviation)
{
    return declare(m, name,
                   (weight_form){.rank = 2,
                                 .rows = rows,
                                 .columns = columns,
                                 .keeps_type = true,
                                 .deviation = deviation});
}

parameter *declare_positions(model *m, const char *name, int rows, int columns, float deviation)
{
    return declare(
        m, name,
        (weight_form){.rank = 2, .rows = rows, .columns = columns, .deviation = deviation});
}

parameter *declare_vector(model *m, const char *name, int n, float constant, float offset)
{
    return declare(
        m, name,
        (weight_form){.rank = 1, .rows = n, .columns = 1, .constant = constant, .offset = offset});
}

parameter *declare_bias(model *m, const char *name, int n, bias_row *row, int at)
{
    return declare(m, name,
                   (weight_form){.rank = 1, .rows = n, .columns = 1, .row = row, .at = at});
}

void parameter_lend(model *m, int i, const void *stored, number_type type)
{
    union {
        const void *lent;
        float *values; /* read only until parameter_own() copies them */
    } place = {.lent = stored};
    m->parameters[i].type = type;
    m->parameters[i].stored = stored;
    m->parameters[i].value = type == NUMBER_F32 ? place.values : NULL;
}

/* Zeroed, in a row or alone; NULL with *e. */
static void *allocate(model *m, int i, size_t size, err *e)
{
    weight_form *form = &m->forms[i];
    const parameter *p = &m->parameters[i];
    bias_row *row = form->row;
    if (!row)
        return form->memory = m->be->alloc(m->be, p->n, size, p->name, e);
    if (!row->value)
        row->value = m->be->alloc(m->be, (size_t)row->n, sizeof *row->value, p->name, e);
    return row->value ? row->value + form->at : NULL;
}

err_code parameter_own(model *m, int i, err *e)
{
    parameter *p = &m->parameters[i];
    weight_form *form = &m->forms[i];
    if (p->value && (form->memory || form->row))
        return OK;
    void *old = form->memory;
    float *value = allocate(m, i, sizeof *value, e);
    if (!value) {
        form->memory = old;
        return e->code;
    }
    if (p->stored)
        m->be->widen(m->be, value, p->stored, p->type, p->n);
    m->be->free(m->be, old);
    p->type = NUMBER_F32;
    p->stored = p->value = value;
    return OK;
}

err_code parameter_copy(model *m, int i, const void *host_stored, number_type type, err *e)
{
    parameter *p = &m->parameters[i];
    void *memory = allocate(m, i, number_size(type), e);
    if (!memory)
        return e->code;
    m->be->upload(m->be, memory, host_stored, p->n * number_size(type));
    p->type = type;
    p->stored = memory;
    p->value = type == NUMBER_F32 ? memory : NULL;
    return backend_sync(m->be, e);
}

err_code parameter_want_gradient(model *m, int i, err *e)
{
    parameter *p = &m->parameters[i];
    bias_row *row = m->forms[i].row;
    if (p->gradient)
        return OK;
    if (!row)
        p->gradient = m->be->alloc(m->be, p->n, sizeof *p->gradient, p->name, e);
    else if (!row->gradient)
        row->gradient = m->be->alloc(m->be, (size_t)row->n, sizeof *row->gradient, p->name, e);
    if (row && row->gradient)
        p->gradient = row->gradient + m->forms[i].at;
    return p->gradient ? OK : e->code;
}

void parameter_free(model *m, int i)
{
    bias_row *row = m->forms[i].row;
    m->be->free(m->be, m->forms[i].memory);
    if (!row) {
        m->be->free(m->be, m->parameters[i].gradient);
        return;
    }
    m->be->free(m->be, row->value);
    m->be->free(m->be, row->gradient);
    *row = (bias_row){0};
}

err_code parameter_download(float *host, const model *m, const parameter *p, err *e)
{
    backend *be = m->be;
    if (p->value) {
        be->download(be, host, p->value, p->n * sizeof *host);
        return backend_sync(be, e);
    }
    float *wide = be->alloc(be, p->n, sizeof *wide, p->name, e);
    if (!wide)
        return e->code;
    be->widen(be, wide, p->stored, p->type, p->n);
    be->download(be, host, wide, p->n * sizeof *host);
    err_code rc = backend_sync(be, e);
    be->free(be, wide);
    return rc;
}

const float *parameter_rows(float *wide_nC, backend *be, const parameter *p, int first, int n,
                            int C)
{
    size_t at = (size_t)first * (size_t)C;
    if (p->value)
        return p->value + at;
    be->widen(be, wide_nC, (const char *)p->stored + at * number_size(p->type), p->type,
              (size_t)n * (size_t)C);
    return wide_nC;
}
