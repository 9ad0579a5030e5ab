/* From a pickle's tree to the list of tensors. The pickle says where in which storage a tensor
 * lies; every number of it is checked against the storage before it is used. */
#include "data/torch_file.h"
#include "base/memory.h"
#include "data/pickle.h"
#include <inttypes.h>
#include <string.h>

enum {
    MAX_PICKLE_BYTES = 4 << 20, /* 20,000 tensors; its tree can take a hundred times as much */
    MAX_ENTRIES = 1 << 20       /* of all dicts looked at: one dict can stand in many places */
};

/* What a data.pkl may ask for. Nothing of it is run; INERT ones are values we have no use for. */
typedef enum { ORDERED_DICT, TENSOR, PARAMETER, STORAGE, INERT } meaning;

static const struct {
    const char *name;
    meaning meaning;
    dtype type;
    size_t size;
} globals[] = {
    {"collections.OrderedDict", ORDERED_DICT, DTYPE_UNKNOWN, 0},
    {"torch._utils._rebuild_tensor_v2", TENSOR, DTYPE_UNKNOWN, 0},
    {"torch._utils._rebuild_parameter", PARAMETER, DTYPE_UNKNOWN, 0},
    {"torch.DoubleStorage", STORAGE, DTYPE_F64, 8},
    {"torch.FloatStorage", STORAGE, DTYPE_F32, 4},
    {"torch.HalfStorage", STORAGE, DTYPE_F16, 2},
    {"torch.BFloat16Storage", STORAGE, DTYPE_BF16, 2},
    {"torch.LongStorage", STORAGE, DTYPE_I64, 8},
    {"torch.IntStorage", STORAGE, DTYPE_I32, 4},
    {"torch.ShortStorage", STORAGE, DTYPE_I16, 2},
    {"torch.CharStorage", STORAGE, DTYPE_I8, 1},
    {"torch.ByteStorage", STORAGE, DTYPE_U8, 1},
    {"torch.BoolStorage", STORAGE, DTYPE_BOOL, 1},
    {"torch.ComplexFloatStorage", STORAGE, DTYPE_UNKNOWN, 8},
    {"torch.ComplexDoubleStorage", STORAGE, DTYPE_UNKNOWN, 16},
    {"torch.Size", INERT, DTYPE_UNKNOWN, 0},
    {"torch.device", INERT, DTYPE_UNKNOWN, 0},
    {"torch.float64", INERT, DTYPE_UNKNOWN, 0},
    {"torch.float32", INERT, DTYPE_UNKNOWN, 0},
    {"torch.float16", INERT, DTYPE_UNKNOWN, 0},
    {"torch.bfloat16", INERT, DTYPE_UNKNOWN, 0},
};

static int lookup(const char *name)
{
    for (int i = 0; i < (int)COUNT_OF(globals); i++)
        if (strcmp(globals[i].name, name) == 0)
            return i;
    return -1;
}

static bool is_call(const pickle_value *v, meaning what)
{
    return v->kind == PICKLE_CALL && globals[v->object->called].meaning == what;
}

static bool is_tensor(const pickle_value *v)
{
    return is_call(v, TENSOR) || is_call(v, PARAMETER);
}

static bool is_dict(const pickle_value *v)
{
    return v->kind == PICKLE_DICT || (is_call(v, ORDERED_DICT) && v->object->items.n == 0);
}

static bool is_text(const pickle_value *v, const char *text)
{
    return v->kind == PICKLE_TEXT && v->length == strlen(text) &&
           memcmp(v->text, text, v->length) == 0;
}

static bool read_int(int64_t *out, const pickle_value *v)
{
    *out = v->kind == PICKLE_INT ? v->integer : -1;
    return *out >= 0;
}

/* ---- one tensor -------------------------------------------------------------------------------
 */

/* The reader's state. */
typedef struct reader {
    tensor_file *out;
    const zip *archive;
    const char *folder; /* in the archive, with its slash */
} reader;

