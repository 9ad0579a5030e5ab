/* Tags of our own pages: strict rather than forgiving. */
#ifndef SITE_SINGLE_TAG_H
#define SITE_SINGLE_TAG_H
#include "base/arena.h"
#include "base/err.h"
#include <stdbool.h>

typedef struct attribute {
    const char *name, *value; /* as they stand between the quotes; value NULL: none */
} attribute;

typedef struct tag {
    const char *name;
    attribute attributes[24];
    int n;
    bool closes_itself;
} tag;

/* Reads the tag whose name starts at *at; *at moves behind its ">". Texts are copied into `a`.
 * E_FORMAT names `path`. */
err_code single_tag_read(tag *t, const char **at, arena *a, const char *path, err *e);

/* NULL: it has no such attribute. */
const char *single_tag_value(const tag *t, const char *name);

#endif
