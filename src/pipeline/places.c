/* Folders, the built-in files, and names that lead into the cache. */
#include "pipeline/places.h"
#include "builtin/builtin.h"
#include "hub/hub.h"
#include "hub/release.h"
#include "hub/repo_id.h"
#include <string.h>

static bool is_builtin(const char *text)
{
    return !strcmp(text, "builtin");
}

static err_code need_builtin(const char *key, err *e)
{
    if (builtin_present())
        return OK;
    return err_set(e, E_CONFIG,
                   "%s: this program was built without the built-in model; run `make builtin` and "
                   "build again, or give a folder",
                   key);
}

/* A repository's place as messages and reports name it: seven digits tell commits apart. */
static const char *label_of(const hub_place *p, const char *typed, arena *a)
{
    if (!p->repo)
        return arena_strdup(a, typed);
    return arena_printf(a, "%s@%.7s%s%s", p->repo, p->commit, *p->folder ? "/" : "", p->folder);
}

static files files_of(const hub_place *p, const char *label)
{
    files f = files_from_dir(p->dir);
    f.label = label;
    return f;
}

/* ---- models -----------------------------------------------------------------------------------
 */

err_code place_model(model_place *out, const char *text, const char *key, arena *a, err *e)
{
    hub_settings settings;
    hub_place found;
    *out = (model_place){.files = builtin_model()};
    if (is_builtin(text))
        return need_builtin(key, e);
    err_code rc = hub_settings_read(&settings, a, e);
    if (!rc)
        rc = hub_find_model(&found, text, &settings, a, e);
    if (rc)
        return err_context(e, "%s", key);
    *out = (model_place){files_of(&found, label_of(&found, text, a)), found.repo};
    return OK;
}

/* ---- SAEs -------------------------------------------------------------------------------------
 */

static sae_answer answer_of(hub_answer a)
{
    return a == HUB_UNSAID ? SAE_UNSAID : a == HUB_YES ? SAE_YES : SAE_NO;
}

/* Release tables name layouts after SAELens's loaders. */
static err_code take_layout(sae_hints *h, const char *name, const char *text, err *e)
{
    static const struct {
        const char *name;
        sae_layout layout;
        sae_answer transcoder;
    } known[] = {{"sae_lens", SAE_LAYOUT_SAELENS, SAE_UNSAID},
                 {"gemma_2", SAE_LAYOUT_GEMMA_SCOPE, SAE_NO},
                 {"gemma_2_transcoder", SAE_LAYOUT_GEMMA_SCOPE, SAE_YES},
                 {"gemma_3", SAE_LAYOUT_GEMMA_SCOPE_2, SAE_UNSAID},
                 {"llama_scope", SAE_LAYOUT_LLAMA_SCOPE, SAE_UNSAID},
                 {"llama_scope_r1_distill", SAE_LAYOUT_LLAMA_SCOPE_R1, SAE_UNSAID},
                 {"sparsify", SAE_LAYOUT_SPARSIFY, SAE_UNSAID},
                 {"dictionary_learning_1", SAE_LAYOUT_DICTIONARY_LEARNING, SAE_UNSAID}};
    if (!name)
        return OK;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(name, known[i].name)) {
            h->layout = known[i].layout;
            h->transcoder = known[i].transcoder;
            return OK;
        }
    return err_set(e, E_CONFIG, "%s: files of the layout %s are not read by this program", text,
                   name);
}

static sae_hints hints_of(const hub_sae_facts *facts, const hub_place *place, arena *a)
{
    sae_hints h = {.hook = facts->hook,
                   .hook_out = facts->hook_out,
                   .model = facts->model,
                   .normalize_activations = facts->normalize_activations,
                   .context = facts->context,
                   .norm_scaling_factor = facts->norm_scaling_factor,
                   .prepend_bos = answer_of(facts->prepend_bos),
                   .center_writing_weights = answer_of(facts->center_writing_weights),
                   .fold_ln = answer_of(facts->fold_ln)};
    if (place->repo)
        h.place =
            *place->folder ? arena_printf(a, "%s/%s", place->repo, place->folder) : place->repo;
    return h;
}