/* A tensor's numbers, in elements. */
typedef struct view {
    const unsigned char *storage;
    size_t item;
    int64_t n_storage, offset, strides[TENSOR_MAX_RANK];
} view;

static err_code bad_tensor(const stored_tensor *t, const char *what, err *e)
{
    return err_set(e, E_FORMAT, "%s: tensor %s: %s", t->file, t->name, what);
}

/* ("storage", class, key, device, number of elements): the member data/KEY of the archive. */
static err_code read_storage(view *out, stored_tensor *t, const reader *r, const pickle_value *id,
                             err *e)
{
    const pickle_value *parts = id->kind == PICKLE_PERSISTENT ? id->object->items.data : NULL;
    if (!parts || id->object->items.n != 5 || !is_text(&parts[0], "storage") ||
        parts[1].kind != PICKLE_GLOBAL || globals[parts[1].integer].meaning != STORAGE ||
        parts[2].kind != PICKLE_TEXT || !read_int(&out->n_storage, &parts[4]))
        return bad_tensor(t, "its storage is not described as torch.save does", e);
    const char *class = globals[parts[1].integer].name;
    t->dtype_name = class + strlen("torch.");
    t->type = globals[parts[1].integer].type;
    out->item = globals[parts[1].integer].size;
    err_code rc = stored_name_check(parts[2].text, parts[2].length, t->file, e);
    if (rc)
        return rc;
    const char *name = arena_printf(&r->out->memory, "%sdata/%.*s", r->folder, (int)parts[2].length,
                                    parts[2].text);
    zip_member *m = zip_find(r->archive, name);
    if (!m)
        return err_set(e, E_FORMAT, "%s: tensor %s: the archive has no member %s", t->file, t->name,
                       name);
    rc = zip_read(m, r->archive, &r->out->unpacked, e);
    if (rc)
        return rc;
    size_t size;
    if (__builtin_mul_overflow((size_t)out->n_storage, out->item, &size) || size != m->size)
        return err_set(e, E_FORMAT,
                       "%s: tensor %s: %" PRId64 " elements of %s do not fill the %zu bytes of %s",
                       t->file, t->name, out->n_storage, t->dtype_name, m->size, name);
    out->storage = m->bytes;
    return OK;
}

static err_code read_shape(view *out, stored_tensor *t, const pickle_value *shape,
                           const pickle_value *strides, err *e)
{
    if (shape->kind != PICKLE_TUPLE || strides->kind != PICKLE_TUPLE ||
        shape->object->items.n != strides->object->items.n)
        return bad_tensor(t, "its shape and strides are not two tuples of one length", e);
    t->count = 1;
    for (size_t i = 0; i < shape->object->items.n; i++) {
        int64_t size;
        if (!read_int(&size, &shape->object->items.data[i]))
            return bad_tensor(t, "its shape holds something that is no size", e);
        err_code rc = stored_tensor_add_size(t, (size_t)size, e);
        if (rc)
            return rc;
        if (!read_int(&out->strides[i], &strides->object->items.data[i]))
            return bad_tensor(t, "its strides hold something that is no step", e);
    }
    return OK;
}

/* Every element must lie in the storage; only then are offsets computed without checks. */
static bool is_inside(const view *v, const stored_tensor *t)
{
    int64_t last = v->offset;
    for (int d = 0; d < t->rank; d++) {
        int64_t reach;
        if (__builtin_mul_overflow(t->shape[d] - 1, v->strides[d], &reach) ||
            __builtin_add_overflow(last, reach, &last))
            return false;
    }
    return last < v->n_storage;
}

static bool is_row_major(const view *v, const stored_tensor *t)
{
    int64_t step = 1;
    for (int d = t->rank - 1; d >= 0; d--) {
        if (t->shape[d] != 1 && v->strides[d] != step)
            return false;
        step *= t->shape[d];
    }
    return true;
}

