/* The story of a run: an ordered table of stages, then the record, then the site. */
#ifndef PIPELINE_PIPELINE_H
#define PIPELINE_PIPELINE_H
#include "base/progress.h"
#include "pipeline/config.h"
#include "site/template.h"

typedef struct run_places {
    const char *out;       /* the report's directory */
    bool force;            /* replace what is there */
    const char *templates; /* directory of templates; NULL: the built-in ones */
    const char *values;    /* of a rendering: where the values of the templates go; NULL: nowhere */
    const char *single_file; /* where the report is written as one HTML file too; NULL: nowhere */
} run_places;

/* Runs every stage and puts the finished report in the place of `out` in one rename: until then the
 * directory is as it was. E_USAGE when `out` holds something and force is off. After Ctrl-C
 * finished work stays in the cache (collect.cache_dir), so that the same call goes on from there.
 */
err_code pipeline_run(const run_config *c, const run_places *places, reporter *r, err *e);

/* Makes all pages of the report in `dir` again from its data, whole or not at all: in its own
 * place, or with places->out a second report, for which `force` is as above. The single file's name
 * and size are told through the reporter. */
err_code pipeline_render(const char *dir, const run_places *places, reporter *r, err *e);

#endif
