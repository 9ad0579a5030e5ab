/* One file an answer, found by the hash of what was asked. */
#include "net/chat_cache.h"
#include "base/io.h"
#include "base/json.h"
#include "base/sha256.h"
#include <string.h>

enum { LARGEST_FILE = 16 << 20 };

static const char *path_of(const char *dir, const char *url, const str *request, arena *a)
{
    char hex[SHA256_HEX];
    sha256 hash;
    sha256_start(&hash);
    sha256_add(&hash, url, strlen(url) + 1);
    sha256_add(&hash, str_text(request), request->len);
    sha256_finish(&hash, hex);
    return arena_printf(a, "%s/%s.json", dir, hex);
}

void chat_cache_name_lock(str *path, const char *dir, const char *url, const str *request)
{
    arena scratch = {0};
    str_addf(path, "%s.lock", path_of(dir, url, request, &scratch));
    arena_release(&scratch);
}

/* The name vouches for the question; what the file says of it must agree. */
static err_code read_file(str *answer, const char *path, const char *url, const str *request,
                          err *e)
{
    cJSON *tree = NULL;
    const char *asked_url, *asked, *text;
    err_code rc = json_read(&tree, path, LARGEST_FILE, e);
    if (!rc)
        rc = json_string(&asked_url, tree, "url", path, e);
    if (!rc)
        rc = json_string(&asked, tree, "request", path, e);
    if (!rc)
        rc = json_string(&text, tree, "answer", path, e);
    if (!rc && (strcmp(asked_url, url) != 0 || strcmp(asked, str_text(request)) != 0))
        rc = err_set(e, E_FORMAT, "%s: holds the answer to another question", path);
    if (!rc) {
        str_clear(answer);
        str_add(answer, text);
    }
    cJSON_Delete(tree);
    return rc;
}

bool chat_cache_load(str *answer, const char *dir, const char *url, const str *request, reporter *r)
{
    arena scratch = {0};
    const char *path = path_of(dir, url, request, &scratch);
    err e;
    bool found = io_exists(path) && !read_file(answer, path, url, request, &e);
    if (!found && io_exists(path))
        report_warning(r, "%s; it is asked for again", e.text);
    arena_release(&scratch);
    return found;
}

err_code chat_cache_save(const char *dir, const char *url, const str *request, const char *answer,
                         err *e)
{
    arena scratch = {0};
    cJSON *tree = cJSON_CreateObject();
    json_add_string(tree, "url", url);
    json_add_string(tree, "request", str_text(request));
    json_add_string(tree, "answer", answer);
    err_code rc = io_make_dir(dir, e);
    if (!rc)
        rc = json_write(path_of(dir, url, request, &scratch), tree, e);
    cJSON_Delete(tree);
    arena_release(&scratch);
    return rc;
}