err_code place_sae(sae_place *out, const char *text, const char *hook_name, const char *key,
                   arena *a, err *e)
{
    hub_settings settings;
    hub_place found;
    hub_sae_facts facts = {0};
    *out = (sae_place){.files = builtin_sae()};
    err_code rc = OK;
    if (is_builtin(text)) {
        rc = need_builtin(key, e);
    } else {
        rc = hub_settings_read(&settings, a, e);
        if (!rc)
            rc = hub_find_sae(&found, &facts, text, &settings, a, e);
        if (!rc) {
            out->hints = hints_of(&facts, &found, a);
            rc = take_layout(&out->hints, facts.layout, text, e);
        }
        if (rc)
            return err_context(e, "%s", key);
        out->files =
            files_of(&found, facts.release ? arena_printf(a, "%s/%s", facts.release, facts.id)
                                           : label_of(&found, text, a));
    }
    if (hook_name && *hook_name)
        out->hints.hook = hook_name;
    return rc;
}

err_code place_names_sae(bool *out, const char *text, err *e)
{
    arena scratch = {0};
    hub_settings settings;
    release_table releases;
    err_code rc = OK;
    files f = files_from_dir(text);
    if (io_is_dir(text)) {
        *out = sae_recognised(&f);
    } else {
        rc = hub_settings_read(&settings, &scratch, e);
        if (!rc)
            rc = release_table_read(&releases, settings.releases, &scratch, e);
        if (!rc) {
            const char *slash = strchr(text, '/');
            *out = release_known(&releases, text) || (slash && strchr(slash + 1, '/'));
        }
    }
    arena_release(&scratch);
    return rc;
}

/* ---- both -------------------------------------------------------------------------------------
 */

err_code place_hook(hook *out, const model_config *network, const char *model_label,
                    const sae_config *dictionary, const char *sae_label, err *e)
{
    hook_processing processing = {.center_writing_weights = dictionary->center_writing_weights,
                                  .fold_value_biases = dictionary->fold_value_biases,
                                  .fold_ln = dictionary->fold_ln};
    err_code rc = hook_parse(out, network, dictionary->hook, e);
    if (!rc && dictionary->has_head)
        rc = hook_select_head(out, network, dictionary->head, e);
    if (rc)
        return err_context(e, "%s", sae_label);
    hook_apply_processing(out, network, &processing);
    if (!hook_is_writable(out))
        return err_set(e, E_CONFIG,
                       "%s: %s can only be looked at, not read by an SAE nor searched from",
                       sae_label, out->name);
    if (out->width == dictionary->d_in)
        return OK;
    bool said = dictionary->model[0];
    return err_set(e, E_SHAPE,
                   "the SAE %s reads %d numbers per token, but %s of the model %s has %d; choose "
                   "the SAE made for this model and hook (model.hook)%s%s",
                   sae_label, dictionary->d_in, out->name, model_label, out->width,
                   said ? "; this one was made for " : "", said ? dictionary->model : "");
}

bool place_other_model(const model_place *model, const sae_config *dictionary)
{
    arena scratch = {0};
    const char *name = dictionary->model, *repo = model->repo;
    const char *wanted = strchr(name, '/') ? name : repo_of_model(name, &scratch);
    const char *other = repo ? repo_other_id(repo) : NULL;
    bool differs =
        repo && *name && wanted && strcmp(wanted, repo) && !(other && !strcmp(wanted, other));
    arena_release(&scratch);
    return differs;
}

const char *place_shown(const char *text, arena *a)
{
    str shown = {0};
    while (*text) {
        bool address = !strncmp(text, "http://", 7) || !strncmp(text, "https://", 8);
        size_t n = strcspn(text, address ? "," : ",:"), start = 0;
        if (text[0] == '/') {
            int slashes = 0;
            for (start = n; start > 0 && slashes < 2; start--)
                slashes += text[start - 1] == '/';
            start += slashes == 2 || text[0] == '/';
        }
        str_add_bytes(&shown, text + start, n - start);
        text += n;
        if (*text)
            str_add_char(&shown, *text++);
    }
    const char *kept = arena_strdup(a, str_text(&shown));
    str_release(&shown);
    return kept;
}
