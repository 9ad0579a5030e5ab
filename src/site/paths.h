/* The tree of suffixes on a feature's page. */
#ifndef SITE_PATHS_H
#define SITE_PATHS_H
#include "site/page.h"

/* The block `paths`, a drawing with files in HTML and a nested list in Markdown, and `paths_share`,
 * the share of active tokens that lie on one of the paths. Nothing is drawn without paths. */
err_code put_paths(page *p, const record_target *t, bool *drawn, err *e);

#endif
