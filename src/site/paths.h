/* The tree of suffixes on a feature's page. */
#ifndef SITE_PATHS_H
#define SITE_PATHS_H
#include "site/page.h"

/* The block `paths`, a drawing in HTML and a nested list in Markdown, and `paths_share`, the share
 * of active tokens that lie on one of the paths. Without paths it draws nothing and returns false.
 */
bool put_paths(page *p, const record_target *t);

#endif
