/* From a list of targets to an SAE whose features they are. */
#include "base/memory.h"
#include "data/tensor_file.h"
#include "pipeline/target.h"
#include <limits.h>
#include <string.h>

/* An item's file, open while its rows are read. Zeroed for the other kinds. */
typedef struct source_file {
    mapping map;
    tensor_file file;
    const stored_tensor *tensor;
} source_file;

typedef struct maker {
    const target_source *from;
    const target_list *list;
    hook hook;
    source_file *files; /* by item */
    int n, most;        /* rows made, and to be made */
    float *w_ND, *b_N;
    float *b_dec_D; /* NULL: none is subtracted from the input */
    const char **names;
    sha256 hash;
    arena *arena;
} maker;

static err_code at_item(const target_item *t, err *e)
{
    return err_context(e, "model.target: %s", t->text);
}

static const char *file_name(const target_item *t)
{
    const char *slash = strrchr(t->file, '/');
    return slash ? slash + 1 : t->file;
}

/* ---- the hook -----------------------------------------------------------------------------------
 */

static bool same_hook(const hook *a, const hook *b)
{
    return a->site == b->site && a->layer == b->layer;
}

/* What a neuron or a direction would see beside a contrast is the SAE's input, which need not be
 * the hook's value. b_dec is no hindrance: their bias takes it back. */
static err_code check_company(const maker *m, err *e)
{
    char processing[SAE_PROCESSING_TEXT];
    if (!m->from->dictionary || m->list->n == m->list->n_contrasts)
        return OK;
    const sae_config *c = sae_describe(m->from->dictionary);
    if (c->normalization == SAE_NORMALIZE_NONE && !c->has_head &&
        !*sae_processing_text(processing, c))
        return OK;
    return err_set(
        e, E_CONFIG,
        "model.target: the SAE %s does not read the plain value of %s (it normalises it, "
        "takes one head or processes the model's weights), so its contrasts cannot stand "
        "beside neurons and directions; run them apart",
        m->from->sae_label, c->hook);
}

static err_code find_hook(maker *m, err *e)
{
    const target_source *from = m->from;
    const char *wanted = from->dictionary ? sae_describe(from->dictionary)->hook : from->hook;
    const char *whose = from->dictionary ? from->sae_label : "model.hook";
    bool known = *wanted;
    err_code rc = known ? hook_parse(&m->hook, from->network, wanted, e) : OK;
    if (rc)
        return err_context(e, "%s", whose);
    for (int i = 0; i < m->list->n; i++) {
        const target_item *t = &m->list->items[i];
        hook own;
        if (!t->hook)
            continue;
        if (hook_parse(&own, from->network, t->hook, e))
            return at_item(t, e);
        if (known && !same_hook(&own, &m->hook))
            return err_set(e, E_CONFIG,
                           "model.target: %s is at another hook than %s, which is at %s; a run "
                           "searches at one hook",
                           t->text, whose, m->hook.name);
        m->hook = own;
        whose = known ? whose : t->text;
        known = true;
    }
    if (from->dictionary) /* of one head, its width */
        m->hook.width = sae_describe(from->dictionary)->d_in;
    return check_company(m, e);
}

/* ---- files --------------------------------------------------------------------------------------
 */

static err_code which_tensor(const target_item *t, const tensor_file *f, err *e)
{
    str names = {0};
    for (int i = 0; i < f->n_tensors; i++)
        str_addf(&names, "%s%s", i ? ", " : "", f->tensors[i].name);
    err_set(e, E_CONFIG, "%s: holds %d tensors; name one, as direction:FILE:TENSOR@HOOK%s%.300s",
            t->file, f->n_tensors, f->n_tensors ? ": " : "", str_text(&names));
    str_release(&names);
    return e->code;
}

static err_code check_rows(const stored_tensor *t, const hook *at, err *e)
{
    if ((t->rank == 1 || t->rank == 2) && t->count > 0 && t->shape[t->rank - 1] == at->width)
        return OK;
    str found = {0};
    stored_tensor_describe(&found, t);
    err_set(e, E_SHAPE, "%s: tensor %s is %s; directions at %s are [%d] or [n, %d]", t->file,
            t->name, str_text(&found), at->name, at->width, at->width);
    str_release(&found);
    return e->code;
}

