/* Folders and the built-in files. */
#include "pipeline/places.h"
#include "builtin/builtin.h"
#include <string.h>

static err_code choose(files *out, const char *place, files built_in, const char *key, err *e)
{
    if (strcmp(place, "builtin")) {
        if (!io_is_dir(place))
            return err_set(e, E_CONFIG, "%s: %s is not a folder; give a folder or \"builtin\"", key,
                           place);
        *out = files_from_dir(place);
        return OK;
    }
    if (!builtin_present())
        return err_set(
            e, E_CONFIG,
            "%s: this program was built without the built-in model; run `make builtin` and "
            "build again, or give a folder",
            key);
    *out = built_in;
    return OK;
}

err_code place_model(files *out, const char *place, const char *key, err *e)
{
    return choose(out, place, builtin_model(), key, e);
}

err_code place_sae(files *out, const char *place, const char *key, err *e)
{
    return choose(out, place, builtin_sae(), key, e);
}
