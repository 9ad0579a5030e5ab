/* The user's own table of releases, a JSON file (hub/release.h shows one). */
#include "hub/release.h"
#include "base/json.h"
#include "base/memory.h"
#include <string.h>

enum { LARGEST_FILE = 16 << 20, MOST_LAYERS = 1000 };

static const char *const row_keys[] = {"release",
                                       "id",
                                       "repo",
                                       "folder",
                                       "layers",
                                       "layout",
                                       "model",
                                       "hook",
                                       "hook_out",
                                       "context",
                                       "prepend_bos",
                                       "normalize_activations",
                                       "center_writing_weights",
                                       "fold_ln",
                                       "picks",
                                       "norm_scaling_factor"};

static err_code refuse_unknown_keys(const cJSON *row, const char *where, err *e)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, row) {
        bool known = false;
        for (size_t i = 0; i < COUNT_OF(row_keys) && !known; i++)
            known = !strcmp(item->string, row_keys[i]);
        if (!known)
            return err_set(e, E_FORMAT, "%s: no key \"%.100s\"; did you mean \"%s\"?", where,
                           item->string, nearest_name(item->string, row_keys, COUNT_OF(row_keys)));
    }
    return OK;
}

static err_code read_text(const char **out, const cJSON *row, const char *key, bool needed,
                          const char *where, arena *a, err *e)
{
    const char *text;
    if (!needed && !json_member(row, key))
        return OK;
    err_code rc = json_string(&text, row, key, where, e);
    if (!rc)
        *out = arena_strdup(a, text);
    return rc;
}

static err_code read_answer(hub_answer *out, const cJSON *row, const char *key, const char *where,
                            err *e)
{
    bool value;
    if (!json_member(row, key))
        return OK;
    err_code rc = json_bool(&value, row, key, where, e);
    if (!rc)
        *out = value ? HUB_YES : HUB_NO;
    return rc;
}

/* A list of numbers, all of them in [least, most]; *n 0 when the key is absent. */
static err_code read_numbers(double **out, int *n, const cJSON *row, const char *key, double least,
                             double most, const char *where, arena *a, err *e)
{
    const cJSON *list = json_member(row, key), *item;
    *n = 0;
    if (!list)
        return OK;
    int size = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
    if (size < 1 || size > MOST_LAYERS)
        return err_set(e, E_FORMAT, "%s: \"%s\" should be a list of 1 to %d numbers", where, key,
                       MOST_LAYERS);
    *out = arena_push(a, (size_t)size, sizeof **out);
    cJSON_ArrayForEach(item, list) {
        if (!cJSON_IsNumber(item) || !(item->valuedouble >= least && item->valuedouble <= most))
            return err_set(e, E_FORMAT, "%s: \"%s\" should hold numbers from %g to %g only", where,
                           key, least, most);
        (*out)[(*n)++] = item->valuedouble;
    }
    return OK;
}

/* Lists that go by layer have one entry for each of them. */
static err_code check_length(int n, const release_row *row, const char *key, const char *where,
                             err *e)
{
    int layers = row->last_layer - row->first_layer + 1;
    if (n != layers)
        return err_set(e, E_FORMAT, "%s: \"%s\" has %d entries for the %d layers of \"layers\"",
                       where, key, n, layers);
    return OK;
}

static err_code read_layers(release_row *out, const cJSON *row, const char *where, arena *a, err *e)
{
    double *layers = NULL, *picks = NULL;
    int n, n_picks;
    err_code rc = read_numbers(&layers, &n, row, "layers", 0, MOST_LAYERS - 1, where, a, e);
    if (rc)
        return rc;
    if (n && (n != 2 || layers[0] != (int)layers[0] || layers[1] != (int)layers[1] ||
              layers[0] > layers[1]))
        return err_set(e, E_FORMAT, "%s: \"layers\" should be [first, last]", where);
    out->first_layer = n ? (int)layers[0] : 0;
    out->last_layer = n ? (int)layers[1] : MOST_LAYERS - 1;

    if ((rc = read_numbers(&picks, &n_picks, row, "picks", 0, 1e9, where, a, e)) || !n_picks)
        return rc;
    int *whole = arena_push(a, (size_t)n_picks, sizeof *whole);
    for (int i = 0; i < n_picks; i++)
        whole[i] = (int)picks[i];
    out->picks = whole;
    return check_length(n_picks, out, "picks", where, e);
}

