/* Matching "RELEASE/SAE_ID" against rows with variables, and filling the variables in. */
#include "hub/release.h"
#include "base/memory.h"
#include "base/str.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the variables stood for: pointers into the name. */
typedef struct binding {
    const char *text[26];
    size_t n[26];
    int layer; /* of {L}; -1: the pattern has none */
} binding;

static bool is_variable(const char *p)
{
    return p[0] == '{' && p[1] >= 'A' && p[1] <= 'Z' && p[2] == '}';
}

static bool layer_in_row(int *layer, const release_row *row, const char *text, size_t n)
{
    if (!n || n > 4 || strspn(text, "0123456789") < n || (n > 1 && text[0] == '0'))
        return false;
    *layer = (int)strtol(text, NULL, 10);
    return *layer >= row->first_layer && *layer <= row->last_layer;
}

static bool is_pick(const release_row *row, int layer, const char *text, size_t n)
{
    char wanted[16];
    if (layer < 0)
        return false;
    snprintf(wanted, sizeof wanted, "%d", row->picks[layer - row->first_layer]);
    return n == strlen(wanted) && !memcmp(text, wanted, n);
}

static bool match(binding *b, const release_row *row, const char *pattern, const char *text);

static bool match_variable(binding *b, const release_row *row, const char *pattern,
                           const char *text, size_t n)
{
    int variable = pattern[1] - 'A', layer = b->layer;
    const char *before = b->text[variable];
    if (before && (b->n[variable] != n || memcmp(before, text, n)))
        return false; /* the same letter twice means the same text */
    if (pattern[1] == 'L' && !layer_in_row(&b->layer, row, text, n))
        return false;
    if (pattern[1] == 'N' && row->picks && !is_pick(row, b->layer, text, n))
        return false;
    b->text[variable] = text;
    b->n[variable] = n;
    if (match(b, row, pattern + 3, text + n))
        return true;
    b->text[variable] = before;
    b->layer = layer;
    return false;
}

/* Patterns hold a handful of variables, names at most a few hundred bytes, and a variable never
 * crosses a '/': trying every length stays small. */
static bool match(binding *b, const release_row *row, const char *pattern, const char *text)
{
    for (; *pattern && !is_variable(pattern); pattern++, text++)
        if (*pattern != *text)
            return false;
    if (!*pattern)
        return !*text;
    size_t longest = strcspn(text, "/");
    for (size_t n = 1; n <= longest; n++)
        if (match_variable(b, row, pattern, text, n))
            return true;
    return false;
}

static const char *fill(const char *template, const release_row *row, const binding *b, arena *a)
{
    if (!template)
        return NULL;
    str out = {0};
    for (const char *p = template; *p; p++) {
        if (!is_variable(p)) {
            str_add_char(&out, *p);
            continue;
        }
        if (p[1] == 'N' && row->picks && b->layer >= 0)
            str_addf(&out, "%d", row->picks[b->layer - row->first_layer]);
        else if (b->text[p[1] - 'A'])
            str_add_bytes(&out, b->text[p[1] - 'A'], b->n[p[1] - 'A']);
        p += 2;
    }
    const char *text = arena_strdup(a, str_text(&out));
    str_release(&out);
    return text;
}

static double scaling_of(const release_row *row, int layer)
{
    if (!row->scaling)
        return 0;
    return row->scaling[row->n_scaling > 1 && layer >= 0 ? layer - row->first_layer : 0];
}

/* The first part, without "@REV". */
static const char *release_part(const char *name, arena *a)
{
    return arena_strndup(a, name, strcspn(name, "/@"));
}

bool release_known(const release_table *t, const char *name)
{
    arena scratch = {0};
    const char *release = release_part(name, &scratch);
    bool known = false;
    for (int i = 0; i < t->n && !known; i++) {
        binding b = {.layer = -1};
        known = match(&b, &t->rows[i], t->rows[i].release, release);
    }
    arena_release(&scratch);
    return known;
}

/* ---- nearest names ----------------------------------------------------------------------------
 */

typedef struct names {
    const char **list;
    size_t n;
} names;

static void names_add(names *l, const char *text)
{
    if (l->n && !strcmp(l->list[l->n - 1], text)) /* rows of one release stand together */
        return;
    if ((l->n & (l->n - 1)) == 0)
        l->list = mem_grow(l->list, l->n ? 2 * l->n : 1, sizeof *l->list);
    l->list[l->n++] = text;
}