static err_code place(stored_tensor *t, const view *v, const reader *r, err *e)
{
    t->bytes = v->storage;
    if (t->count == 0)
        return OK;
    if (!is_inside(v, t))
        return bad_tensor(t, "it reaches past the end of its storage", e);
    if (t->count > (size_t)v->n_storage)
        return err_set(e, E_FORMAT,
                       "%s: tensor %s: an expanded view of %zu elements on a storage of %" PRId64
                       "; save it after .contiguous()",
                       t->file, t->name, t->count, v->n_storage);
    t->size = t->count * v->item;
    const unsigned char *from = v->storage + (size_t)v->offset * v->item;
    if (!is_row_major(v, t))
        return tensor_file_gather(r->out, t, from, v->strides, e);
    t->bytes = from;
    return OK;
}

/* _rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks[, metadata]), perhaps
 * inside _rebuild_parameter(tensor, requires_grad, hooks). */
static err_code read_tensor(stored_tensor *t, const reader *r, const pickle_value *value, err *e)
{
    if (is_call(value, PARAMETER)) {
        if (value->object->items.n != 3 || value->object->has_state)
            return bad_tensor(t, "a parameter with other arguments than torch.save writes", e);
        value = &value->object->items.data[0];
    }
    const pickle_object *call = is_call(value, TENSOR) ? value->object : NULL;
    if (!call || call->has_state || call->items.n < 6 || call->items.n > 7 ||
        (call->items.n == 7 && call->items.data[6].kind != PICKLE_NONE))
        return bad_tensor(t, "a tensor with other arguments than torch.save writes for plain ones",
                          e);
    const pickle_value *args = call->items.data;
    view v = {0};
    err_code rc = read_storage(&v, t, r, &args[0], e);
    if (!rc && !read_int(&v.offset, &args[1]))
        rc = bad_tensor(t, "its place in the storage is not a number", e);
    if (!rc)
        rc = read_shape(&v, t, &args[2], &args[3], e);
    return rc ? rc : place(t, &v, r, e);
}

/* ---- the dict ---------------------------------------------------------------------------------
 */

static size_t count_tensors(const pickle_value *dict)
{
    size_t n = 0;
    const pickle_values *pairs = &dict->object->pairs;
    for (size_t i = 0; i < pairs->n; i += 2)
        n += is_tensor(&pairs->data[i + 1]);
    return n;
}

/* Appends a key to a name. */
static err_code add_key(str *name, const pickle_value *key, const char *file, err *e)
{
    if (key->kind == PICKLE_TEXT)
        str_add_bytes(name, key->text, key->length);
    else if (key->kind == PICKLE_INT)
        str_addf(name, "%" PRId64, key->integer);
    else
        return err_set(e, E_FORMAT, "%s: a tensor in it has a key that is no string", file);
    return OK;
}

/* Lists the tensors of one dict. `outer` is its own key, NULL when names do not show it. */
static err_code list_dict(const reader *r, const pickle_value *dict, const pickle_value *outer,
                          err *e)
{
    tensor_file *out = r->out;
    const pickle_values *pairs = &dict->object->pairs;
    str name = {0};
    err_code rc = OK;
    for (size_t i = 0; !rc && i < pairs->n; i += 2) {
        if (!is_tensor(&pairs->data[i + 1]))
            continue;
        str_clear(&name);
        rc = outer ? add_key(&name, outer, out->label, e) : OK;
        if (outer)
            str_add_char(&name, '.');
        if (!rc)
            rc = add_key(&name, &pairs->data[i], out->label, e);
        if (!rc)
            rc = stored_name_check(str_text(&name), name.len, out->label, e);
        if (rc)
            break;
        stored_tensor *t = &out->tensors[out->n_tensors++];
        t->file = out->label;
        t->name = arena_strdup(&out->memory, str_text(&name));
        rc = read_tensor(t, r, &pairs->data[i + 1], e);
    }
    str_release(&name);
    return rc;
}