/* Opens the item's file and finds its tensor, of the right shape. */
static err_code open_source(source_file *out, const target_item *t, const hook *at, err *e)
{
    err_code rc = io_map(&out->map, t->file, e);
    if (rc)
        return err_context(e, "model.target");
    rc = tensor_file_parse(&out->file, out->map.data, out->map.size, t->file, e);
    if (rc)
        return rc;
    if (!t->tensor && out->file.n_tensors != 1)
        return which_tensor(t, &out->file, e);
    const char *name = t->tensor ? t->tensor : out->file.tensors[0].name;
    out->tensor = tensor_file_find(&out->file, name);
    if (!out->tensor) /* fails, with the nearest name */
        return tensor_file_load_f32(NULL, &out->file, name, 0, NULL, e);
    return check_rows(out->tensor, at, e);
}

static err_code count_rows(maker *m, err *e)
{
    size_t rows = 0;
    m->files = arena_push(m->arena, (size_t)m->list->n, sizeof *m->files);
    for (int i = 0; i < m->list->n; i++) {
        const target_item *t = &m->list->items[i];
        if (t->kind == TARGET_DIRECTION) {
            if (open_source(&m->files[i], t, &m->hook, e))
                return e->code;
            rows += m->files[i].tensor->count / (size_t)m->hook.width;
        } else if (t->kind == TARGET_CONTRAST) {
            rows++;
        } else if (t->last < m->hook.width) {
            rows += (size_t)(t->last - t->first) + 1;
        } else {
            return err_set(e, E_CONFIG, "model.target: %s: %s has numbers 0 to %d", t->text,
                           m->hook.name, m->hook.width - 1);
        }
        if (rows > INT_MAX)
            return err_set(e, E_CONFIG, "model.target: %zu targets are too many", rows);
    }
    m->most = (int)rows;
    return OK;
}

/* ---- rows ---------------------------------------------------------------------------------------
 */

/* The next row, whose direction and bias are in place, is done: turned round, b_dec taken back. */
static void close_row(maker *m, const target_item *t, const char *name)
{
    int D = m->hook.width;
    float *w_D = ROW(m->w_ND, m->n, D);
    double taken = 0;
    for (int d = 0; d < D; d++) {
        w_D[d] = t->negative ? -w_D[d] : w_D[d];
        if (m->b_dec_D && t->kind != TARGET_CONTRAST)
            taken += (double)m->b_dec_D[d] * (double)w_D[d];
    }
    m->b_N[m->n] += (float)taken;
    m->names[m->n++] = t->negative ? arena_printf(m->arena, "minus %s", name) : name;
}

static void add_neurons(maker *m, const target_item *t)
{
    for (int i = t->first; i <= t->last; i++) {
        ROW(m->w_ND, m->n, m->hook.width)[i] = 1;
        close_row(m, t, arena_printf(m->arena, "neuron %d of %s", i, m->hook.name));
    }
}

static err_code add_directions(maker *m, const target_item *t, const source_file *f, err *e)
{
    char hex[SHA256_HEX];
    int D = m->hook.width, rows = (int)(f->tensor->count / (size_t)D);
    float *w_RD = ROW(m->w_ND, m->n, D);
    err_code rc = stored_tensor_load_f32(w_RD, f->tensor, -1, NULL, e);
    if (!rc)
        rc = check_finite(w_RD, f->tensor->count, f->tensor->file, f->tensor->name, e);
    for (int r = 0; r < rows && !rc; r++) {
        if (sae_direction_length(ROW(w_RD, r, D), D) == 0)
            rc = err_set(e, E_NUMERIC, "%s: row %d of tensor %s is zero, which is no direction",
                         t->file, r, f->tensor->name);
        close_row(m, t,
                  arena_printf(m->arena, "direction %d of %s%s%s", r, file_name(t),
                               t->tensor ? ":" : "", t->tensor ? t->tensor : ""));
    }
    sha256_of(hex, f->map.data, f->map.size);
    sha256_add(&m->hash, hex, sizeof hex);
    return rc;
}

static err_code add_contrast(maker *m, const target_item *t, err *e)
{
    int D = m->hook.width, pair[2] = {t->first, t->last};
    float bias[2], *w_D = ROW(m->w_ND, m->n, D);
    float *both_2D = mem_small(2 * (size_t)D, sizeof *both_2D);
    sae_columns *columns = NULL;
    err_code rc = sae_columns_new(&columns, m->from->dictionary, pair, 2, e);
    if (!rc)
        rc = sae_columns_copy(both_2D, bias, columns, e);
    if (!rc) {
        for (int d = 0; d < D; d++)
            w_D[d] = both_2D[d] - both_2D[D + d];
        m->b_N[m->n] = bias[0] - bias[1];
        if (sae_direction_length(w_D, D) == 0)
            rc = err_set(e, E_NUMERIC, "the two have the same encoder direction");
    }
    sae_columns_free(columns);
    mem_free(both_2D);
    if (rc)
        return at_item(t, e);
    close_row(m, t, arena_printf(m->arena, "feature %d minus feature %d", pair[0], pair[1]));
    sha256_add(&m->hash, m->from->sae_sha256, strlen(m->from->sae_sha256) + 1);
    return OK;
}

