/* A report's pages and figures, made from the record in its directory and the templates. */
#ifndef SITE_SITE_H
#define SITE_SITE_H
#include "base/err.h"
#include "site/template.h"

/* Reads DIR's record (run.json, data/, volatile/) and writes its index.html, README.md, features/,
 * clusters/, method.*, fig/, assets/ and volatile/index.*; finally MANIFEST.sha256. Same input,
 * same bytes. Call it after record_write and record_write_volatile, or alone to render again. E_IO,
 * E_FORMAT or E_SHAPE. */
err_code site_write(const char *dir, const template_set *templates, err *e);

/* The same into TO, a folder that is empty or not there, from the record in FROM, which stays as it
 * is; whatever else is in FROM is copied, volatile/ too. `values`: a folder, which is made, for the
 * values that each page's template can use, FOLDER-PAGE.json; NULL: they are not written. */
err_code site_render(const char *from, const char *to, const template_set *templates,
                     const char *values, err *e);

#endif