/* Every id of a row; a variable other than {L} cannot be listed and stands as it is. */
static void names_add_ids(names *l, const release_row *row, const char *release, arena *a)
{
    binding b = {.layer = -1};
    if (!match(&b, row, row->release, release))
        return;
    const char *at = strstr(row->id, "{L}");
    if (!at) {
        names_add(l, row->id);
        return;
    }
    for (int layer = row->first_layer; layer <= row->last_layer; layer++)
        names_add(l, arena_printf(a, "%.*s%d%s", (int)(at - row->id), row->id, layer, at + 3));
}

static err_code no_such_id(const release_table *t, const char *release, const char *id, arena *a,
                           err *e)
{
    names l = {0};
    for (int i = 0; i < t->n; i++)
        names_add_ids(&l, &t->rows[i], release, a);
    const char *first = nearest_name(id, l.list, l.n);
    err_code rc = err_set(e, E_CONFIG, "the release %s has no SAE \"%.200s\"; did you mean %s/%s?",
                          release, id, release, first);
    mem_free(l.list);
    return rc;
}

const char *release_nearest(const release_table *t, const char *name, arena *a)
{
    names l = {0};
    const char *release = release_part(name, a);
    for (int i = 0; i < t->n; i++)
        names_add(&l, t->rows[i].release);
    const char *nearest = nearest_name(release, l.list, l.n);
    mem_free(l.list);
    return nearest;
}

/* ---- looking up -------------------------------------------------------------------------------
 */

static void fill_facts(hub_sae_facts *out, const release_row *row, const binding *b,
                       const char *release, const char *id, arena *a)
{
    *out = (hub_sae_facts){
        .release = release,
        .id = id,
        .layout = fill(row->layout, row, b, a),
        .model = fill(row->model, row, b, a),
        .hook = fill(row->hook, row, b, a),
        .hook_out = fill(row->hook_out, row, b, a),
        .normalize_activations = fill(row->normalize_activations, row, b, a),
        .context = row->context,
        .prepend_bos = row->prepend_bos,
        .center_writing_weights = row->center_writing_weights,
        .fold_ln = row->fold_ln,
        .norm_scaling_factor = scaling_of(row, b->layer),
    };
}

bool release_of_folder(hub_sae_facts *facts, const release_table *t, const repo_ref *place,
                       arena *a)
{
    const char *whole = arena_printf(a, "%s/%s", place->repo, place->folder);
    for (int i = 0; i < t->n; i++) {
        const release_row *row = &t->rows[i];
        binding b = {.layer = -1};
        if (!match(&b, row, arena_printf(a, "%s/%s", row->repo, row->folder), whole))
            continue;
        fill_facts(facts, row, &b, fill(row->release, row, &b, a), fill(row->id, row, &b, a), a);
        return true;
    }
    return false;
}

err_code release_find(repo_ref *place, hub_sae_facts *facts, const release_table *t,
                      const char *name, arena *a, err *e)
{
    const char *release = release_part(name, a), *slash = strchr(name, '/');
    const char *at = name + strlen(release);
    const char *id = arena_strdup(a, slash ? slash + 1 : "");
    if (!release_known(t, name))
        return err_set(e, E_CONFIG, "no release is called \"%.100s\"; did you mean %s?", release,
                       release_nearest(t, name, a));
    if (!*id)
        return err_set(e, E_CONFIG, "the release %s holds many SAEs; say which, as in %s/ID",
                       release, release);
    const char *whole = arena_printf(a, "%s/%s", release, id);
    for (int i = 0; i < t->n; i++) {
        const release_row *row = &t->rows[i];
        binding b = {.layer = -1};
        if (!match(&b, row, arena_printf(a, "%s/%s", row->release, row->id), whole))
            continue;
        fill_facts(facts, row, &b, release, id, a);
        *place = (repo_ref){.repo = fill(row->repo, row, &b, a),
                            .revision = *at == '@' ? arena_strndup(a, at + 1, strcspn(at + 1, "/"))
                                                   : MAIN_REVISION,
                            .folder = fill(row->folder, row, &b, a)};
        if (!relative_path_valid(place->revision))
            return err_set(e, E_CONFIG, "\"%.200s\": \"%.100s\" cannot be a revision", name,
                           place->revision);
        if (!repo_id_valid(place->repo) || (*place->folder && !relative_path_valid(place->folder)))
            return err_set(e, E_CONFIG,
                           "the release %s leads to %.100s, folder \"%.100s\", which "
                           "no repository can have",
                           release, place->repo, place->folder);
        return OK;
    }
    return no_such_id(t, release, id, a, e);
}
