/* A small logic-less template language over JSON trees; templates/README.md is its manual.
 *
 *   {{path}}            the value, escaped for the language of the output
 *   {{`path`}}          the value as a code span (Markdown only)
 *   {{{path}}}          the value as it is
 *   {{#path}}..{{/path}}  for each entry of a list; once for an object, a non-empty text or true
 *   {{^path}}..{{/path}}  when the section above would show nothing
 *   {{>name}}           another template, with the values of this place
 *   {{!text}}           nothing
 *
 * A path is names joined by dots, or "." for the entry at hand; its first name is looked up from
 * the innermost section outward. A name found nowhere is an error, never silently empty. A line
 * that holds nothing but one section, comment or partial tag leaves no line behind. */
#ifndef SITE_TEMPLATE_H
#define SITE_TEMPLATE_H
#include "base/err.h"
#include "base/str.h"
#include <cjson/cJSON.h>

typedef struct template_source {
    const char *name; /* "feature.md" */
    const char *data; /* need not end in NUL */
    size_t size;
} template_source;

typedef struct template_set {
    const template_source *sources;
    int n;
} template_set;

typedef enum { TEMPLATE_MARKDOWN, TEMPLATE_HTML } template_language;

/* Appends template `name`, filled with `tree`. E_FORMAT names the template, the line and the key.
 */
err_code template_fill(str *out, const template_set *set, const char *name, const cJSON *tree,
                       template_language language, err *e);

/* The source called `name`; NULL when the set has none. Borrowed. */
const template_source *template_find(const template_set *set, const char *name);

#endif