/* Counts the tensors of the root and, per inner dict, of those. */
static err_code survey(size_t *n_tensors, size_t *n_dicts, const pickle_value *root,
                       const char *file, err *e)
{
    const pickle_values *pairs = &root->object->pairs;
    size_t n_entries = pairs->n / 2;
    *n_dicts = 0;
    *n_tensors = count_tensors(root);
    for (size_t i = 0; i < pairs->n && n_entries <= MAX_ENTRIES; i += 2) {
        const pickle_value *inner = &pairs->data[i + 1];
        size_t n = is_dict(inner) ? count_tensors(inner) : 0;
        n_entries += is_dict(inner) ? inner->object->pairs.n / 2 : 0;
        *n_tensors += n;
        *n_dicts += n > 0;
    }
    if (n_entries > MAX_ENTRIES)
        return err_set(e, E_FORMAT, "%s: its dicts have more than %d entries", file,
                       (int)MAX_ENTRIES);
    if (*n_tensors == 0)
        return err_set(e, E_FORMAT,
                       "%s: no tensor in it; a dict of tensors is expected, as "
                       "state_dict() gives",
                       file);
    return OK;
}

static err_code list_tensors(const reader *r, const pickle_value *root, err *e)
{
    tensor_file *out = r->out;
    size_t n_tensors, n_dicts;
    if (!is_dict(root))
        return err_set(e, E_FORMAT,
                       "%s: holds something else than a dict of tensors; save the "
                       "model's state_dict()",
                       out->label);
    err_code rc = survey(&n_tensors, &n_dicts, root, out->label, e);
    if (rc)
        return rc;
    out->tensors = arena_push(&out->memory, n_tensors, sizeof *out->tensors);
    bool alone = n_dicts == 1 && count_tensors(root) == 0;
    rc = list_dict(r, root, NULL, e);
    const pickle_values *pairs = &root->object->pairs;
    for (size_t i = 0; !rc && i < pairs->n; i += 2)
        if (is_dict(&pairs->data[i + 1]))
            rc = list_dict(r, &pairs->data[i + 1], alone ? NULL : &pairs->data[i], e);
    return rc ? rc : tensor_file_sort(out, e);
}

/* ---- the archive ------------------------------------------------------------------------------
 */

/* The data.pkl in the archive's one folder (or in none, when it was packed again), or NULL. */
static zip_member *find_pickle(const zip *z)
{
    for (size_t i = 0; i < z->n_members; i++) {
        const char *slash = strchr(z->members[i].name, '/');
        if (strcmp(slash ? slash + 1 : z->members[i].name, "data.pkl") == 0)
            return &z->members[i];
    }
    return NULL;
}

bool torch_is(const zip *z)
{
    return find_pickle(z) != NULL;
}

static err_code check_byte_order(const reader *r, err *e)
{
    tensor_file *out = r->out;
    zip_member *order = zip_find(r->archive, arena_printf(&out->memory, "%sbyteorder", r->folder));
    if (!order) /* older torch wrote none, on little-endian machines only */
        return OK;
    err_code rc = zip_read(order, r->archive, &out->unpacked, e);
    if (!rc && (order->size != 6 || memcmp(order->bytes, "little", 6) != 0))
        rc = err_set(e, E_FORMAT, "%s: not written on a little-endian machine", out->label);
    return rc;
}

err_code torch_read(tensor_file *out, const zip *z, err *e)
{
    zip_member *pickle = find_pickle(z);
    size_t n_folder = strlen(pickle->name) - strlen("data.pkl");
    reader r = {out, z, arena_strndup(&out->memory, pickle->name, n_folder)};
    if (pickle->size > MAX_PICKLE_BYTES)
        return err_set(e, E_FORMAT, "%s: its %s has %zu bytes, the limit is %d", out->label,
                       pickle->name, pickle->size, (int)MAX_PICKLE_BYTES);
    err_code rc = check_byte_order(&r, e);
    if (!rc)
        rc = zip_read(pickle, z, &out->unpacked, e);
    pickle_value root;
    if (!rc)
        rc = pickle_parse(&root, pickle->bytes, pickle->size, lookup, out->label, &out->memory, e);
    return rc ? rc : list_tensors(&r, &root, e);
}
