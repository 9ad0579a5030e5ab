/* Environment variables; an empty one counts as unset. */
#ifndef HUB_ENVIRONMENT_H
#define HUB_ENVIRONMENT_H
#include "base/arena.h"
#include "base/err.h"

/* NULL when unset. */
const char *environment_text(const char *name);
/* The same with a leading "~" replaced by the home directory. */
const char *environment_path(const char *name, arena *a);
/* HF_HOME, else XDG_CACHE_HOME/huggingface, else ~/.cache/huggingface. */
err_code environment_hub_home(const char **out, arena *a, err *e);

#endif
