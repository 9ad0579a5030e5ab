/* Where the site's templates come from: a directory, or the program itself. */
#ifndef PIPELINE_TEMPLATES_H
#define PIPELINE_TEMPLATES_H
#include "base/io.h"
#include "site/template.h"

typedef struct loaded_templates {
    template_set set;
    mapping *maps; /* one per source */
    arena memory;
} loaded_templates;

/* dir NULL: the built-in templates. A file that the directory lacks is taken from the built-in
 * ones, so that one page can be changed alone. Owner: caller, templates_release(). */
err_code templates_load(loaded_templates *out, const char *dir, err *e);
void templates_release(loaded_templates *t);

#endif
