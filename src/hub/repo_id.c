/* Repository ids, revisions and paths as text. */
#include "hub/repo_id.h"
#include "base/memory.h"
#include "base/str.h"
#include <string.h>

enum { LONGEST_ID = 96, LONGEST_PATH = 1024 };

static bool is_name_part(const char *p, size_t n)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._-";
    if (!n || strspn(p, allowed) < n || strchr("-.", p[0]) || strchr("-.", p[n - 1]))
        return false;
    for (size_t i = 1; i < n; i++)
        if ((p[i] == '.' || p[i] == '-') && p[i] == p[i - 1])
            return false;
    return true;
}

bool repo_id_valid(const char *text)
{
    size_t n = strlen(text), first = strcspn(text, "/");
    if (n > LONGEST_ID)
        return false;
    if (first == n)
        return is_name_part(text, n);
    return is_name_part(text, first) && is_name_part(text + first + 1, n - first - 1);
}

bool relative_path_valid(const char *text)
{
    if (strlen(text) > LONGEST_PATH || !utf8_valid(text, strlen(text)))
        return false;
    for (;; text++) {
        size_t n = strcspn(text, "/");
        if (!n || (n == 1 && text[0] == '.') || (n == 2 && !memcmp(text, "..", 2)))
            return false;
        for (size_t i = 0; i < n; i++)
            if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f || text[i] == '\\')
                return false;
        text += n;
        if (!*text)
            return true;
    }
}

bool commit_valid(const char *text)
{
    return strlen(text) == COMMIT_DIGITS && strspn(text, "0123456789abcdef") == COMMIT_DIGITS;
}

/* The folder begins at the second '/' when that comes before any '@', else at the first one after
 * the '@'. */
static const char *find_folder(const char *text, const char *at, bool slash_in_revision)
{
    const char *slash = strchr(text, '/');
    slash = slash ? strchr(slash + 1, '/') : NULL;
    if (slash && (!at || slash < at))
        return slash;
    return at && !slash_in_revision ? strchr(at, '/') : NULL;
}

err_code repo_ref_parse(repo_ref *out, const char *text, bool slash_in_revision, arena *a, err *e)
{
    const char *at = strchr(text, '@'), *folder = find_folder(text, at, slash_in_revision);
    if (folder && at > folder)
        at = NULL; /* an '@' of a file's name */
    const char *end = folder ? folder : text + strlen(text);
    *out = (repo_ref){.repo = arena_strndup(a, text, (size_t)((at ? at : end) - text)),
                      .revision =
                          at ? arena_strndup(a, at + 1, (size_t)(end - at - 1)) : MAIN_REVISION,
                      .folder = folder ? folder + 1 : ""};
    if (*out->folder) { /* "REPO/FOLDER/" is "REPO/FOLDER" */
        size_t n = strlen(out->folder);
        out->folder = arena_strndup(a, out->folder, n - (out->folder[n - 1] == '/'));
    }
    if (!repo_id_valid(out->repo))
        return err_set(e, E_CONFIG,
                       "\"%.200s\" is neither a folder nor the id of a repository "
                       "(ORG/NAME, as in EleutherAI/pythia-70m-deduped)",
                       text);
    if (!relative_path_valid(out->revision))
        return err_set(e, E_CONFIG,
                       "\"%.200s\": \"%.100s\" cannot be a revision; after @ comes a "
                       "branch, a tag or a commit",
                       text, out->revision);
    if (*out->folder && !relative_path_valid(out->folder))
        return err_set(e, E_CONFIG, "\"%.200s\": \"%.100s\" cannot be a folder of a repository",
                       text, out->folder);
    return OK;
}

const char *repo_ref_text(const repo_ref *r, arena *a)
{
    bool main_revision = !strcmp(r->revision, MAIN_REVISION);
    return arena_printf(a, "%s%s%s%s%s", r->repo, main_revision ? "" : "@",
                        main_revision ? "" : r->revision, *r->folder ? "/" : "", r->folder);
}

const char *repo_cache_name(const char *repo, arena *a)
{
    size_t org = strcspn(repo, "/");
    if (!repo[org])
        return arena_printf(a, "models--%s", repo);
    return arena_printf(a, "models--%.*s--%s", (int)org, repo, repo + org + 1);
}
