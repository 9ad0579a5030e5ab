/* The way from one folder to another, for links. */
#ifndef COMPARE_RELATIVE_H
#define COMPARE_RELATIVE_H
#include "base/arena.h"
#include "base/err.h"

/* *out: how `to` is reached from inside the folder `from`, as "../one"; memory from `a`. Both must
 * exist; E_IO otherwise. */
err_code relative_path(const char **out, const char *from, const char *to, arena *a, err *e);

#endif
