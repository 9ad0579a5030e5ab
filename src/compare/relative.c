/* Paths without links and dots, compared from the root on. */
#include "compare/relative.h"
#include "base/str.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static err_code resolve(char out[PATH_MAX], const char *path, err *e)
{
    return realpath(path, out) ? OK : err_set(e, E_IO, "%s: cannot be found", path);
}

err_code relative_path(const char **out, const char *from, const char *to, arena *a, err *e)
{
    char here[PATH_MAX], there[PATH_MAX];
    size_t common = 0;
    str way = {0};
    err_code rc = resolve(here, from, e);
    if (!rc)
        rc = resolve(there, to, e);
    if (rc)
        return rc;
    for (size_t i = 0;; i++) { /* up to the last name that both have whole */
        bool end_here = !here[i] || here[i] == '/', end_there = !there[i] || there[i] == '/';
        if (end_here && end_there)
            common = i;
        if (!here[i] || !there[i] || here[i] != there[i])
            break;
    }
    const char *rest = there + common + (there[common] == '/');
    for (const char *at = here + common; *at; at++)
        if (*at == '/' && at[1])
            str_add(&way, way.len ? "/.." : "..");
    str_addf(&way, "%s%s", way.len && *rest ? "/" : "", rest);
    *out = arena_strdup(a, way.len ? str_text(&way) : ".");
    str_release(&way);
    return OK;
}
