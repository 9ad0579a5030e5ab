/* Where the cache and the user's table of releases are, as the environment says. */
#include "hub/hub.h"
#include "hub/environment.h"
#include "base/io.h"
#include <stdlib.h>
#include <string.h>

const char *environment_text(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* "~" and "~/..." as the shell would have it. */
static const char *expand_home(const char *path, arena *a)
{
    const char *home = environment_text("HOME");
    if (path[0] != '~' || (path[1] && path[1] != '/') || !home)
        return path;
    return arena_printf(a, "%s%s", home, path + 1);
}

const char *environment_path(const char *name, arena *a)
{
    const char *value = environment_text(name);
    return value ? expand_home(value, a) : NULL;
}

/* $VARIABLE, else ~/below. */
static err_code base_folder(const char **out, const char *variable, const char *below, arena *a,
                            err *e)
{
    const char *home = environment_text("HOME");
    *out = environment_path(variable, a);
    if (*out)
        return OK;
    if (!home)
        return err_set(e, E_CONFIG, "neither %s nor HOME is set, so ~/%s has no place; set %s",
                       variable, below, variable);
    *out = path_join(a, home, below);
    return OK;
}

err_code environment_hub_home(const char **out, arena *a, err *e)
{
    const char *cache;
    *out = environment_path("HF_HOME", a);
    if (*out)
        return OK;
    err_code rc = base_folder(&cache, "XDG_CACHE_HOME", ".cache", a, e);
    if (!rc)
        *out = path_join(a, cache, "huggingface");
    return rc;
}

static err_code find_cache(const char **out, arena *a, err *e)
{
    const char *home;
    if ((*out = environment_path("HF_HUB_CACHE", a)) ||
        (*out = environment_path("HUGGINGFACE_HUB_CACHE", a)))
        return OK;
    err_code rc = environment_hub_home(&home, a, e);
    if (!rc)
        *out = path_join(a, home, "hub");
    return rc;
}

err_code hub_settings_read(hub_settings *out, arena *a, err *e)
{
    const char *config;
    *out = (hub_settings){0};
    err_code rc = find_cache(&out->cache, a, e);
    if (rc || (out->releases = environment_path("SAEINV_RELEASES", a)))
        return rc;
    if ((rc = base_folder(&config, "XDG_CONFIG_HOME", ".config", a, e)))
        return rc;
    const char *usual = path_join(a, config, "saeinv/releases.json");
    out->releases = io_exists(usual) ? usual : NULL;
    return OK;
}
