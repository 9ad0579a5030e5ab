/* Which files of a repository are meant: by folder, by pattern, or what a model needs. */
#include "hub/select.h"
#include "base/memory.h"
#include "base/str.h"
#include <fnmatch.h>
#include <string.h>

/* What a model's folder needs beside its weights; for people's other tools too. */
static const char *const small_files[] = {"config.json",       "generation_config.json",
                                          "tokenizer.json",    "tokenizer_config.json",
                                          "tokenizer.model",   "special_tokens_map.json",
                                          "vocab.json",        "merges.txt",
                                          "added_tokens.json", "cfg.json"};

/* The name below the folder; NULL: it is not in it. */
static const char *below(const char *name, const char *folder)
{
    size_t n = strlen(folder);
    if (!n || !strcmp(name, folder)) /* the folder may be the one file that is meant */
        return name;
    return !strncmp(name, folder, n) && name[n] == '/' ? name + n + 1 : NULL;
}

void select_folder(hub_file **out, int *n, const listing *all, const char *folder, arena *a)
{
    *out = arena_push(a, (size_t)all->n + 1, sizeof **out);
    *n = 0;
    for (int i = 0; i < all->n; i++)
        if (below(all->files[i].name, folder))
            (*out)[(*n)++] = all->files[i];
}

static bool matches(const char *pattern, const char *name)
{
    size_t n = strlen(pattern);
    if (n && pattern[n - 1] == '/')
        return !strncmp(name, pattern, n);
    return !strcmp(pattern, name) || fnmatch(pattern, name, 0) == 0;
}

/* ---- the model's files ------------------------------------------------------------------------
 */

static bool has_name(const listing *all, const char *name)
{
    for (int i = 0; i < all->n; i++)
        if (!strcmp(all->files[i].name, name))
            return true;
    return false;
}

static bool is_small_file(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(small_files); i++)
        if (!strcmp(name, small_files[i]))
            return true;
    return false;
}

/* model.safetensors; else the index and its shards; else whatever safetensors the root holds. */
static bool is_weights(const listing *all, const char *name)
{
    static const char whole[] = "model.safetensors", index[] = "model.safetensors.index.json";
    if (has_name(all, whole))
        return !strcmp(name, whole);
    size_t n = strlen(name);
    return !strchr(name, '/') &&
           (!strcmp(name, index) || (n > 12 && !strcmp(name + n - 12, ".safetensors")));
}

/* The names of the first folders, for those who forgot to name one. */
static void add_folders(str *out, const listing *all)
{
    const char *last = "";
    size_t last_n = 0;
    int n = 0;
    for (int i = 0; i < all->n; i++) {
        size_t length = strcspn(all->files[i].name, "/");
        if (!all->files[i].name[length] ||
            (length == last_n && !strncmp(all->files[i].name, last, length)))
            continue;
        last = all->files[i].name;
        last_n = length;
        if (n++ < 4)
            str_addf(out, "%s%.*s/", n > 1 ? ", " : "", (int)length, last);
    }
    if (n > 4)
        str_add(out, ", ...");
}

static err_code no_model(const listing *all, const char *repo, err *e)
{
    str folders = {0};
    err_code rc;
    add_folders(&folders, all);
    if (has_name(all, "pytorch_model.bin"))
        rc = err_set(e, E_CONFIG,
                     "%s has its weights only as pytorch_model.bin, a pickle, which is "
                     "not read here; look for a revision with safetensors, or convert it",
                     repo);
    else if (folders.len)
        rc = err_set(e, E_CONFIG,
                     "%s has no safetensors in its root; name a folder (%s) or files, "
                     "see saeinv fetch --list %s",
                     repo, folders.data, repo);
    else
        rc = err_set(e, E_CONFIG,
                     "%s has no safetensors; name the files you want, see saeinv fetch "
                     "--list %s",
                     repo, repo);
    str_release(&folders);
    return rc;
}

static err_code select_model(hub_file *out, int *n, const listing *all, const char *repo, err *e)
{
    bool weights = false;
    for (int i = 0; i < all->n; i++) {
        const char *name = all->files[i].name;
        bool heavy = is_weights(all, name);
        weights = weights || heavy;
        if (heavy || is_small_file(name))
            out[(*n)++] = all->files[i];
    }
    return weights ? OK : no_model(all, repo, e);
}

/* ---- patterns ---------------------------------------------------------------------------------
 */

static err_code no_match(const listing *all, const char *repo, const char *folder,
                         const char *pattern, err *e)
{
    const char **names = mem_small((size_t)all->n + 1, sizeof *names);
    size_t n = 0;
    for (int i = 0; i < all->n; i++)
        if (below(all->files[i].name, folder))
            names[n++] = below(all->files[i].name, folder);
    const char *nearest = nearest_name(pattern, names, n);
    err_code rc = err_set(e, E_CONFIG,
                          "%s%s%s has nothing that matches \"%.200s\"%s%s; see saeinv "
                          "fetch --list %s",
                          repo, *folder ? "/" : "", folder, pattern,
                          nearest ? "; the nearest is " : "", nearest ? nearest : "", repo);
    mem_free(names);
    return rc;
}

static err_code select_matching(hub_file *out, int *n, const listing *all, const char *repo,
                                const char *folder, const char *const *patterns, int n_patterns,
                                err *e)
{
    bool *used = mem_small((size_t)n_patterns, sizeof *used);
    err_code rc = OK;
    for (int i = 0; i < all->n; i++) {
        const char *name = below(all->files[i].name, folder);
        bool wanted = false;
        for (int p = 0; name && p < n_patterns; p++)
            if (matches(patterns[p], name))
                wanted = used[p] = true;
        if (wanted)
            out[(*n)++] = all->files[i];
    }
    for (int p = 0; p < n_patterns && !rc; p++)
        if (!used[p])
            rc = no_match(all, repo, folder, patterns[p], e);
    mem_free(used);
    return rc;
}

err_code select_files(hub_file **out, int *n, const listing *all, const char *repo,
                      const char *folder, const char *const *patterns, int n_patterns, arena *a,
                      err *e)
{
    select_folder(out, n, all, folder, a);
    if (!*n)
        return no_match(all, repo, "", *folder ? folder : "*", e);
    if (n_patterns) {
        *n = 0;
        return select_matching(*out, n, all, repo, folder, patterns, n_patterns, e);
    }
    if (*folder)
        return OK;
    *n = 0;
    return select_model(*out, n, all, repo, e);
}