static err_code allocate(maker *m, err *e)
{
    size_t n = (size_t)m->most, D = (size_t)m->hook.width;
    m->names = arena_push(m->arena, n, sizeof *m->names);
    m->b_N = mem_small(n, sizeof *m->b_N);
    m->w_ND = mem_array(n * D, sizeof *m->w_ND, "directions of model.target", e);
    sae *s = m->from->dictionary;
    if (!m->w_ND || !s || !sae_describe(s)->apply_b_dec_to_input)
        return m->w_ND ? OK : e->code;
    m->b_dec_D = mem_small(D, sizeof *m->b_dec_D);
    return sae_decoder_bias(m->b_dec_D, s, e);
}

static err_code add_rows(maker *m, err *e)
{
    err_code rc = allocate(m, e);
    for (int i = 0; i < m->list->n && !rc; i++) {
        const target_item *t = &m->list->items[i];
        str key = {0};
        str_addf(&key, "%d %d %s %s %d %d", (int)t->kind, t->negative, m->hook.name,
                 t->tensor ? t->tensor : "", t->first, t->last);
        sha256_add(&m->hash, key.data, key.len + 1);
        str_release(&key);
        if (t->kind == TARGET_NEURON)
            add_neurons(m, t);
        else if (t->kind == TARGET_DIRECTION)
            rc = add_directions(m, t, &m->files[i], e);
        else
            rc = add_contrast(m, t, e);
    }
    return rc;
}

/* ---- the whole ----------------------------------------------------------------------------------
 */

static const char *plural(int n)
{
    return n == 1 ? "" : "s";
}

/* "2 neurons of hook_embed and 1 direction of probe.npz" */
static const char *label_of(const maker *m)
{
    int neurons = 0, directions = 0;
    const char *label = "", *file = NULL;
    for (int i = 0; i < m->list->n; i++) {
        const target_item *t = &m->list->items[i];
        if (t->kind == TARGET_NEURON)
            neurons += t->last - t->first + 1;
        if (t->kind != TARGET_DIRECTION)
            continue;
        directions += (int)(m->files[i].tensor->count / (size_t)m->hook.width);
        file = file && strcmp(file, file_name(t)) ? "several files" : file_name(t);
    }
    if (neurons)
        label = arena_printf(m->arena, "%d neuron%s of %s", neurons, plural(neurons), m->hook.name);
    if (directions)
        label = arena_printf(m->arena, "%s%s%d direction%s of %s", label, *label ? " and " : "",
                             directions, plural(directions), file);
    if (m->list->n_contrasts)
        label = arena_printf(m->arena, "%s%s%d contrast%s of features of %s", label,
                             *label ? " and " : "", m->list->n_contrasts,
                             plural(m->list->n_contrasts), m->from->sae_label);
    return label;
}

/* What targets read. */
static sae_config config_of(const maker *m)
{
    const target_source *from = m->from;
    sae_config c = {.prepend_bos = from->prepend_bos};
    if (from->dictionary)
        c = *sae_describe(from->dictionary);
    c.d_in = m->hook.width;
    memcpy(c.hook, m->hook.name, sizeof c.hook);
    return c;
}

err_code target_make(target_set *out, const target_list *list, const target_source *from, arena *a,
                     err *e)
{
    maker m = {.from = from, .list = list, .arena = a};
    *out = (target_set){0};
    sha256_start(&m.hash);
    err_code rc = find_hook(&m, e);
    if (!rc)
        rc = count_rows(&m, e);
    if (!rc)
        rc = add_rows(&m, e);
    if (!rc) {
        sae_config like = config_of(&m);
        rc = sae_of_directions(&out->sae, from->be, &like, m.w_ND, m.b_N, m.b_dec_D, m.n, e);
    }
    if (!rc) {
        out->names = m.names;
        out->label = label_of(&m);
        sha256_finish(&m.hash, out->sha256);
    }
    for (int i = 0; m.files && i < list->n; i++) {
        tensor_file_close(&m.files[i].file);
        io_unmap(&m.files[i].map);
    }
    mem_free(m.b_dec_D);
    mem_free(m.w_ND);
    mem_free(m.b_N);
    return rc;
}
