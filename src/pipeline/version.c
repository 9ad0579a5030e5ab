/* Versions, asked of the libraries themselves. */
#include "pipeline/version.h"
#include "compute/backend.h"
#include "data/regex.h"
#include "draw/png_file.h"
#include "pipeline/source_state.h" /* made by the Makefile */
#include "site/markdown.h"
#include <cjson/cJSON.h>
#include <unistd.h>
#include <zlib.h>

const char *version_commit(void)
{
    return SAEINV_COMMIT;
}

bool version_modified(void)
{
    return SAEINV_MODIFIED;
}

const char *version_compiler(void)
{
    return SAEINV_COMPILER;
}

const char *version_flags(void)
{
    return SAEINV_FLAGS;
}

record_library *version_libraries(int *n, arena *a)
{
    char pcre2[REGEX_VERSION_TEXT], c_library[64] = "unknown";
    confstr(_CS_GNU_LIBC_VERSION, c_library, sizeof c_library);
    const record_library all[] = {
        {"OpenBLAS", cpu_blas_version()}, {"libpng", png_file_version()},
        {"cmark", markdown_version()},    {"cJSON", cJSON_Version()},
        {"PCRE2", regex_version(pcre2)},  {"zlib", zlibVersion()},
        {"C library", c_library},
    };
    *n = (int)(sizeof all / sizeof *all);
    record_library *list = arena_push(a, (size_t)*n, sizeof *list);
    for (int i = 0; i < *n; i++)
        list[i] = (record_library){all[i].name, arena_strdup(a, all[i].version)};
    return list;
}
