/* How to reach the hub, as the environment says. */
#include "hub/fetch.h"
#include "hub/environment.h"
#include "net/http.h"
#include "base/io.h"
#include "base/memory.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The public hub: the one default, documented in `saeinv fetch --help`. */
#define DEFAULT_ENDPOINT "https://huggingface.co"

enum { LARGEST_TOKEN_FILE = 4096 };

static bool is_yes(const char *value)
{
    static const char *const yes[] = {"1", "on", "yes", "true"};
    for (size_t i = 0; value && i < COUNT_OF(yes); i++)
        if (!strcasecmp(value, yes[i]))
            return true;
    return false;
}

/* White space around a token is nobody's intention. */
static const char *trimmed(const char *text, arena *a)
{
    text += strspn(text, " \t\r\n");
    size_t n = strcspn(text, " \t\r\n");
    return n ? arena_strndup(a, text, n) : NULL;
}

static err_code token_from_file(const char **out, arena *a, err *e)
{
    const char *path = environment_path("HF_TOKEN_PATH", a), *home;
    if (!path) {
        err_code rc = environment_hub_home(&home, a, e);
        if (rc)
            return rc;
        path = path_join(a, home, "token");
    }
    if (!io_exists(path))
        return OK;
    str text = {0};
    err_code rc = io_read(&text, path, LARGEST_TOKEN_FILE, e);
    if (!rc)
        *out = trimmed(str_text(&text), a);
    str_release(&text);
    return rc;
}

err_code hub_network_read(hub_network *out, arena *a, err *e)
{
    const char *endpoint = environment_text("HF_ENDPOINT"), *token = environment_text("HF_TOKEN");
    const char *offline = environment_text("HF_HUB_OFFLINE");
    if (!token)
        token = environment_text("HUGGING_FACE_HUB_TOKEN");
    *out = (hub_network){.token = token ? trimmed(token, a) : NULL,
                         .offline =
                             is_yes(offline ? offline : environment_text("TRANSFORMERS_OFFLINE")),
                         .attempts = 6,
                         .stall_seconds = 30,
                         .retry_seconds = 1};
    size_t n = endpoint ? strlen(endpoint) : 0;
    while (n && endpoint[n - 1] == '/')
        n--;
    out->endpoint = n ? arena_strndup(a, endpoint, n) : DEFAULT_ENDPOINT;
    return out->token ? OK : token_from_file(&out->token, a, e);
}

err_code hub_network_start(err *e)
{
    return http_global_start(e);
}

void hub_network_end(void)
{
    http_global_end();
}

const char *size_text(char buf[SIZE_TEXT], int64_t bytes)
{
    static const char *const unit[] = {"B", "kB", "MB", "GB", "TB"};
    double value = (double)bytes;
    size_t i = 0;
    for (; value >= 1000 && i + 1 < COUNT_OF(unit); i++)
        value /= 1000;
    if (bytes < 0)
        snprintf(buf, SIZE_TEXT, "?");
    else
        snprintf(buf, SIZE_TEXT, i ? "%.1f %s" : "%.0f %s", value, unit[i]);
    return buf;
}
