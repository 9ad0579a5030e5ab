/* hub_find_model and hub_find_sae: a folder on disk, or a snapshot that is complete. */
#include "hub/hub.h"
#include "hub/cache.h"
#include "hub/name.h"
#include "hub/release.h"
#include "base/io.h"
#include "base/json.h"
#include "base/memory.h"
#include <string.h>

enum { LARGEST_INDEX = 64 << 20 };

static err_code not_a_folder(const char *name, err *e)
{
    return err_set(e, E_CONFIG, "%s is not a folder", name);
}

/* ", get it with ..." after whatever was wrong. */
static err_code add_remedy(err *e, const char *written)
{
    char what[sizeof e->text];
    memcpy(what, e->text, sizeof what);
    return err_set(e, e->code, "%s; get it with: saeinv fetch %s", what, written);
}

/* ---- models -----------------------------------------------------------------------------------
 */

static void add_missing(str *missing, const char *name)
{
    str_addf(missing, "%s%s", missing->len ? ", " : "", name);
}

/* Shards that the index names and the folder lacks. An index that cannot be read is the loader's
 * to report. */
static void missing_shards(str *missing, const char *dir)
{
    arena scratch = {0};
    cJSON *index = NULL;
    err ignored;
    const cJSON *item;
    const char *last = "";
    int n = 0;
    if (!json_read(&index, path_join(&scratch, dir, "model.safetensors.index.json"), LARGEST_INDEX,
                   &ignored))
        cJSON_ArrayForEach(item, json_member(index, "weight_map")) {
            if (!cJSON_IsString(item) || !strcmp(item->valuestring, last) ||
                !relative_path_valid(item->valuestring))
                continue;
            last = item->valuestring; /* the tensors of one shard mostly stand together */
            if (!cache_has_file(dir, last) && !strstr(str_text(missing), last) && n++ < 3)
                add_missing(missing, last);
        }
    cJSON_Delete(index);
    arena_release(&scratch);
}

static void missing_of_model(str *missing, const char *dir)
{
    if (!cache_has_file(dir, "config.json"))
        add_missing(missing, "config.json");
    if (!cache_has_file(dir, "model.safetensors")) {
        if (cache_has_file(dir, "model.safetensors.index.json"))
            missing_shards(missing, dir);
        else
            add_missing(missing, "model.safetensors");
    }
    if (!cache_has_file(dir, "tokenizer.json") && !cache_has_file(dir, "vocab.json"))
        add_missing(missing, "tokenizer.json");
}

err_code hub_find_model(hub_place *out, const char *name, const hub_settings *s, arena *a, err *e)
{
    *out = (hub_place){.dir = arena_strdup(a, name), .folder = ""};
    if (io_is_dir(name))
        return OK;
    if (name_is_path(name))
        return not_a_folder(name, e);
    repo_ref ref;
    snapshot found;
    err_code rc = name_model(&ref, name, a, e);
    if (rc)
        return rc;
    if ((rc = cache_find(&found, s->cache, &ref, a, e)))
        return rc == E_CONFIG ? add_remedy(e, name) : rc;
    str missing = {0};
    missing_of_model(&missing, found.dir);
    if (missing.len) {
        err_set(e, E_CONFIG, "%s lacks %s", found.dir, str_text(&missing));
        rc = add_remedy(e, name);
    }
    str_release(&missing);
    *out = (hub_place){found.dir, NULL, ref.repo, found.commit, ""};
    return rc;
}

/* ---- SAEs -------------------------------------------------------------------------------------
 */

/* What a layout cannot do without. */
static const struct {
    const char *layout, *files[2];
} needed[] = {
    {"sae_lens", {"cfg.json", "sae_weights.safetensors"}},
    {"gemma_2", {"params.npz"}},
    {"gemma_2_transcoder", {"params.npz"}},
    {"gemma_3", {"params.safetensors"}},
    {"llama_scope", {"hyperparams.json", "checkpoints/final.safetensors"}},
    {"llama_scope_r1_distill", {"config.json", "sae_weights.safetensors"}},
    {"sparsify", {"cfg.json", "sae.safetensors"}},
    {"dictionary_learning_1", {"config.json", "ae.pt"}},
};

static void missing_of_sae(str *missing, const char *dir, const char *layout)
{
    for (size_t i = 0; layout && i < COUNT_OF(needed); i++)
        for (size_t k = 0; k < 2 && !strcmp(layout, needed[i].layout) && needed[i].files[k]; k++)
            if (!cache_has_file(dir, needed[i].files[k]))
                add_missing(missing, needed[i].files[k]);
}

/* The folder of the SAE, or the folder of the one file that it is. */
static err_code enter_snapshot(hub_place *out, const char *dir, const repo_ref *ref,
                               const char *layout, arena *a, err *e)
{
    const char *inside = *ref->folder ? path_join(a, dir, ref->folder) : dir;
    if (cache_has_file(dir, ref->folder)) {
        const char *slash = strrchr(inside, '/');
        out->dir = arena_strndup(a, inside, (size_t)(slash - inside));
        out->file = slash + 1;
        return OK;
    }
    if (!io_is_dir(inside))
        return err_set(e, E_CONFIG, "%s has no %s", dir, ref->folder);
    str missing = {0};
    missing_of_sae(&missing, inside, layout);
    err_code rc = OK;
    if (missing.len)
        rc = err_set(e, E_CONFIG, "%s lacks %s", inside, str_text(&missing));
    str_release(&missing);
    out->dir = inside;
    return rc;
}

err_code hub_find_sae(hub_place *out, hub_sae_facts *facts, const char *name, const hub_settings *s,
                      arena *a, err *e)
{
    *out = (hub_place){.dir = arena_strdup(a, name), .folder = ""};
    *facts = (hub_sae_facts){0};
    if (io_is_dir(name))
        return OK;
    if (name_is_path(name))
        return not_a_folder(name, e);
    repo_ref ref;
    snapshot found = {0};
    err_code rc = name_sae(&ref, facts, name, s, a, e);
    if (rc)
        return rc;
    if (!(rc = cache_find(&found, s->cache, &ref, a, e)))
        rc = enter_snapshot(out, found.dir, &ref, facts->layout, a, e);
    out->repo = ref.repo;
    out->commit = found.commit;
    out->folder = ref.folder;
    return rc == E_CONFIG ? add_remedy(e, name) : rc;
}
