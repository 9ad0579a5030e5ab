/* The story of a run: an ordered table of stages, then the record, then the site. */
#ifndef PIPELINE_PIPELINE_H
#define PIPELINE_PIPELINE_H
#include "base/progress.h"
#include "pipeline/config.h"
#include "site/template.h"

typedef struct run_places {
    const char *out;         /* the report's directory */
    bool force;              /* replace what is there */
    const char *templates;   /* directory of templates; NULL: the built-in ones */
    const char *single_file; /* where the report is written as one HTML file too; NULL: nowhere */
} run_places;

/* Runs every stage and puts the finished report in the place of `out` in one rename: until then the
 * directory is as it was. E_USAGE when `out` holds something and force is off. After Ctrl-C
 * finished work stays in the cache (collect.cache_dir), so that the same call goes on from there.
 */
err_code pipeline_run(const run_config *c, const run_places *places, reporter *r, err *e);

/* Makes all pages of an existing report again from its data; also as one HTML file unless
 * `single_file` is NULL, which it names and sizes through the reporter. */
err_code pipeline_render(const char *dir, const char *templates, const char *single_file,
                         reporter *r, err *e);

#endif