static err_code read_scaling(release_row *out, const cJSON *row, const char *where, arena *a,
                             err *e)
{
    static const char key[] = "norm_scaling_factor";
    double *list = NULL;
    if (cJSON_IsArray(json_member(row, key))) {
        err_code rc = read_numbers(&list, &out->n_scaling, row, key, 1e-30, 1e30, where, a, e);
        out->scaling = list;
        return rc ? rc : check_length(out->n_scaling, out, key, where, e);
    }
    if (!json_member(row, key))
        return OK;
    list = arena_push(a, 1, sizeof *list);
    err_code rc = json_double(list, row, key, where, e);
    if (!rc && !(*list >= 1e-30 && *list <= 1e30))
        rc = err_set(e, E_FORMAT, "%s: \"%s\" should be above 0", where, key);
    out->scaling = list;
    out->n_scaling = 1;
    return rc;
}

static err_code read_row(release_row *out, const cJSON *row, const char *where, arena *a, err *e)
{
    err_code rc;
    int64_t context = 0;
    if (!cJSON_IsObject(row))
        return err_set(e, E_FORMAT, "%s: should be an object", where);
    if ((rc = refuse_unknown_keys(row, where, e)) ||
        (rc = read_text(&out->release, row, "release", true, where, a, e)) ||
        (rc = read_text(&out->id, row, "id", true, where, a, e)) ||
        (rc = read_text(&out->repo, row, "repo", true, where, a, e)) ||
        (rc = read_text(&out->folder, row, "folder", true, where, a, e)) ||
        (rc = read_text(&out->layout, row, "layout", false, where, a, e)) ||
        (rc = read_text(&out->model, row, "model", false, where, a, e)) ||
        (rc = read_text(&out->hook, row, "hook", false, where, a, e)) ||
        (rc = read_text(&out->hook_out, row, "hook_out", false, where, a, e)) ||
        (rc = read_text(&out->normalize_activations, row, "normalize_activations", false, where, a,
                        e)) ||
        (rc = read_answer(&out->prepend_bos, row, "prepend_bos", where, e)) ||
        (rc = read_answer(&out->center_writing_weights, row, "center_writing_weights", where, e)) ||
        (rc = read_answer(&out->fold_ln, row, "fold_ln", where, e)) ||
        (rc = read_layers(out, row, where, a, e)) || (rc = read_scaling(out, row, where, a, e)))
        return rc;
    if (json_member(row, "context") && (rc = json_int(&context, row, "context", where, e)))
        return rc;
    if (context < 0 || context > 1 << 24)
        return err_set(e, E_FORMAT, "%s: \"context\" should be a number of tokens", where);
    out->context = (int)context;
    if (!*out->release || strpbrk(out->release, "/@"))
        return err_set(e, E_FORMAT, "%s: \"release\" should be a name without / and @", where);
    return OK;
}

err_code release_rows_read(release_row **rows, int *n, const char *path, arena *a, err *e)
{
    cJSON *tree;
    *rows = NULL;
    *n = 0;
    err_code rc = json_read(&tree, path, LARGEST_FILE, e);
    if (rc)
        return rc;
    const cJSON *list = json_member(tree, "releases"), *item;
    if (!cJSON_IsArray(list)) {
        rc = err_set(e, E_FORMAT, "%s: should be {\"releases\": [ ... ]}", path);
        goto out;
    }
    *rows = arena_push(a, (size_t)cJSON_GetArraySize(list) + 1, sizeof **rows);
    cJSON_ArrayForEach(item, list) {
        const char *where = arena_printf(a, "%s: row %d", path, *n + 1);
        if ((rc = read_row(&(*rows)[*n], item, where, a, e)))
            goto out;
        ++*n;
    }
out:
    cJSON_Delete(tree);
    return rc;
}

err_code release_table_read(release_table *out, const char *user_file, arena *a, err *e)
{
    *out = release_table_builtin();
    if (!user_file)
        return OK;
    release_row *own;
    int n;
    err_code rc = release_rows_read(&own, &n, user_file, a, e);
    if (rc)
        return rc;
    release_row *all = arena_push(a, (size_t)n + (size_t)out->n, sizeof *all);
    if (n)
        memcpy(all, own, (size_t)n * sizeof *all);
    memcpy(all + n, out->rows, (size_t)out->n * sizeof *all);
    *out = (release_table){all, n + out->n};
    return OK;
}
