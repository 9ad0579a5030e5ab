/* What the sub-commands share: one message for an option that cannot be taken. */
#include "pipeline/command.h"
#include "base/memory.h"
#include "base/str.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

err_code command_bad_option(const char *name, int result, char **argv, const struct option *options,
                            err *e)
{
    enum { MOST_OPTIONS = 64 };
    const char *typed = argv[optind - 1], *names[MOST_OPTIONS];
    if (result == ':')
        return err_set(e, E_USAGE, "%s: %s needs a value; see saeinv %s --help", name, typed, name);
    if (!optopt || strncmp(typed, "--", 2) == 0) {
        size_t n = 0;
        while (options[n].name && n < MOST_OPTIONS) {
            names[n] = options[n].name;
            n++;
        }
        return err_set(e, E_USAGE, "%s: no option %s; did you mean --%s? See saeinv %s --help",
                       name, typed, nearest_name(typed + strspn(typed, "-"), names, n), name);
    }
    return err_set(e, E_USAGE, "%s: no option -%c; see saeinv %s --help", name, optopt, name);
}

err_code command_number(long *out, const char *name, const char *option, const char *text,
                        long least, err *e)
{
    char *end;
    errno = 0;
    *out = strtol(text, &end, 10);
    if (end == text || *end || errno || *out < least)
        return err_set(e, E_USAGE, "%s: --%s %s: expected a whole number of at least %ld", name,
                       option, text, least);
    return OK;
}
